"""Checks the monitoring stack's options, and whether all pods fit the nodes."""

from collections.abc import Iterator
from itertools import chain

from infra import naming, versions
from infra.config.findings import Finding, error, warning
from infra.config.instance_types import instance_types
from infra.config.observability import (
    DirectReceiver,
    GrafanaAccess,
    NotificationOptions,
    ObservabilityOptions,
)
from infra.config.options import Options
from infra.validation import pod_requests

# The rest is a reserve: for a second version side by side, a debug pod, a burst.
MOST_SHARE = 0.85
# Of charts/backend/files/rules/objectives.yaml.
LONGEST_WINDOW_DAYS = 3
# Which fields each receiver needs; the others must be empty.
NEEDED = {
    DirectReceiver.SNS: set[str](),
    DirectReceiver.SLACK: {"url", "channel"},
    DirectReceiver.WEBHOOK: {"url"},
    DirectReceiver.EMAIL: {"emails", "smarthost", "sender"},
    DirectReceiver.NONE: set[str](),
}
ALLOWED = {
    DirectReceiver.SNS: {"emails"},
    DirectReceiver.EMAIL: {"username", "password"},
}


def validate_observability(options: Options) -> Iterator[Finding]:
    """Check the group `observability`, and whether all pods fit the nodes."""
    chosen = options.observability
    if chosen.enabled:
        yield from chain(
            _check_storage(chosen),
            _check_versions(chosen),
            _check_cost(chosen),
            _check_database_metrics(chosen),
            _check_retention(chosen),
            _check_grafana(chosen),
            _check_notifications(chosen),
        )
    known = [kind for group in options.nodes.groups.values() for kind in group.instance_types]
    if all(kind in instance_types() for kind in known):
        yield from _check_capacity(options)


def _check_storage(chosen: ObservabilityOptions) -> Iterator[Finding]:
    if chosen.storage_class != naming.STORAGE_CLASS:
        yield error(
            "observability.storageClass",
            f"the StorageClass {chosen.storage_class!r} does not exist: volumes would stay pending",
            f"Use {naming.STORAGE_CLASS}, which the program creates, or add the class to"
            " infra/kubernetes/addons.py",
        )


def _check_versions(chosen: ObservabilityOptions) -> Iterator[Finding]:
    setting, version = "observability.traces.version", chosen.traces.version
    if not chosen.traces.enabled:
        return
    numbers = version.split(".")
    if len(numbers) != len(["x", "y", "z"]) or not all(n.isdecimal() for n in numbers):
        yield error(setting, f"{version!r} is not a version x.y.z", f'Use "{versions.JAEGER}"')
        return
    parsed = tuple(map(int, numbers))
    if parsed[0] != versions.JAEGER_MAJOR:
        yield error(
            setting,
            f"the chart runs Jaeger {versions.JAEGER_MAJOR}, not {version}",
            f'Use "{versions.JAEGER}"',
        )
    elif parsed >= versions.JAEGER_WITHOUT_SEARCH and chosen.metrics.enabled:
        yield error(
            setting,
            f"Grafana {versions.GRAFANA} cannot search in Jaeger {version}: upstream removed"
            " /api/services and /api/traces after 2.20",
            f'Use "{versions.JAEGER}", or 2.20.x at most',
        )


def _check_cost(chosen: ObservabilityOptions) -> Iterator[Finding]:
    if chosen.cost.enabled and not chosen.metrics.enabled:
        yield error(
            "observability.cost.enabled",
            "OpenCost needs Prometheus, but observability.metrics.enabled is false",
            "Enable metrics, or disable cost",
        )

    if chosen.cost.enabled and chosen.cost.monthly_budget_usd is None:
        yield warning(
            "observability.cost.monthlyBudgetUsd",
            "is missing: the cost of the cluster is shown, but no alert fires when it rises",
            "Set the US dollars that nodes, volumes and the control plane may cost in a month",
        )
    if chosen.cost.monthly_budget_usd is not None and not chosen.cost.enabled:
        yield warning(
            "observability.cost.monthlyBudgetUsd",
            f"{chosen.cost.monthly_budget_usd} has no effect while"
            " observability.cost.enabled is false",
            "Enable cost, or remove the budget",
        )


