"""The monitoring stack's options: what cannot work together, and what does not fit the nodes."""

from collections.abc import Iterator
from itertools import chain

from infra import naming, versions
from infra.config import capacity, pod_requests
from infra.config.findings import Finding, error, warning
from infra.config.observability import (
    DirectReceiver,
    GrafanaAccess,
    NotificationOptions,
    ObservabilityOptions,
)
from infra.config.options import Options

# The rest is for what nobody planned: a second version side by side, a debug pod, a burst.
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
    """Check the group `observability`, and whether everything fits the nodes."""
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
    if all(kind in capacity.INSTANCE_TYPES for kind in known):
        yield from _check_capacity(options)


def _check_storage(chosen: ObservabilityOptions) -> Iterator[Finding]:
    if chosen.storage_class != naming.STORAGE_CLASS:
        yield error(
            "observability.storageClass",
            f"there is no StorageClass {chosen.storage_class!r}: volumes would wait for ever",
            f"Use {naming.STORAGE_CLASS}, which the program makes, or make the class in"
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
            f"the chart runs Jaeger {versions.JAEGER_MAJOR}, and {version} is none",
            f'Use "{versions.JAEGER}"',
        )
    elif parsed >= versions.JAEGER_WITHOUT_SEARCH and chosen.metrics.enabled:
        yield error(
            setting,
            f"Jaeger {version} has no search that Grafana {versions.GRAFANA} can use: upstream"
            " removed /api/services and /api/traces after 2.20",
            f'Use "{versions.JAEGER}", or 2.20.x at most',
        )


def _check_cost(chosen: ObservabilityOptions) -> Iterator[Finding]:
    if chosen.cost.enabled and not chosen.metrics.enabled:
        yield error(
            "observability.cost.enabled",
            "OpenCost reads everything from Prometheus, and observability.metrics.enabled is false",
            "Switch metrics on, or cost off",
        )

    if chosen.cost.enabled and chosen.cost.monthly_budget_usd is None:
        yield warning(
            "observability.cost.monthlyBudgetUsd",
            "is left out: the cost of the cluster is shown, and no alert says when it rises",
            "Name the US dollars that nodes, volumes and the control plane may cost in a month",
        )
    if chosen.cost.monthly_budget_usd is not None and not chosen.cost.enabled:
        yield warning(
            "observability.cost.monthlyBudgetUsd",
            f"{chosen.cost.monthly_budget_usd} is compared with nothing:"
            " observability.cost.enabled is false",
            "Switch cost on, or leave it out",
        )


def _check_database_metrics(chosen: ObservabilityOptions) -> Iterator[Finding]:
    if chosen.metrics.enabled and not chosen.metrics.database_exporter:
        outside = "CloudWatch's alarms are left" if chosen.alarms else "CloudWatch's are off, too"
        yield warning(
            "observability.metrics.databaseExporter",
            "false: no alert looks at the database's connections, space, locks and transactions;"
            f" {outside}",
            "Leave it on, or watch the database otherwise",
        )


def _check_retention(chosen: ObservabilityOptions) -> Iterator[Finding]:
    if chosen.metrics.enabled and chosen.metrics.retention_days <= LONGEST_WINDOW_DAYS:
        yield warning(
            "observability.metrics.retentionDays",
            f"{chosen.metrics.retention_days} days of metrics, and the slowest alerts on objectives"
            f" look back {LONGEST_WINDOW_DAYS}",
            f"Keep {LONGEST_WINDOW_DAYS + 1} days or more",
        )


def _check_grafana(chosen: ObservabilityOptions) -> Iterator[Finding]:
    if chosen.grafana.access is GrafanaAccess.LOAD_BALANCER:
        yield error(
            "observability.grafana.access",
            "the load balancer has no certificate: Grafana's password and sessions would travel in"
            " clear over the internet",
            "Use port-forward (`pulumi stack output grafana` is the command) until a domain gives"
            " the load balancer TLS",
        )


def _check_notifications(chosen: ObservabilityOptions) -> Iterator[Finding]:
    if not chosen.metrics.enabled:
        return
    group, options = "observability.notifications", chosen.notifications
    given = _given(options)
    needed = NEEDED[options.receiver]
    for name in sorted(needed - given):
        yield error(f"{group}.{name}", f"is empty, and {options.receiver} needs it", "Set it")
    for name in sorted(given - needed - ALLOWED.get(options.receiver, set())):
        yield error(
            f"{group}.{name}",
            f"is set, and {options.receiver} does not use it",
            f"Remove it, or choose another {group}.receiver",
        )
    if options.username and options.password is None:
        yield error(
            f"{group}.password",
            f"is empty, and {options.username!r} needs one",
            f"`pulumi config set --secret --path observability-platform:{group}.password`",
        )
    if options.receiver is DirectReceiver.NONE:
        yield warning(
            f"{group}.receiver",
            "none: when the backend is down, Alertmanager wakes nobody",
            "Choose sns, slack, webhook or email",
        )
    elif options.receiver is DirectReceiver.SNS and not options.emails:
        yield warning(
            f"{group}.emails",
            "is empty: nobody is subscribed to the topic, so nobody is woken when the backend is"
            " down",
            "Name addresses, or subscribe to the topic otherwise",
        )


def _given(options: NotificationOptions) -> set[str]:
    fields = NotificationOptions.model_fields.keys() - {"receiver"}
    return {name for name in fields if getattr(options, name)}


def _check_capacity(options: Options) -> Iterator[Finding]:
    fewest = sum(group.min for group in options.nodes.groups.values())
    if not fewest:
        return
    there = pod_requests.supply(options.nodes)
    of = pod_requests.workloads(options, replicas=options.backend.replicas)
    asked = pod_requests.demand(of, nodes=fewest, rolling=True)
    shares = asked.share_of(there)
    resource = max(shares, key=lambda name: shares[name])
    if shares[resource] <= MOST_SHARE:
        return
    say = error if shares[resource] > 1 else warning
    yield say(
        "nodes.groups",
        f"while releases roll, pods ask for {asked.cpu}m CPU, {asked.memory} MiB of memory and"
        f" {asked.pods} places; {fewest} nodes have {there.cpu}m, {there.memory} MiB and"
        f" {there.pods}: {shares[resource]:.0%} of the {resource}, and {MOST_SHARE:.0%} is safe",
        "Take more or larger nodes, lower observability.metrics.memoryMb or backend.replicas, or"
        " switch parts of observability off",
    )
