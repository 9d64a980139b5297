"""The pods of the namespace `monitoring`: rendered, and those that the operator makes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.support.chart import Tree
from tests.support.third_party import MONITORING_CHARTS, rendered


@dataclass(frozen=True)
class Pod:
    name: str
    labels: Mapping[str, str]
    # By name, where it has one, and by number.
    ports: Mapping[str | int, int]
    on_the_nodes_network: bool = False

    def has(self, labels: Mapping[str, str]) -> bool:
        return labels.items() <= self.labels.items()


# What prometheus-operator 0.93 gives the pods of the Prometheus and the Alertmanager called "kps".
_OPERATORS = {
    "app.kubernetes.io/managed-by": "prometheus-operator",
    "app.kubernetes.io/instance": "kps",
}
_RELOADER: Mapping[str | int, int] = {"reloader-web": 8080, 8080: 8080}
OPERATED = (
    Pod(
        "prometheus",
        {
            **_OPERATORS,
            "app.kubernetes.io/name": "prometheus",
            "operator.prometheus.io/name": "kps",
            "operator.prometheus.io/shard": "0",
            "prometheus": "kps",
        },
        {"http-web": 9090, 9090: 9090, **_RELOADER},
    ),
    Pod(
        "alertmanager",
        {**_OPERATORS, "app.kubernetes.io/name": "alertmanager", "alertmanager": "kps"},
        {"http-web": 9093, 9093: 9093, **_RELOADER},
    ),
)


def monitoring_pods(stack: str) -> list[Pod]:
    """Return one pod of each workload that keeps running; hooks let nobody in."""
    return [*OPERATED, *(_pod(item) for item in _workloads(stack))]


def _workloads(stack: str) -> Iterator[Tree]:
    for chart in MONITORING_CHARTS:
        yield from rendered(chart, stack).of_kind("Deployment", "StatefulSet", "DaemonSet")


def _pod(item: Tree) -> Pod:
    template = item["spec"]["template"]
    ports = [
        port
        for container in template["spec"]["containers"]
        for port in container.get("ports") or []
    ]
    return Pod(
        item["metadata"]["name"],
        template["metadata"]["labels"],
        {
            key: p["containerPort"]
            for p in ports
            for key in (p.get("name"), p["containerPort"])
            if key
        },
        on_the_nodes_network=template["spec"].get("hostNetwork", False),
    )
