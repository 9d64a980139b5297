"""The API's pods as drills look at them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from e2e.cluster.kubectl import Kubectl
from infra.naming import NAMESPACE, RELEASE

SELECTOR = f"--selector=app.kubernetes.io/instance={RELEASE},app.kubernetes.io/component=api"
_ZONE = "topology.kubernetes.io/zone"


@dataclass(frozen=True, slots=True)
class Pod:
    name: str
    uid: str
    zone: str  # "" until it is scheduled
    address: str  # "" until it has one
    ready: bool  # serves, and is not on its way out
    leaving: bool
    restarts: int
    made: str  # sorts by age

    @classmethod
    def of(cls, item: Mapping[str, Any], zones: Mapping[str, str]) -> Self:
        """`zones`: of each node by its name."""
        metadata, status = item["metadata"], item["status"]
        conditions = {each["type"]: each["status"] for each in status.get("conditions", [])}
        leaving = "deletionTimestamp" in metadata
        return cls(
            name=metadata["name"],
            uid=metadata["uid"],
            zone=zones.get(item["spec"].get("nodeName", ""), ""),
            address=status.get("podIP", ""),
            ready=conditions.get("Ready") == "True" and not leaving,
            leaving=leaving,
            restarts=sum(each["restartCount"] for each in status.get("containerStatuses", [])),
            made=metadata["creationTimestamp"],
        )

    def __str__(self) -> str:
        state = "ready" if self.ready else "leaving" if self.leaving else "not ready"
        return f"{self.name} in {self.zone or 'no zone'} is {state}"


def pods(kubectl: Kubectl) -> list[Pod]:
    """Those that exist now, the oldest first."""
    items = kubectl.items("pods", f"--namespace={NAMESPACE}", SELECTOR)
    nodes = [node["metadata"] for node in kubectl.items("nodes")]
    zones = {node["name"]: node["labels"].get(_ZONE, "") for node in nodes}
    return sorted((Pod.of(item, zones) for item in items), key=lambda pod: (pod.made, pod.name))
