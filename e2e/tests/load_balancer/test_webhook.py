import base64
import json

import pytest

from e2e.load_balancer.kubernetes import Object
from e2e.load_balancer.webhook import answer
from e2e.tests.load_balancer.test_bindings import GATE, NAMESPACE, world

ADD = {"op": "add", "path": "/spec/readinessGates", "value": [{"conditionType": GATE}]}


def patch_of(pod: Object, namespace: str = NAMESPACE) -> object:
    """Give the JSON patch that a new pod gets, or None."""
    made = world()
    service: Object = {
        "metadata": {"name": "backend"},
        "spec": {"ports": [{"name": "http", "port": 8000}], "selector": {"app": "backend"}},
    }
    # Of the same name where there is no binding: a gate there would never open.
    made.services.update({(NAMESPACE, "backend"): service, ("elsewhere", "backend"): service})
    review = {"request": {"uid": "u-1", "namespace": namespace, "object": pod}}
    response = answer(made, review)["response"]
    assert response["uid"] == "u-1"
    assert response["allowed"]
    return json.loads(base64.b64decode(response["patch"])) if "patch" in response else None


def pod(gates: list[Object] | None = None, **labels: str) -> Object:
    spec: Object = {"containers": []} if gates is None else {"readinessGates": list(gates)}
    return {"metadata": {"generateName": "backend-", "labels": dict(labels)}, "spec": spec}


def test_a_pod_behind_a_binding_gets_its_gate() -> None:
    assert patch_of(pod(app="backend")) == [ADD]


def test_a_gate_is_added_to_those_that_are_there() -> None:
    other: Object = {"conditionType": "x/y"}
    assert patch_of(pod([other], app="backend")) == [
        {**ADD, "value": [other, {"conditionType": GATE}]}
    ]


@pytest.mark.parametrize(
    ("given", "namespace"),
    [
        (pod(app="worker"), NAMESPACE),
        (pod(app="backend"), "elsewhere"),
        (pod([{"conditionType": GATE}], app="backend"), NAMESPACE),
    ],
    ids=["other pods", "other namespaces", "pods that have it"],
)
def test_others_stay_as_they_are(given: Object, namespace: str) -> None:
    assert patch_of(given, namespace) is None
