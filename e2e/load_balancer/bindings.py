"""From TargetGroupBindings to pod addresses, as the AWS load balancer controller does it. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from e2e.load_balancer.kubernetes import Key, Object

GATE_PREFIX = "target-health.elbv2.k8s.aws/"
SERVICE_LABEL = "kubernetes.io/service-name"


@dataclass(slots=True)
class World:
    """The objects as the API server has them; kept current by somebody else."""

    bindings: dict[Key, Object] = field(default_factory=dict)
    services: dict[Key, Object] = field(default_factory=dict)
    slices: dict[Key, Object] = field(default_factory=dict)
    pods: dict[Key, Object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Backend:
    """A pod that should be a target, and the gate that waits for its health, if it has one."""

    pod: Key
    gate: str | None


def backends(world: World, arn: str) -> dict[str, Backend]:
    """Everything that should be registered in the target group now, by address."""
    found: dict[str, Backend] = {}
    for (namespace, name), binding in world.bindings.items():
        if binding["spec"].get("targetGroupARN") != arn:
            continue
        gate = f"{GATE_PREFIX}{name}"
        for endpoint, port in _endpoints(world, namespace, binding["spec"]["serviceRef"]):
            key = (namespace, endpoint.get("targetRef", {}).get("name", ""))
            pod = world.pods.get(key, {})
            gated = gate in gates_of(pod)
            if _is_target(endpoint.get("conditions", {}), pod, gated=gated):
                for host in endpoint["addresses"]:
                    found[f"{host}:{port}"] = Backend(key, gate if gated else None)
    return found


def gates_of(pod: Object) -> list[str]:
    return [gate["conditionType"] for gate in pod.get("spec", {}).get("readinessGates", ())]


def is_true(pod: Object, condition: str) -> bool:
    conditions = pod.get("status", {}).get("conditions", ())
    return any(each["type"] == condition and each["status"] == "True" for each in conditions)


def _endpoints(world: World, namespace: str, reference: Object) -> Iterator[tuple[Object, int]]:
    """Each endpoint of the Service with its own port, which may differ from the Service's."""
    service = world.services.get((namespace, reference["name"]), {"spec": {}})
    # An unnamed port's name is "", or missing.
    names = [
        port.get("name", "")
        for port in service["spec"].get("ports", ())
        if reference["port"] in (port["port"], port.get("name"))
    ]
    for (slice_namespace, _), piece in world.slices.items():
        of = piece["metadata"].get("labels", {}).get(SERVICE_LABEL)
        if (slice_namespace, of) != (namespace, reference["name"]):
            continue
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
