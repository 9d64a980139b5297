"""What rendered objects ask of the nodes: requests, pods, and the pods of a rolling update."""

import math
import re
from collections.abc import Iterable, Iterator

from infra.third_party.pods import Workload
from tests.support.chart import Tree

MEBIBYTES = {"Ki": 1 / 1024, "Mi": 1.0, "Gi": 1024.0}
# What the operator runs beside each of its pods, and how it is told the requests.
RELOADER_FLAGS = {
    "cpu": "--config-reloader-cpu-request=",
    "memory": "--config-reloader-memory-request=",
}
OPERATED = {"Prometheus", "Alertmanager"}


def workloads(objects: Iterable[Tree]) -> list[Workload]:
    """Read every workload that keeps running: no hooks, no Jobs."""
    items = [item for item in objects if not _is_hook(item)]
    return sorted(_workloads(items, _reloader(items)), key=lambda workload: workload.name)


def _workloads(items: list[Tree], reloader: tuple[int, int]) -> Iterator[Workload]:
    for item in items:
        name, kind = item["metadata"]["name"], item["kind"]
        if kind in OPERATED:
            cpu, memory = _container(item["spec"])
            pods = item["spec"]["replicas"]
            yield Workload(f"{name}-{kind.lower()}", cpu + reloader[0], memory + reloader[1], pods)
        elif kind == "DaemonSet":
            yield Workload(name, *_pod(item), per_node=True)
        elif kind in {"Deployment", "StatefulSet"}:
            pods = item["spec"].get("replicas", 1)
            if pods:
                yield Workload(name, *_pod(item), pods=pods, surge=_surge(item, pods))


def _is_hook(item: Tree) -> bool:
    return "helm.sh/hook" in (item["metadata"].get("annotations") or {})


def _pod(item: Tree) -> tuple[int, int]:
    """Sum the containers; an init container counts where it asks for more than all of them."""
    spec = item["spec"]["template"]["spec"]
    running = [_container(container) for container in spec["containers"]]
    before = [_container(container) for container in spec.get("initContainers") or []]
    cpu, memory = (sum(column) for column in zip(*running, strict=True))
    return max([cpu, *(c for c, _ in before)]), max([memory, *(m for _, m in before)])


def _container(container: Tree) -> tuple[int, int]:
    requests = (container.get("resources") or {}).get("requests") or {}
    return millicores(requests.get("cpu", "0")), mebibytes(requests.get("memory", "0Mi"))


def _surge(item: Tree, pods: int) -> int:
    strategy = item["spec"].get("strategy") or {}
    if item["kind"] == "StatefulSet" or strategy.get("type") == "Recreate":
        return 0
    surge = str((strategy.get("rollingUpdate") or {}).get("maxSurge", "25%"))
    return math.ceil(pods * int(surge[:-1]) / 100) if surge.endswith("%") else int(surge)


def _reloader(items: list[Tree]) -> tuple[int, int]:
    arguments = [
        argument
        for item in items
        if item["kind"] == "Deployment"
        for container in item["spec"]["template"]["spec"]["containers"]
        for argument in container.get("args") or []
    ]
    found = {
        resource: argument.removeprefix(flag)
        for resource, flag in RELOADER_FLAGS.items()
        for argument in arguments
        if argument.startswith(flag)
    }
    return millicores(found.get("cpu", "0")), mebibytes(found.get("memory", "0Mi"))


def millicores(quantity: object) -> int:
    text = str(quantity)
    return int(text[:-1]) if text.endswith("m") else int(float(text) * 1000)


def mebibytes(quantity: object) -> int:
    match = re.fullmatch(r"([0-9.]+)([KMG]i)", str(quantity))
    assert match is not None, f"{quantity}: write memory in Mi or Gi"
    return int(float(match[1]) * MEBIBYTES[match[2]])
