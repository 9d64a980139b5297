"""Records of the connections in the VPC, to CloudWatch Logs or to a bucket."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi import ResourceOptions

from infra.aws import iam
from infra.aws.log_store import LogStore
from infra.aws.roles import Roles
from infra.config.network import FlowLogOptions, FlowLogTraffic

TRAFFIC = {
    FlowLogTraffic.ALL: "ALL",
    FlowLogTraffic.REJECTED: "REJECT",
    FlowLogTraffic.ACCEPTED: "ACCEPT",
}


@dataclass(frozen=True, kw_only=True)
class FlowLogsArgs:
    roles: Roles
    vpc_id: pulumi.Input[str]
    options: FlowLogOptions
    # The destination; None for a log group, which is made here.
    store: LogStore | None


class FlowLogs(pulumi.ComponentResource):
    """One flow log of the whole VPC."""

    def __init__(self, name: str, args: FlowLogsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("platform:flow_logs:FlowLogs", name, None, opts)
        self._name, self._args, self._child = name, args, ResourceOptions(parent=self)
        if args.store:
            self._create("s3", args.store.arn, after=args.store.ready)
        else:
            group = self._create_group()
            role, policy = self._create_role(group)
            self._create("cloud-watch-logs", group.arn, role=role.arn, after=[policy])
        self.register_outputs({})

    def _create_group(self) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            f"{self._name}-group",
            name=self._args.roles.names.flow_log_group,
            retention_in_days=self._args.options.retention_days,
            tags=self._args.roles.names.display("flow-logs"),
            opts=self._child,
        )

    def _create_role(
        self, group: aws.cloudwatch.LogGroup
    ) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
        roles = self._args.roles
        role = roles.create(
            f"{self._name}-role",
            trust=iam.service_trust(roles.partition.service("vpc-flow-logs")),
            display="flow-logs",
            opts=self._child,
        )
        policy = aws.iam.RolePolicy(
            f"{self._name}-policy",
            role=role.name,
            policy=group.arn.apply(iam.write_log_group),
            opts=self._child,
        )
        return role, policy

    def _create(
        self,
        kind: str,
        destination: pulumi.Input[str],
        *,
        after: Sequence[pulumi.Resource],
        role: pulumi.Input[str] | None = None,
    ) -> None:
        aws.ec2.FlowLog(
            f"{self._name}-log",
            vpc_id=self._args.vpc_id,
            traffic_type=TRAFFIC[self._args.options.traffic],
            log_destination_type=kind,
            log_destination=destination,
            iam_role_arn=role,
            tags=self._args.roles.names.display("flow-logs"),
            opts=ResourceOptions(parent=self, depends_on=list(after)),
        )
