import base64
import json
from pathlib import Path
from typing import cast

import pytest

from e2e.load_balancer.http1 import Request
from e2e.load_balancer.kubernetes import Object
from e2e.load_balancer.webhook import Webhook
from e2e.tests.load_balancer.test_bindings import GATE, NAMESPACE, world

pytestmark = pytest.mark.asyncio

ADD = {"op": "add", "path": "/spec/readinessGates", "value": [{"conditionType": GATE}]}


async def patch_of(tmp_path: Path, pod: Object, namespace: str = NAMESPACE) -> object:
    """Give the JSON patch that a new pod gets, or None."""
    made = world()
    service: Object = {
        "metadata": {"name": "backend"},
        "spec": {"ports": [{"name": "http", "port": 8000}], "selector": {"app": "backend"}},
    }
    # Of the same name where there is no binding: a gate there would never open.
    made.services.update({(NAMESPACE, "backend"): service, ("elsewhere", "backend"): service})
    review = {"request": {"uid": "u-1", "namespace": namespace, "object": pod}}
    request = Request("POST", "/", (), json.dumps(review).encode())
    answer = await Webhook(made, tmp_path).answer(request, "10.0.0.1")
    response = cast("dict[str, str]", json.loads(answer.body)["response"])
    assert response["uid"] == "u-1"
    assert response["allowed"]
    return json.loads(base64.b64decode(response["patch"])) if "patch" in response else None


def pod(gates: list[Object] | None = None, **labels: str) -> Object:
    spec: Object = {"containers": []} if gates is None else {"readinessGates": list(gates)}
    return {"metadata": {"generateName": "backend-", "labels": dict(labels)}, "spec": spec}


async def test_a_pod_behind_a_binding_gets_its_gate(tmp_path: Path) -> None:
    assert await patch_of(tmp_path, pod(app="backend")) == [ADD]


async def test_a_gate_is_added_to_those_that_are_there(tmp_path: Path) -> None:
    other: Object = {"conditionType": "x/y"}
    (operation,) = cast("list[Object]", await patch_of(tmp_path, pod([other], app="backend")))
    assert operation["value"] == [other, {"conditionType": GATE}]


@pytest.mark.parametrize(
    ("given", "namespace"),
    [
        (pod(app="worker"), NAMESPACE),
        (pod(app="backend"), "elsewhere"),
        (pod([{"conditionType": GATE}], app="backend"), NAMESPACE),
    ],
    ids=["other pods", "other namespaces", "pods that have it"],
)
async def test_others_stay_as_they_are(tmp_path: Path, given: Object, namespace: str) -> None:
    assert await patch_of(tmp_path, given, namespace) is None
