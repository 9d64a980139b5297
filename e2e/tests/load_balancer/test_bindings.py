"""Which pods become targets: the load balancer controller's rules, on objects of the API."""

import pytest

from e2e.load_balancer.bindings import Backend, World, backends
from e2e.load_balancer.kubernetes import Object

ARN = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/backend/0123"
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


def world(*endpoints: Object, pods: tuple[Object, ...] = (), port: object = 8000) -> World:
    made = World()
    binding: Object = {
        "metadata": metadata("backend"),
        "spec": {"serviceRef": {"name": "backend", "port": port}, "targetGroupARN": ARN},
    }
    service: Object = {"spec": {"ports": [{"name": "http", "port": 8000, "targetPort": "http"}]}}
    piece: Object = {
        "metadata": metadata("backend-x1", **{"kubernetes.io/service-name": "backend"}),
        "endpoints": list(endpoints),
        "ports": [{"name": "http", "port": 9000}, {"name": "other", "port": 1}],
    }
    made.bindings[NAMESPACE, "backend"] = binding
    made.services[NAMESPACE, "backend"] = service
    made.slices[NAMESPACE, "backend-x1"] = piece
    for each in pods:
        made.pods[NAMESPACE, each["metadata"]["name"]] = each
    return made


@pytest.mark.parametrize("port", [8000, "http"])
def test_a_ready_pod_is_a_target_on_its_own_port(port: object) -> None:
    found = backends(world(endpoint("a", "10.0.11.130", ready=True), port=port), ARN)
    assert found == {"10.0.11.130:9000": Backend((NAMESPACE, "a"), None)}


@pytest.mark.parametrize(
    "conditions",
    [{"ready": False}, {"ready": False, "serving": True, "terminating": True}],
)
def test_what_is_not_ready_or_on_its_way_out_is_none(conditions: dict[str, bool]) -> None:
    assert backends(world(endpoint("a", "10.0.11.130", **conditions)), ARN) == {}


def test_a_pod_that_waits_for_its_gate_is_registered_so_that_it_can_become_healthy() -> None:
    waiting = world(endpoint("a", "10.0.11.130", ready=False), pods=(pod("a", gated=True),))
    (backend,) = backends(waiting, ARN).values()
    assert backend.gate == GATE


def test_a_gate_does_not_help_containers_that_are_not_ready() -> None:
    broken = pod("a", gated=True, containers_ready=False)
    assert backends(world(endpoint("a", "10.0.11.130", ready=False), pods=(broken,)), ARN) == {}


def test_a_terminating_pod_with_a_gate_is_none() -> None:
    leaving = endpoint("a", "10.0.11.130", ready=False, terminating=True)
    assert backends(world(leaving, pods=(pod("a", gated=True),)), ARN) == {}


def test_bindings_of_other_target_groups_and_unknown_ports_do_not_count() -> None:
    ready = endpoint("a", "10.0.11.130", ready=True)
    assert backends(world(ready), "arn:of:another") == {}
    assert backends(world(ready, port=8080), ARN) == {}


def test_without_the_service_there_is_nothing() -> None:
    made = world(endpoint("a", "10.0.11.130", ready=True))
    made.services.clear()
    assert backends(made, ARN) == {}
