"""The connections that the namespace `monitoring` allows. Pure.

These services ask for no login: whoever reaches one may use it. Probes come from the pod's own node
and `kubectl port-forward` from inside the pod, so no policy affects them. node-exporter uses its
node's network, which policies do not cover.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

from infra import naming
from infra.config.observability import ObservabilityOptions
from infra.third_party import alertmanager, grafana, jaeger, loki, opencost, prometheus
from infra.third_party.installed import installed

PROMETHEUS, ALERTMANAGER, GRAFANA = prometheus.NAME, alertmanager.NAME, grafana.NAME
OPERATOR, KUBE_STATE_METRICS = prometheus.OPERATOR.name, prometheus.KUBE_STATE_METRICS.name
LOKI, ALLOY, JAEGER, OPENCOST = loki.NAME, loki.ALLOY.name, jaeger.NAME, opencost.NAME
# Pods of the namespace `observability`, and the control plane's interfaces in our subnets.
BACKEND, CONTROL_PLANE = "backend", "control plane"
BACKEND_NAMESPACE = {"kubernetes.io/metadata.name": naming.NAMESPACE}


@dataclass(frozen=True)
class AllowedConnection:
    """A TCP connection from pods of `source` to this port of the pods of `target`."""

    source: str
    target: str
    port: int


ALLOWED_CONNECTIONS = (
    # Scrapes. Prometheus scrapes itself and its reloader, too.
    AllowedConnection(PROMETHEUS, PROMETHEUS, prometheus.PORT),
    AllowedConnection(PROMETHEUS, PROMETHEUS, prometheus.RELOADER_PORT),
    AllowedConnection(PROMETHEUS, ALERTMANAGER, prometheus.RELOADER_PORT),
    AllowedConnection(PROMETHEUS, GRAFANA, grafana.PORT),
    AllowedConnection(PROMETHEUS, OPERATOR, prometheus.OPERATOR_PORT),
    AllowedConnection(PROMETHEUS, KUBE_STATE_METRICS, prometheus.KUBE_STATE_METRICS_PORT),
    AllowedConnection(PROMETHEUS, LOKI, loki.PORT),
    AllowedConnection(PROMETHEUS, ALLOY, loki.ALLOY_PORT),
    AllowedConnection(PROMETHEUS, JAEGER, jaeger.METRICS_PORT),
    AllowedConnection(PROMETHEUS, OPENCOST, opencost.PORT),
    # Alerts, and scrapes.
    AllowedConnection(PROMETHEUS, ALERTMANAGER, alertmanager.PORT),
    # Data sources.
    AllowedConnection(GRAFANA, PROMETHEUS, prometheus.PORT),
    AllowedConnection(GRAFANA, ALERTMANAGER, alertmanager.PORT),
    AllowedConnection(GRAFANA, LOKI, loki.PORT),
    AllowedConnection(GRAFANA, JAEGER, jaeger.QUERY_PORT),
    # Cost.
    AllowedConnection(OPENCOST, PROMETHEUS, prometheus.PORT),
    # Logs.
    AllowedConnection(ALLOY, LOKI, loki.PORT),
    AllowedConnection(LOKI, LOKI, loki.RING_PORT),
    AllowedConnection(LOKI, LOKI, loki.GRPC_PORT),
    # Traces.
    AllowedConnection(BACKEND, JAEGER, jaeger.OTLP_HTTP_PORT),
    # The operator's webhook checks rules before they are stored.
    AllowedConnection(CONTROL_PLANE, OPERATOR, prometheus.OPERATOR_PORT),
)


def ingress_policies(
    options: ObservabilityOptions, control_plane: Sequence[IPv4Network]
) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield each installed program's name, and the spec of the NetworkPolicy of its pods."""
    selectors = {
        pods.name: {"matchLabels": dict(pods.labels)} for pods in installed(options) if pods.labels
    }
    peers = {name: [{"podSelector": selector}] for name, selector in selectors.items()} | {
        BACKEND: [{"namespaceSelector": {"matchLabels": BACKEND_NAMESPACE}}],
        # Its addresses are not those of pods, so it is allowed by address.
        CONTROL_PLANE: [{"ipBlock": {"cidr": str(cidr)}} for cidr in control_plane],
    }
    for target, selector in selectors.items():
        ports: dict[str, list[dict[str, object]]] = {}
        for connection in ALLOWED_CONNECTIONS:
            if connection.target == target and connection.source in peers:
                port = {"port": connection.port, "protocol": "TCP"}
                ports.setdefault(connection.source, []).append(port)
        ingress = [{"from": peers[source], "ports": allowed} for source, allowed in ports.items()]
        yield target, {"podSelector": selector, "ingress": ingress}