def _check_database_metrics(chosen: ObservabilityOptions) -> Iterator[Finding]:
    if chosen.metrics.enabled and not chosen.metrics.database_exporter:
        outside = (
            "only CloudWatch's alarms do" if chosen.alarms else "CloudWatch's alarms are off, too"
        )
        yield warning(
            "observability.metrics.databaseExporter",
            "false: no alert watches the database's connections, space, locks and transactions;"
            f" {outside}",
            "Set it to true, or monitor the database in another way",
        )


def _check_retention(chosen: ObservabilityOptions) -> Iterator[Finding]:
    if chosen.metrics.enabled and chosen.metrics.retention_days <= LONGEST_WINDOW_DAYS:
        yield warning(
            "observability.metrics.retentionDays",
            f"metrics are kept for {chosen.metrics.retention_days} days, but the slowest alerts on"
            f" objectives look back {LONGEST_WINDOW_DAYS} days",
            f"Keep {LONGEST_WINDOW_DAYS + 1} days or more",
        )


def _check_grafana(chosen: ObservabilityOptions) -> Iterator[Finding]:
    if chosen.grafana.access is GrafanaAccess.LOAD_BALANCER:
        yield error(
            "observability.grafana.access",
            "the load balancer has no certificate: Grafana's password and sessions would cross the"
            " internet unencrypted",
            "Use port-forward (`pulumi stack output grafana` prints the command) until a domain"
            " gives the load balancer TLS",
        )


def _check_notifications(chosen: ObservabilityOptions) -> Iterator[Finding]:
    if not chosen.metrics.enabled:
        return
    group, options = "observability.notifications", chosen.notifications
    given = _given(options)
    needed = NEEDED[options.receiver]
    for name in sorted(needed - given):
        yield error(f"{group}.{name}", f"is empty, but {options.receiver} needs it", "Set it")
    for name in sorted(given - needed - ALLOWED.get(options.receiver, set())):
        yield error(
            f"{group}.{name}",
            f"is set, but {options.receiver} does not use it",
            f"Remove it, or choose another {group}.receiver",
        )
    if options.username and options.password is None:
        yield error(
            f"{group}.password",
            f"is empty, but {options.username!r} needs one",
            f"`pulumi config set --secret --path observability-platform:{group}.password`",
        )
    if options.receiver is DirectReceiver.NONE:
        yield warning(
            f"{group}.receiver",
            "none: nobody is notified when the backend is down",
            "Choose sns, slack, webhook or email",
        )
    elif options.receiver is DirectReceiver.SNS and not options.emails:
        yield warning(
            f"{group}.emails",
            "is empty: nobody is subscribed to the topic, so nobody is notified when the backend is"
            " down",
            "Add addresses, or subscribe to the topic in another way",
        )


def _given(options: NotificationOptions) -> set[str]:
    fields = NotificationOptions.model_fields.keys() - {"receiver"}
    return {name for name in fields if getattr(options, name)}


def _check_capacity(options: Options) -> Iterator[Finding]:
    groups = options.nodes.groups.values()
    fewest = sum(group.min for group in groups if not group.keeps_others_away)
    available = pod_requests.supply(options.nodes)
    if not available.pods:
        return
    workloads = pod_requests.workloads(options, replicas=options.backend.replicas)
    requested = pod_requests.demand(workloads, nodes=fewest, rolling=True)
    shares = requested.share_of(available)
    resource = max(shares, key=lambda name: shares[name])
    if shares[resource] <= MOST_SHARE:
        return
    severity = error if shares[resource] > 1 else warning
    yield severity(
        "nodes.groups",
        f"during a rollout, {requested.pods} pods request {requested.cpu}m CPU and"
        f" {requested.memory} MiB of memory; {fewest} nodes offer {available.cpu}m,"
        f" {available.memory} MiB and {available.pods} pods. That is {shares[resource]:.0%} of the"
        f" {resource}; {MOST_SHARE:.0%} is safe",
        "Use more or larger nodes, lower observability.metrics.memoryMb or backend.replicas, or"
        " disable parts of observability",
    )
