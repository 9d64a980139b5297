"""Who may open a connection to what in the namespace `monitoring`: the arrows of the wiring. Pure.

These services ask for no login, so that who reaches one may use it. Probes come from the pod's own
node and `kubectl port-forward` from inside the pod: both pass whatever is said here. node-exporter
is in no policy's reach: it has its node's network.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from types import MappingProxyType

from infra import naming
from infra.config.observability import ObservabilityOptions
from infra.monitoring.catalog_scrape import POD_LABELS
from infra.monitoring.data_sources import JAEGER_QUERY_PORT, LOKI_PORT

PROMETHEUS, ALERTMANAGER, GRAFANA = "prometheus", "alertmanager", "grafana"
OPERATOR, KUBE_STATE_METRICS = "operator", "kube-state-metrics"
LOKI, ALLOY, JAEGER, OPENCOST = "loki", "alloy", "jaeger", "opencost"
# Pods of the namespace `observability`, and the control plane's interfaces in our subnets.
BACKEND, CONTROL_PLANE = "backend", "control plane"


def _of_release(name: str, release: str) -> Mapping[str, str]:
    return {"app.kubernetes.io/name": name, "app.kubernetes.io/instance": release}


# Of the pods of each, and of no others.
POD_LABELS_OF: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        PROMETHEUS: POD_LABELS,
        ALERTMANAGER: {
            "app.kubernetes.io/name": "alertmanager",
            "alertmanager": naming.PROMETHEUS_RELEASE,
        },
        GRAFANA: _of_release("grafana", naming.PROMETHEUS_RELEASE),
        OPERATOR: {
            "app": "kube-prometheus-stack-operator",
            "release": naming.PROMETHEUS_RELEASE,
        },
        KUBE_STATE_METRICS: _of_release("kube-state-metrics", naming.PROMETHEUS_RELEASE),
        LOKI: _of_release(naming.LOKI, naming.LOKI),
        ALLOY: _of_release("alloy", "alloy"),
        JAEGER: _of_release(naming.JAEGER, naming.JAEGER),
        OPENCOST: _of_release("opencost", "opencost"),
    }
)


@dataclass(frozen=True)
class Arrow:
    """TCP, to this port of the pods."""

    source: str
    target: str
    port: int


RELOADER_PORT = 8080  # beside Prometheus and beside Alertmanager
ARROWS = (
    # Scrapes; Prometheus and its reloader scrape themselves, too.
    Arrow(PROMETHEUS, PROMETHEUS, 9090),
    Arrow(PROMETHEUS, PROMETHEUS, RELOADER_PORT),
    Arrow(PROMETHEUS, ALERTMANAGER, RELOADER_PORT),
    Arrow(PROMETHEUS, GRAFANA, 3000),
    Arrow(PROMETHEUS, OPERATOR, 10250),
    Arrow(PROMETHEUS, KUBE_STATE_METRICS, 8080),
    Arrow(PROMETHEUS, LOKI, LOKI_PORT),
    Arrow(PROMETHEUS, ALLOY, 12345),
    Arrow(PROMETHEUS, JAEGER, 8888),
    Arrow(PROMETHEUS, OPENCOST, 9003),
    # Alerts, and scrapes.
    Arrow(PROMETHEUS, ALERTMANAGER, 9093),
    # Data sources.
    Arrow(GRAFANA, PROMETHEUS, 9090),
    Arrow(GRAFANA, ALERTMANAGER, 9093),
    Arrow(GRAFANA, LOKI, LOKI_PORT),
    Arrow(GRAFANA, JAEGER, JAEGER_QUERY_PORT),
    # Cost.
    Arrow(OPENCOST, PROMETHEUS, 9090),
    # Logs.
    Arrow(ALLOY, LOKI, LOKI_PORT),
    # Loki finds itself by a Service: its ring, and its own queries.
    Arrow(LOKI, LOKI, 7946),
    Arrow(LOKI, LOKI, 9095),
    # Traces.
    Arrow(BACKEND, JAEGER, naming.OTLP_HTTP_PORT),
    # Rules are checked before they are stored.
    Arrow(CONTROL_PLANE, OPERATOR, 10250),
)


@dataclass(frozen=True)
class Opening:
    """What one policy lets in: from these sources to these ports of the pods of `target`."""

    target: str
    sources: Mapping[str, Sequence[int]]


def openings(options: ObservabilityOptions) -> list[Opening]:
    """Return one for each workload that is installed, with the sources that are."""
    there = _installed(options)
    return [
        Opening(target, _ports_by_source(target, there | {BACKEND, CONTROL_PLANE}))
        for target in POD_LABELS_OF
        if target in there
    ]


def peer(source: str, vpc: IPv4Network) -> Mapping[str, object]:
    """Return a NetworkPolicyPeer, with the API's own names.

    The control plane has addresses beside those of pods: it is let in where TLS is spoken.
    """
    if source == CONTROL_PLANE:
        return {"ipBlock": {"cidr": str(vpc)}}
    if source == BACKEND:
        labels = {"kubernetes.io/metadata.name": naming.NAMESPACE}
        return {"namespaceSelector": {"matchLabels": labels}}
    return {"podSelector": {"matchLabels": dict(POD_LABELS_OF[source])}}


def _installed(options: ObservabilityOptions) -> set[str]:
    stack = {PROMETHEUS, ALERTMANAGER, GRAFANA, OPERATOR, KUBE_STATE_METRICS}
    metrics = options.metrics.enabled
    return {
        *(stack if metrics else ()),
        *({OPENCOST} if metrics and options.cost.enabled else ()),
        *({LOKI, ALLOY} if options.logs.enabled else ()),
        *({JAEGER} if options.traces.enabled else ()),
    }


def _ports_by_source(target: str, there: set[str]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for arrow in ARROWS:
        if arrow.target == target and arrow.source in there:
            found.setdefault(arrow.source, []).append(arrow.port)
    return found
