"""The connections that the namespace `monitoring` allows. Pure.

These services ask for no login: whoever reaches one may use it. Probes come from the pod's own node
and `kubectl port-forward` from inside the pod, so no policy affects them. node-exporter uses its
node's network, which policies do not cover.
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


# Each workload's pods have these labels, and no other pods do.
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
class AllowedConnection:
    """A TCP connection from pods of `source` to this port of the pods of `target`."""

    source: str
    target: str
    port: int


RELOADER_PORT = 8080  # beside Prometheus and beside Alertmanager
ALLOWED_CONNECTIONS = (
    # Scrapes. Prometheus scrapes itself and its reloader, too.
    AllowedConnection(PROMETHEUS, PROMETHEUS, 9090),
    AllowedConnection(PROMETHEUS, PROMETHEUS, RELOADER_PORT),
    AllowedConnection(PROMETHEUS, ALERTMANAGER, RELOADER_PORT),
    AllowedConnection(PROMETHEUS, GRAFANA, 3000),
    AllowedConnection(PROMETHEUS, OPERATOR, 10250),
    AllowedConnection(PROMETHEUS, KUBE_STATE_METRICS, 8080),
    AllowedConnection(PROMETHEUS, LOKI, LOKI_PORT),
    AllowedConnection(PROMETHEUS, ALLOY, 12345),
    AllowedConnection(PROMETHEUS, JAEGER, 8888),
    AllowedConnection(PROMETHEUS, OPENCOST, 9003),
    # Alerts, and scrapes.
    AllowedConnection(PROMETHEUS, ALERTMANAGER, 9093),
    # Data sources.
    AllowedConnection(GRAFANA, PROMETHEUS, 9090),
    AllowedConnection(GRAFANA, ALERTMANAGER, 9093),
    AllowedConnection(GRAFANA, LOKI, LOKI_PORT),
    AllowedConnection(GRAFANA, JAEGER, JAEGER_QUERY_PORT),
    # Cost.
    AllowedConnection(OPENCOST, PROMETHEUS, 9090),
    # Logs.
    AllowedConnection(ALLOY, LOKI, LOKI_PORT),
    # Loki finds itself by a Service: its ring, and its own queries.
    AllowedConnection(LOKI, LOKI, 7946),
    AllowedConnection(LOKI, LOKI, 9095),
    # Traces.
    AllowedConnection(BACKEND, JAEGER, naming.OTLP_HTTP_PORT),
    # The operator's webhook checks rules before they are stored.
    AllowedConnection(CONTROL_PLANE, OPERATOR, 10250),
)


@dataclass(frozen=True)
class AllowedIngress:
    """What one policy allows: each source's ports on the pods of `target`."""

    target: str
    sources: Mapping[str, Sequence[int]]


def allowed_ingress(options: ObservabilityOptions) -> list[AllowedIngress]:
    """Return one for each installed workload, with its installed sources."""
    installed = _installed(options)
    return [
        AllowedIngress(target, _ports_by_source(target, installed | {BACKEND, CONTROL_PLANE}))
        for target in POD_LABELS_OF
        if target in installed
    ]


def peer(source: str, vpc: IPv4Network) -> Mapping[str, object]:
    """Return a NetworkPolicyPeer, with the API's own names.

    The control plane's addresses are not those of pods, so it is allowed by address.
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


def _ports_by_source(target: str, installed: set[str]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for connection in ALLOWED_CONNECTIONS:
        if connection.target == target and connection.source in installed:
            found.setdefault(connection.source, []).append(connection.port)
    return found
