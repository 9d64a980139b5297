"""What is done about pods that do not stand as after `up`, on a cluster that is played."""

from collections.abc import Mapping
from typing import Any

import pytest

from e2e.platform import settling
from e2e.platform.errors import PlatformError


def pod(name: str, node: str, *, age: int, ready: bool = True) -> dict[str, Any]:
    condition = {"type": "Ready", "status": str(ready)}
    return {
        "metadata": {"name": name, "uid": name, "creationTimestamp": f"2026-01-{31 - age}"},
        "spec": {"nodeName": node},
        "status": {"conditions": [condition]},
    }


class Cluster:
    """A Deployment of two: whoever is deleted comes back on the node with the fewest pods."""

    def __init__(self, *pods: dict[str, Any]) -> None:
        self.pods = {each["metadata"]["name"]: each for each in pods}
        self.deleted: list[str] = []
        self.kubectl = self

    def items(self, *_: str) -> list[Mapping[str, Any]]:
        return list(self.pods.values())

    def __call__(self, verb: str, kind: str, name: str, *_: str) -> None:
        assert (verb, kind) == ("delete", "pod")
        self.deleted.append(name)
        self.pods.pop(name)
        used = [each["spec"]["nodeName"] for each in self.pods.values()]
        node = min(("node-a", "node-b"), key=used.count)
        self.pods["new"] = pod("new", node, age=0)


class Entrance:
    """The load balancer, with targets in these states."""

    def __init__(self, *states: str) -> None:
        self.states = states

    def targets(self) -> dict[str, str]:
        return {f"10.0.0.{number}": state for number, state in enumerate(self.states)}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_READY_SECONDS", "_HEALTHY_SECONDS"):
        monkeypatch.setattr(settling, name, 0.1)


def spread(cluster: Cluster) -> None:
    settling.spread_pods(cluster)  # type: ignore[arg-type]  # as much of it as is used


def wait_for_targets(cluster: Cluster, entrance: Entrance) -> None:
    settling.wait_for_targets(cluster, entrance)  # type: ignore[arg-type]  # as above


def test_pods_in_both_zones_are_left_alone() -> None:
    cluster = Cluster(pod("a", "node-a", age=1), pod("b", "node-b", age=2))
    spread(cluster)
    assert cluster.deleted == []


def test_the_youngest_moves_when_all_stand_in_one_zone() -> None:
    cluster = Cluster(pod("young", "node-a", age=1), pod("old", "node-a", age=2))
    spread(cluster)
    assert cluster.deleted == ["young"]
    assert {each["spec"]["nodeName"] for each in cluster.pods.values()} == {"node-a", "node-b"}


@pytest.mark.parametrize(
    "pods",
    [
        [pod("a", "node-a", age=1)],  # of two
        [pod("a", "node-a", age=1), pod("b", "node-b", age=2, ready=False)],
    ],
)
def test_nothing_is_deleted_while_pods_are_missing_or_not_ready(pods: list[Any]) -> None:
    cluster = Cluster(*pods)
    with pytest.raises(PlatformError, match=r"did not settle in 0 s: .*a in us-east-1a is ready"):
        spread(cluster)
    assert cluster.deleted == []


def test_targets_are_the_ready_pods_and_no_others() -> None:
    cluster = Cluster(pod("a", "node-a", age=1), pod("b", "node-b", age=2))
    wait_for_targets(cluster, Entrance("healthy", "healthy"))
    for states in (["healthy"], ["healthy", "healthy", "draining"], ["healthy", "unhealthy"]):
        with pytest.raises(PlatformError, match=states[-1]):
            wait_for_targets(cluster, Entrance(*states))
