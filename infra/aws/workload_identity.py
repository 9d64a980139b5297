"""One role for each workload: its permissions in AWS (EKS Pod Identity)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi import ResourceOptions

from infra.aws import iam
from infra.aws.roles import Roles


@dataclass(frozen=True, kw_only=True)
class WorkloadIdentityArgs:
    """`policy` (our own, JSON), `managed_policy` (the name of AWS's), or both."""

    roles: Roles
    cluster_name: pulumi.Input[str]
    namespace: str
    service_account: str
    policy: pulumi.Input[str] | None = None
    managed_policy: str | None = None
    # An EKS add-on creates the association itself.
    associate: bool = True


class WorkloadIdentity(pulumi.ComponentResource):
    """A role that only the pods of one service account can assume."""

    role_arn: pulumi.Output[str]
    # Credentials are injected when a pod is created, so the workload comes after these.
    ready: list[pulumi.Resource]

    def __init__(
        self, name: str, args: WorkloadIdentityArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("platform:identity:WorkloadIdentity", name, None, opts)
        if args.policy is None and args.managed_policy is None:
            raise ValueError(f"{name}: give policy or managed_policy")
        self._name, self._args, self._child = name, args, ResourceOptions(parent=self)

        role = self._create_role()
        self.role_arn = role.arn
        self.ready = list(self._grant(role))
        if args.associate:
            self.ready.append(self._associate(role))
        self.register_outputs({"roleArn": self.role_arn})

    def _create_role(self) -> aws.iam.Role:
        trust = pulumi.Output.from_input(self._args.cluster_name).apply(
            lambda cluster: iam.pod_identity_trust(
                cluster=cluster,
                namespace=self._args.namespace,
                service_account=self._args.service_account,
            )
        )
        return self._args.roles.create(
            f"{self._name}-role", trust=trust, display=self._name, opts=self._child
        )

    def _grant(self, role: aws.iam.Role) -> Iterator[pulumi.Resource]:
        name = f"{self._name}-policy"
        if self._args.managed_policy is not None:
            yield self._args.roles.attach(name, role, self._args.managed_policy, self._child)
        if self._args.policy is not None:
            yield aws.iam.RolePolicy(
                name, role=role.name, policy=self._args.policy, opts=self._child
            )

    def _associate(self, role: aws.iam.Role) -> aws.eks.PodIdentityAssociation:
        return aws.eks.PodIdentityAssociation(
            f"{self._name}-association",
            cluster_name=self._args.cluster_name,
            namespace=self._args.namespace,
            service_account=self._args.service_account,
            role_arn=role.arn,
            tags=self._args.roles.names.display(self._name),
            opts=self._child,
        )


def create_workload_roles(
    roles: Roles,
    cluster_name: pulumi.Input[str],
    namespace: str,
    policies: Mapping[str, pulumi.Input[str]],
    opts: ResourceOptions,
) -> list[pulumi.Resource]:
    """Create a role for each service account; return what must exist before their pods do."""
    ready: list[pulumi.Resource] = []
    for service_account, policy in policies.items():
        args = WorkloadIdentityArgs(
            roles=roles,
            cluster_name=cluster_name,
            namespace=namespace,
            service_account=service_account,
            policy=policy,
        )
        ready += WorkloadIdentity(service_account, args, opts).ready
    return ready
