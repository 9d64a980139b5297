"""The only entry from the internet: load balancer, listener and the backend's target group.

A TargetGroupBinding (infra/kubernetes/backend_release.py) adds and removes pods.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi import ResourceOptions

from infra.aws.log_store import LogStore
from infra.aws.security_groups import SecurityGroup
from infra.config.addressing import EVERYWHERE
from infra.config.options import LoadBalancerOptions
from infra.naming import SERVICE_PORT, Names

HTTP_PORT = 80
HEALTH_CHECK_PATH = "/ready"
HEALTH_CHECK_INTERVAL_SECONDS = 30
# A draining target gets no new requests, and this long for those in flight. It fits the chart's
# shutdown: a deleted pod still serves for preStopSeconds (15) during deregistration, then finishes
# its requests within gracefulSeconds (20), and ends after terminationGracePeriodSeconds (45).
DEREGISTRATION_DELAY_SECONDS = 30
# The backend must keep idle connections longer, or the load balancer reuses one that is closing.
IDLE_TIMEOUT_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class LoadBalancerArgs:
    names: Names
    vpc_id: pulumi.Input[str]
    # Public subnets, or private ones for an internal load balancer.
    subnet_ids: Sequence[pulumi.Input[str]]
    # Routes to the internet: AWS refuses an internet-facing load balancer without them.
    internet: Sequence[pulumi.Resource]
    options: LoadBalancerOptions
    # The bucket of the access logs; None without.
    access_logs: LogStore | None
    deletion_protection: bool


class LoadBalancer(pulumi.ComponentResource):
    """An Application Load Balancer, internet-facing or internal."""

    url: pulumi.Output[str]
    security_group_id: pulumi.Output[str]
    target_group_arn: pulumi.Output[str]
    # CloudWatch's names of both.
    metrics_name: pulumi.Output[str]
    target_group_metrics_name: pulumi.Output[str]
    # Pods become targets after these, because a target group without a listener is never checked.
    ready: list[pulumi.Resource]

    def __init__(
        self, name: str, args: LoadBalancerArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("platform:load_balancer:LoadBalancer", name, None, opts)
        self._name, self._args, self._child = name, args, ResourceOptions(parent=self)

        group = self._create_security_group()
        balancer = self._create_balancer(group)
        target_group = self._create_target_group()
        listener = self._create_listener(balancer, target_group)
        hidden = self._hide_metrics(listener)

        self.url = pulumi.Output.concat("http://", balancer.dns_name)
        self.security_group_id = group.id
        self.target_group_arn = target_group.arn
        self.metrics_name = balancer.arn_suffix
        self.target_group_metrics_name = target_group.arn_suffix
        self.ready = [listener, hidden]
        self.register_outputs({"url": self.url})

    def _create_security_group(self) -> SecurityGroup:
        group = SecurityGroup(
            self._name,
            names=self._args.names,
            vpc_id=self._args.vpc_id,
            description="Load balancer",
            opts=self._child,
        )
        for cidr in self._args.options.source_cidrs:
            everyone = cidr == EVERYWHERE
            # Named by its range: after a removal from the list, a rule by position would take the
            # range of the next one, which AWS refuses while that rule exists.
            group.admit(
                "http-from-internet" if everyone else f"http-from-{str(cidr).replace('/', '-')}",
                source=cidr,
                port=HTTP_PORT,
                description="HTTP from the internet" if everyone else "HTTP from a source",
            )
        group.let_out(description="Requests and health checks to pods")
        return group

    def _create_balancer(self, group: SecurityGroup) -> aws.lb.LoadBalancer:
        store = self._args.access_logs
        return aws.lb.LoadBalancer(
            f"{self._name}-alb",
            load_balancer_type="application",
            internal=self._args.options.internal,
            subnets=self._args.subnet_ids,
            security_groups=[group.id],
            drop_invalid_header_fields=True,
            idle_timeout=IDLE_TIMEOUT_SECONDS,
            # Always given: the provider takes a missing block for no change, and would write on.
            access_logs=aws.lb.LoadBalancerAccessLogsArgs(
                bucket=store.bucket if store else "", enabled=store is not None
            ),
            enable_deletion_protection=self._args.deletion_protection,
            tags=self._args.names.display("load-balancer"),
            # AWS writes a test object into the bucket, so its policy must be there.
            opts=ResourceOptions(
                parent=self,
                depends_on=[*self._args.internet, *(store.ready if store else [])],
            ),
        )

    def _create_target_group(self) -> aws.lb.TargetGroup:
        return aws.lb.TargetGroup(
            f"{self._name}-backend",
            vpc_id=self._args.vpc_id,
            target_type="ip",
            protocol="HTTP",
            port=SERVICE_PORT,
            deregistration_delay=DEREGISTRATION_DELAY_SECONDS,
            health_check=aws.lb.TargetGroupHealthCheckArgs(
                protocol="HTTP",
                path=HEALTH_CHECK_PATH,
                matcher="200",
                interval=HEALTH_CHECK_INTERVAL_SECONDS,
                timeout=5,
                healthy_threshold=2,
                unhealthy_threshold=2,
            ),
            tags=self._args.names.display("backend"),
            opts=self._child,
        )

    def _create_listener(
        self, balancer: aws.lb.LoadBalancer, target_group: aws.lb.TargetGroup
    ) -> aws.lb.Listener:
        return aws.lb.Listener(
            f"{self._name}-http",
            load_balancer_arn=balancer.arn,
            protocol="HTTP",
            port=HTTP_PORT,
            default_actions=[
                aws.lb.ListenerDefaultActionArgs(type="forward", target_group_arn=target_group.arn)
            ],
            tags=self._args.names.display("http"),
            # Another load balancer takes the target group over: AWS refuses two at a time.
            opts=ResourceOptions(parent=self, delete_before_replace=True),
        )

    def _hide_metrics(self, listener: aws.lb.Listener) -> aws.lb.ListenerRule:
        """Answer 404 from outside, because Prometheus scrapes pods directly."""
        return aws.lb.ListenerRule(
            f"{self._name}-hide-metrics",
            listener_arn=listener.arn,
            priority=1,
            conditions=[
                aws.lb.ListenerRuleConditionArgs(
                    path_pattern=aws.lb.ListenerRuleConditionPathPatternArgs(
                        values=["/metrics", "/metrics/*"]
                    )
                )
            ],
            actions=[
                aws.lb.ListenerRuleActionArgs(
                    type="fixed-response",
                    fixed_response=aws.lb.ListenerRuleActionFixedResponseArgs(
                        status_code="404", content_type="text/plain", message_body="Not Found"
                    ),
                )
            ],
            tags=self._args.names.display("hide-metrics"),
            opts=self._child,
        )
