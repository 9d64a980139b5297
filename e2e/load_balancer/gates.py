"""Which readiness gates a new pod gets, as the real controller's webhook decides it. Pure.

A pod gets the gate of each binding whose Service selects it, when it is made, and only of bindings
that are there by then.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

# A Kubernetes object; only the fields that are named below are looked at.
Object: TypeAlias = "Mapping[str, Any]"

GATE_PREFIX = "target-health.elbv2.k8s.aws/"


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


def _gates(pod: Object, bindings: Sequence[Object], services: Sequence[Object]) -> list[str]:
    labels = pod["metadata"].get("labels", {})
    selectors = {each["metadata"]["name"]: each["spec"].get("selector") for each in services}
    found = []
    for binding in bindings:
        selector = selectors.get(binding["spec"]["serviceRef"]["name"])
        if selector and selector.items() <= labels.items():
            found.append(f"{GATE_PREFIX}{binding['metadata']['name']}")
    return found
