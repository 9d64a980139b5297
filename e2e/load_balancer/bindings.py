"""From TargetGroupBindings to pod addresses, as the AWS load balancer controller does it. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from e2e.load_balancer.kubernetes import Object

GATE_PREFIX = "target-health.elbv2.k8s.aws/"
SERVICE_LABEL = "kubernetes.io/service-name"


@dataclass(frozen=True, slots=True)
class Backend:
    """A pod that should be a target, and the gate that waits for its health, if it has one."""

    pod: Object
    gate: str | None


def backends(
    binding: Object, services: list[Object], slices: list[Object], pods: list[Object]
) -> dict[str, Backend]:
    """Everything that should be registered for a binding now, by address.

    `services`, `slices` and `pods` are those of its namespace; slices those of its Service.
    """
    found: dict[str, Backend] = {}
    gate = f"{GATE_PREFIX}{binding['metadata']['name']}"
    by_name = {pod["metadata"]["name"]: pod for pod in pods}
    for endpoint, port in _endpoints(binding["spec"]["serviceRef"], services, slices):
        pod = by_name.get(endpoint.get("targetRef", {}).get("name", ""), {})
        gates = pod.get("spec", {}).get("readinessGates", ())
        gated = gate in [each["conditionType"] for each in gates]
        if _is_target(endpoint.get("conditions", {}), pod, gated=gated):
            for host in endpoint["addresses"]:
                found[f"{host}:{port}"] = Backend(pod, gate if gated else None)
    return found


def is_true(pod: Object, condition: str) -> bool:
    conditions = pod.get("status", {}).get("conditions", ())
    return any(each["type"] == condition and each["status"] == "True" for each in conditions)


def _endpoints(
    reference: Object, services: list[Object], slices: list[Object]
) -> Iterator[tuple[Object, int]]:
    """Each endpoint of the Service with its own port, which may differ from the Service's."""
    # An unnamed port's name is "", or missing.
    names = [
        port.get("name", "")
        for service in services
        for port in service["spec"].get("ports", ())
        if reference["port"] in (port["port"], port.get("name"))
    ]
    for piece in slices:
        # Without a port of that name the slice's pods serve something else.
        ports = [port for port in piece.get("ports") or () if port.get("name", "") in names]
        for endpoint in piece.get("endpoints") or ():
            for port in ports:
                yield endpoint, port["port"]


def _is_target(conditions: Object, pod: Object, *, gated: bool) -> bool:
    if conditions.get("terminating"):
        return False
    # A gated pod is not ready before it is a healthy target: its containers being ready is enough.
    return bool(conditions.get("ready")) or (gated and is_true(pod, "ContainersReady"))
