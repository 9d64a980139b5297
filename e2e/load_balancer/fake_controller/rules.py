"""What the controller's webhooks and finalizer do, for objects as JSON. Pure, and stdlib alone.

As the real one: a pod gets the gate of each binding whose Service selects it, when it is made, and
only of bindings that are there by then. A binding stays until the controller has let go of it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

# A Kubernetes object; only the fields that are named below are looked at.
Object: TypeAlias = "Mapping[str, Any]"

GATE_PREFIX = "target-health.elbv2.k8s.aws/"
FINALIZER = "elbv2.k8s.aws/resources"


def gate_patch(
    pod: Object, bindings: Sequence[Object], services: Sequence[Object]
) -> list[dict[str, Any]]:
    """JSON patch that gives a new pod the gates it lacks; all objects are of its namespace."""
    present = pod["spec"].get("readinessGates", [])
    known = {gate["conditionType"] for gate in present}
    wanted = [gate for gate in _gates(pod, bindings, services) if gate not in known]
    if not wanted:
        return []
    gates = [*present, *({"conditionType": gate} for gate in wanted)]
    # "add" replaces a member that is there.
    return [{"op": "add", "path": "/spec/readinessGates", "value": gates}]


def finalizers(binding: Object) -> list[str] | None:
    """Finalizers as they should be, or None when they are so already."""
    metadata = binding["metadata"]
    present: list[str] = metadata.get("finalizers", [])
    leaving = "deletionTimestamp" in metadata
    if (FINALIZER in present) != leaving:
        return None
    if leaving:
        return [name for name in present if name != FINALIZER]
    return [*present, FINALIZER]


def _gates(pod: Object, bindings: Sequence[Object], services: Sequence[Object]) -> list[str]:
    labels = pod["metadata"].get("labels", {})
    selectors = {each["metadata"]["name"]: each["spec"].get("selector") for each in services}
    found = []
    for binding in bindings:
        selector = selectors.get(binding["spec"]["serviceRef"]["name"])
        if selector and selector.items() <= labels.items():
            found.append(f"{GATE_PREFIX}{binding['metadata']['name']}")
    return found
