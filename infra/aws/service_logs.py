"""What AWS's own services write down about the stack: connections and requests."""

from collections.abc import Callable
from functools import partial

import pulumi
import pulumi_aws as aws
from pulumi import ResourceOptions

from infra.aws import iam
from infra.aws.flow_logs import FlowLogs, FlowLogsArgs
from infra.aws.log_store import LogStore, LogStoreArgs
from infra.aws.roles import Roles
from infra.config.network import FlowLogDestination
from infra.config.options import Options


class ServiceLogs:
    """Nothing is made for what the options leave off."""

    def __init__(
        self, options: Options, roles: Roles, provider: aws.Provider, opts: ResourceOptions
    ) -> None:
        self._options, self._roles, self._provider, self._opts = options, roles, provider, opts

    def access_logs(self) -> LogStore | None:
        """Make the bucket for the load balancer's access logs."""
        options = self._options.load_balancer
        if not options.access_logs:
            return None
        policy = partial(
            iam.load_balancer_logs, account=self._account(), region=self._options.region
        )
        return self._store("access-logs", policy, options.access_log_days)

    def add_flow_logs(self, vpc_id: pulumi.Input[str]) -> None:
        options, store = self._options.network.flow_logs, None
        if options.destination is FlowLogDestination.NONE:
            return
        if options.destination is FlowLogDestination.S3:
            policy = partial(iam.flow_logs, account=self._account())
            store = self._store("flow-log-store", policy, options.retention_days)
        args = FlowLogsArgs(roles=self._roles, vpc_id=vpc_id, options=options, store=store)
        FlowLogs("flow-logs", args, self._opts)

    def _store(self, name: str, policy: Callable[[str], str], keep_days: int) -> LogStore:
        args = LogStoreArgs(
            names=self._roles.names,
            role=name,
            deletion_protection=self._options.deletion_protection,
            destroy_logs=self._options.destroy_data,
            policy=policy,
            keep_days=keep_days,
        )
        return LogStore(name, args, self._opts)

    def _account(self) -> str:
        opts = pulumi.InvokeOptions(provider=self._provider)
        return str(aws.get_caller_identity(opts=opts).account_id)
