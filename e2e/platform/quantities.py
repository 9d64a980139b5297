"""Kubernetes' quantities, and the room that pods ask for and nodes give."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

_BINARY = {"Ki": 2**-10, "Mi": 1.0, "Gi": 2**10}
_BYTES_A_MIB = 2**20
_DONE = {"Succeeded", "Failed"}

_Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Room:
    cpu: float  # of a thousandth of a processor
    memory: float  # MiB
    pods: int

    @staticmethod
    def cpu_of(quantity: str) -> float:
        """`250m` is 250, `2` is 2000."""
        milli = quantity.removesuffix("m")
        return float(milli) if milli != quantity else float(quantity) * 1000

    @staticmethod
    def memory_of(quantity: str) -> float:
        """`1Gi` is 1024; without a suffix they are bytes."""
        for suffix, factor in _BINARY.items():
            if quantity.endswith(suffix):
                return float(quantity.removesuffix(suffix)) * factor
        return float(quantity) / _BYTES_A_MIB

    def __add__(self, other: Self) -> "Room":
        return Room(self.cpu + other.cpu, self.memory + other.memory, self.pods + other.pods)

    def shares(self, of: Self) -> dict[str, float]:
        return {
            "cpu": self.cpu / of.cpu,
            "memory": self.memory / of.memory,
            "places": self.pods / of.pods,
        }


_NOTHING = Room(0, 0, 0)


def room_of_nodes(nodes: Iterable[_Item]) -> Room:
    """Add up what the nodes give to pods."""
    return sum((_room(node["status"]["allocatable"], 0) for node in nodes), _NOTHING)


def room_of_pods(pods: Iterable[_Item]) -> Room:
    """Add up the requests of pods that run or are to run; init containers need no room beside."""
    return sum((_of_pod(pod) for pod in pods if pod["status"]["phase"] not in _DONE), _NOTHING)


def _of_pod(pod: _Item) -> Room:
    containers = pod["spec"]["containers"]
    requests = [each.get("resources", {}).get("requests", {}) for each in containers]
    return sum((_room(each, 0) for each in requests), Room(0, 0, 1))


def _room(amounts: Mapping[str, str], pods: int) -> Room:
    return Room(
        Room.cpu_of(amounts.get("cpu", "0")),
        Room.memory_of(amounts.get("memory", "0")),
        int(amounts.get("pods", pods)),
    )
