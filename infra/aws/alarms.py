"""CloudWatch alarms: they notify people when the cluster cannot.

Prometheus, Alertmanager and the backend are silent when the cluster is gone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi import ResourceOptions

from infra.config.database_capacity import DatabaseClass
from infra.naming import Names

MINUTE = 60
GIB = 1024**3
# RDS grows the storage when a tenth is left. If less is left for longer, the ceiling is reached.
LEAST_FREE_STORAGE = 0.1
# Share of the nominal memory; below it, RDS begins to swap.
LEAST_FREE_MEMORY = 0.05
# The critical threshold of infra/monitoring/rules/database.yaml. This alarm also works when the
# exporter gets no connection.
MOST_CONNECTIONS = 0.9
# Share of the credits that a burstable class keeps.
LEAST_CREDITS = 0.1


@dataclass(frozen=True, kw_only=True)
class AlarmsArgs:
    names: Names
    topic_arn: pulumi.Input[str]
    # CloudWatch's names: the last part of the ARNs.
    load_balancer: pulumi.Input[str]
    target_group: pulumi.Input[str]
    database: pulumi.Input[str]
    # The class and the storage that run.
    database_class: DatabaseClass
    database_storage_gb: int
    # The watched resources: alarms are created after them and deleted before them.
    after: Sequence[pulumi.Resource]


@dataclass(frozen=True, kw_only=True)
class _Alarm:
    role: str
    description: str
    namespace: str
    metric: str
    dimensions: dict[str, pulumi.Input[str]]
    comparison: str
    threshold: float
    statistic: str
    minutes: int
    # The meaning of missing data.
    missing: str
    # CloudWatch's interval between values.
    period_minutes: int = 1


class Alarms(pulumi.ComponentResource):
    """Alarms on the load balancer's targets, and on the database where only AWS sees it."""

    def __init__(self, name: str, args: AlarmsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("platform:alarms:Alarms", name, None, opts)
        self._name, self._args = name, args
        for alarm in (
            self._no_healthy_target(),
            self._unhealthy_target(),
            self._no_space(),
            self._no_memory(),
            self._no_connections(),
            *self._no_credits(),
        ):
            self._create(alarm)
        self.register_outputs({})

    def _no_healthy_target(self) -> _Alarm:
        return _Alarm(
            role="no-healthy-target",
            description="No pod of the backend is healthy: the platform takes no alerts."
            " See docs/runbooks/BackendDown.md.",
            namespace="AWS/ApplicationELB",
            metric="HealthyHostCount",
            dimensions=self._target_group(),
            comparison="LessThanThreshold",
            threshold=1,
            # Each zone counts on its own, and one may have no pod.
            statistic="Maximum",
            minutes=3,
            # A target group without targets reports nothing at all.
            missing="breaching",
        )

    def _unhealthy_target(self) -> _Alarm:
        return _Alarm(
            role="unhealthy-target",
            description="A pod of the backend has been unhealthy for ten minutes.",
            namespace="AWS/ApplicationELB",
            metric="UnHealthyHostCount",
            dimensions=self._target_group(),
            comparison="GreaterThanThreshold",
            threshold=0,
            statistic="Maximum",
            minutes=10,
            missing="notBreaching",
        )

    def _no_space(self) -> _Alarm:
        free = int(self._args.database_storage_gb * LEAST_FREE_STORAGE * GIB)
        return _Alarm(
            role="database-space",
            description="Less than a tenth of the database's original storage is free, and it did"
            " not grow. A full disk stops all writes. Raise database.storageCeilingGb.",
            namespace="AWS/RDS",
            metric="FreeStorageSpace",
            dimensions=self._database(),
            comparison="LessThanThreshold",
            threshold=free,
            statistic="Minimum",
            minutes=30,
            missing="missing",
        )

    def _no_memory(self) -> _Alarm:
        memory = self._args.database_class.memory_gib * GIB
        return _Alarm(
            role="database-memory",
            description="Less than a twentieth of the database's memory is free. It will swap and"
            " then restart. Choose a larger database.instanceClass.",
            namespace="AWS/RDS",
            metric="FreeableMemory",
            dimensions=self._database(),
            comparison="LessThanThreshold",
            threshold=int(memory * LEAST_FREE_MEMORY),
            statistic="Average",
            minutes=15,
            missing="missing",
        )

    def _no_connections(self) -> _Alarm:
        most = self._args.database_class.max_connections
        return _Alarm(
            role="database-connections",
            description="More than nine tenths of the database's connections are in use. See"
            " docs/runbooks/DatabaseConnectionsHigh.md.",
            namespace="AWS/RDS",
            metric="DatabaseConnections",
            dimensions=self._database(),
            comparison="GreaterThanThreshold",
            threshold=int(most * MOST_CONNECTIONS),
            statistic="Maximum",
            minutes=5,
            missing="missing",
        )

    def _no_credits(self) -> list[_Alarm]:
        """Return the alarm for a burstable class without credits: more CPU is billed."""
        credits_kept = self._args.database_class.credits_kept
        if credits_kept is None:
            return []
        alarm = _Alarm(
            role="database-credits",
            description="The database has used nine tenths of its CPU credits. AWS bills CPU above"
            " the baseline by the hour. Choose a larger database.instanceClass, or look for slow"
            " statements.",
            namespace="AWS/RDS",
            metric="CPUCreditBalance",
            dimensions=self._database(),
            comparison="LessThanThreshold",
            threshold=int(credits_kept * LEAST_CREDITS),
            statistic="Minimum",
            # A new instance begins with none, and has earned this many after two and a half hours.
            minutes=240,
            period_minutes=5,
            missing="missing",
        )
        return [alarm]

    def _database(self) -> dict[str, pulumi.Input[str]]:
        return {"DBInstanceIdentifier": self._args.database}

    def _target_group(self) -> dict[str, pulumi.Input[str]]:
        return {
            "LoadBalancer": self._args.load_balancer,
            "TargetGroup": self._args.target_group,
        }

    def _create(self, alarm: _Alarm) -> None:
        aws.cloudwatch.MetricAlarm(
            f"{self._name}-{alarm.role}",
            alarm_description=alarm.description,
            namespace=alarm.namespace,
            metric_name=alarm.metric,
            dimensions=alarm.dimensions,
            comparison_operator=alarm.comparison,
            threshold=alarm.threshold,
            statistic=alarm.statistic,
            period=alarm.period_minutes * MINUTE,
            evaluation_periods=alarm.minutes // alarm.period_minutes,
            treat_missing_data=alarm.missing,
            alarm_actions=[self._args.topic_arn],
            ok_actions=[self._args.topic_arn],
            tags=self._args.names.display(alarm.role),
            opts=ResourceOptions(parent=self, depends_on=list(self._args.after)),
        )
