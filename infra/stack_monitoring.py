"""The monitoring part of the stack: topic, alarms, log store, identities, and the charts."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi import ResourceOptions

from infra import naming
from infra.aws import iam
from infra.aws.alarms import Alarms, AlarmsArgs
from infra.aws.cluster import Cluster
from infra.aws.database import Database
from infra.aws.load_balancer import LoadBalancer
from infra.aws.log_store import LogStore, LogStoreArgs
from infra.aws.managed_addons import ManagedAddons
from infra.aws.network import Place
from infra.aws.nodes import Nodes
from infra.aws.notifications import Notifications, NotificationsArgs
from infra.aws.workload_identity import create_workload_roles
from infra.config.database_capacity import database_classes
from infra.config.observability import DirectReceiver
from infra.kubernetes.addons import Addons
from infra.kubernetes.backend_release import Monitoring
from infra.monitoring.dashboard_texts import OVERVIEW, boards, with_console
from infra.monitoring.dashboards import Dashboards, DashboardsArgs
from infra.monitoring.platform_rules import rule_groups
from infra.monitoring.stack import Observability, ObservabilityArgs
from infra.settings import Settings
from infra.third_party import alertmanager, grafana, jaeger, loki


@dataclass(frozen=True, kw_only=True)
class Components:
    """The components that the monitoring stack builds on."""

    network: Place
    cluster: Cluster
    nodes: Nodes
    managed: ManagedAddons
    addons: Addons


def add_observability(
    settings: Settings,
    in_aws: ResourceOptions,
    in_cluster: ResourceOptions,
    components: Components,
    topic: pulumi.Output[str] | None,
    console: pulumi.Output[str],
) -> Monitoring | None:
    """Declare the monitoring stack; return what the backend must know of it, None if disabled.

    `console` is the backend's address, which the dashboards link to.
    """
    options = settings.options.observability
    if not options.enabled:
        return None
    store = _log_store(settings, in_aws)
    identities = _identities(settings, in_aws, components.cluster, topic, store)
    args = ObservabilityArgs(
        options=options,
        secret_versions=settings.options.secret_versions,
        cluster=settings.names.cluster,
        region=settings.options.region,
        rule_groups=rule_groups(settings.options),
        topic_arn=topic,
        bucket=store.bucket if store else None,
        ranges=components.network.ranges,
        chart_directory=settings.options.addons.chart_directory,
        after=[
            *components.nodes.ready,
            *components.managed.ready,
            components.managed.storage,
            components.addons.storage_class,
            *(store.ready if store else []),
            *identities,
        ],
    )
    stack = Observability("observability", args, in_cluster)
    if options.metrics.enabled:
        _add_dashboards(settings, in_cluster, console, after=stack.definitions)
        _export()
    return Monitoring(
        definitions=stack.definitions,
        metrics=options.metrics.enabled,
        database_metrics=options.database_metrics,
        otlp_endpoint=_otlp_endpoint() if options.traces.enabled else "",
        tokens=stack.tokens,
    )


def add_topic(settings: Settings, in_aws: ResourceOptions) -> pulumi.Output[str] | None:
    """Create the topic if Alertmanager or an alarm publishes to it."""
    options = settings.options.observability
    notifications = options.notifications
    to_topic = options.metrics.enabled and notifications.receiver is DirectReceiver.SNS
    if not (options.enabled and (options.alarms or to_topic)):
        return None
    args = NotificationsArgs(names=settings.names, emails=notifications.emails)
    return Notifications("notifications", args, in_aws).topic_arn


def add_alarms(
    settings: Settings,
    in_aws: ResourceOptions,
    balancer: LoadBalancer,
    database: Database,
    topic: pulumi.Output[str] | None,
    after: Sequence[pulumi.Resource],
) -> None:
    """Create the alarms that watch the platform from outside, after everything else."""
    if topic is None or not settings.options.observability.alarms:
        return
    args = AlarmsArgs(
        names=settings.names,
        topic_arn=topic,
        load_balancer=balancer.metrics_name,
        target_group=balancer.target_group_metrics_name,
        database=database.identifier,
        database_class=database_classes()[database.instance_class],
        database_storage_gb=database.storage_gb,
        after=after,
    )
    Alarms("alarms", args, in_aws)


def _add_dashboards(
    settings: Settings,
    in_cluster: ResourceOptions,
    console: pulumi.Output[str],
    after: pulumi.Resource,
) -> None:
    found: dict[str, pulumi.Input[str]] = {**boards(settings.options.observability)}
    overview = str(found[OVERVIEW])
    found[OVERVIEW] = console.apply(lambda address: with_console(overview, address))
    Dashboards("dashboards", DashboardsArgs(boards=found, after=after), in_cluster)


def _log_store(settings: Settings, in_aws: ResourceOptions) -> LogStore | None:
    logs = settings.options.observability.logs
    if not (logs.enabled and logs.object_storage):
        return None
    args = LogStoreArgs(
        names=settings.names,
        deletion_protection=settings.options.deletion_protection,
        destroy_logs=settings.options.destroy_data,
    )
    return LogStore("log-store", args, in_aws)


def _identities(
    settings: Settings,
    in_aws: ResourceOptions,
    cluster: Cluster,
    topic: pulumi.Output[str] | None,
    store: LogStore | None,
) -> list[pulumi.Resource]:
    """Create the roles of Alertmanager and Loki; return what must exist before their pods do."""
    options = settings.options.observability
    policies: dict[str, pulumi.Output[str]] = {}
    publishes = options.notifications.receiver is DirectReceiver.SNS
    if topic is not None and options.metrics.enabled and publishes:
        policies[alertmanager.ACCOUNT] = topic.apply(iam.publish)
    if store is not None:
        policies[loki.NAME] = store.arn.apply(iam.keep_objects)
    return create_workload_roles(
        settings.roles, cluster.name, naming.MONITORING_NAMESPACE, policies, in_aws
    )


def _otlp_endpoint() -> str:
    return naming.service_url(jaeger.NAME, naming.MONITORING_NAMESPACE, jaeger.OTLP_HTTP_PORT)


def _export() -> None:
    """Export the commands that reach Grafana, without its password."""
    namespace = naming.MONITORING_NAMESPACE
    pulumi.export("grafana", f"kubectl -n {namespace} port-forward svc/{grafana.SERVICE} 3000:80")
    pulumi.export(
        "grafanaPassword",
        f"kubectl -n {namespace} get secret {grafana.SECRET}"
        f" -o jsonpath='{{.data.{grafana.PASSWORD_KEY}}}' | base64 -d",
    )
