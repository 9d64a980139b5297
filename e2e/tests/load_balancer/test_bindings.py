"""Which pods become targets: the load balancer controller's rules, on objects of the API."""

import pytest

from e2e.load_balancer.bindings import Backend, backends
from e2e.load_balancer.kubernetes import Object

GATE = "target-health.elbv2.k8s.aws/backend"
NAMESPACE = "observability"


def metadata(name: str, **labels: str) -> Object:
    return {"name": name, "namespace": NAMESPACE, "labels": dict(labels)}


def pod(name: str, *, gated: bool = False, containers_ready: bool = True) -> Object:
    gates = [{"conditionType": GATE}] if gated else []
    status = "True" if containers_ready else "False"
    return {
        "metadata": metadata(name, app="backend"),
        "spec": {"readinessGates": gates},
        "status": {"conditions": [{"type": "ContainersReady", "status": status}]},
    }


def endpoint(name: str, host: str, **conditions: bool) -> Object:
    return {
        "addresses": [host],
        "conditions": dict(conditions),
        "targetRef": {"kind": "Pod", "name": name},
    }


def found(
    *endpoints: Object, pods: tuple[Object, ...] = (), port: object = 8000
) -> dict[str, Backend]:
    """Give the targets of the Service's binding, which names it by that port."""
    reference = {"name": "backend", "port": port}
    binding: Object = {"metadata": metadata("backend"), "spec": {"serviceRef": reference}}
    service: Object = {"spec": {"ports": [{"name": "http", "port": 8000, "targetPort": "http"}]}}
    piece: Object = {
        "endpoints": list(endpoints),
        "ports": [{"name": "http", "port": 9000}, {"name": "other", "port": 1}],
    }
    return backends(binding, [service], [piece], list(pods))


@pytest.mark.parametrize("port", [8000, "http"])
def test_a_ready_pod_is_a_target_on_its_own_port(port: object) -> None:
    ready = endpoint("a", "10.0.11.130", ready=True)
    assert found(ready, port=port) == {"10.0.11.130:9000": Backend({}, None)}


def test_an_unknown_port_is_nobodys() -> None:
    assert found(endpoint("a", "10.0.11.130", ready=True), port=8080) == {}


def test_a_pod_that_waits_for_its_gate_is_registered_so_that_it_can_become_healthy() -> None:
    waiting = pod("a", gated=True)
    made = found(endpoint("a", "10.0.11.130", ready=False), pods=(waiting,))
    assert made == {"10.0.11.130:9000": Backend(waiting, GATE)}


@pytest.mark.parametrize(
    ("conditions", "pods"),
    [
        ({"ready": False}, ()),
        ({"ready": False, "serving": True, "terminating": True}, ()),
        ({"ready": False}, (pod("a", gated=True, containers_ready=False),)),
        ({"ready": False, "terminating": True}, (pod("a", gated=True),)),
    ],
    ids=["not ready", "on its way out", "containers not ready", "leaving with a gate"],
)
def test_who_cannot_serve_is_none(conditions: dict[str, bool], pods: tuple[Object, ...]) -> None:
    assert found(endpoint("a", "10.0.11.130", **conditions), pods=pods) == {}
