"""The stand-in for the load balancer controller, short of a cluster."""

import base64
import json
import os
import ssl
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from e2e.cluster import pki
from e2e.load_balancer.fake_controller import image, rules, server
from e2e.load_balancer.fake_controller.api import Api

REPOSITORY = Path(__file__).parents[3]
BINDING = {"metadata": {"name": "backend"}, "spec": {"serviceRef": {"name": "backend", "port": 80}}}
SERVICE = {"metadata": {"name": "backend"}, "spec": {"selector": {"app": "backend"}}}
GATE = {"conditionType": "target-health.elbv2.k8s.aws/backend"}


def pod(**spec: object) -> dict[str, Any]:
    return {"metadata": {"labels": {"app": "backend", "version": "1"}}, "spec": spec}


def test_a_selected_pod_gets_the_gate_of_its_binding() -> None:
    patch = rules.gate_patch(pod(), [BINDING], [SERVICE])
    assert patch == [{"op": "add", "path": "/spec/readinessGates", "value": [GATE]}]


def test_gates_that_a_pod_has_are_kept_and_not_doubled() -> None:
    other = {"conditionType": "example.org/other"}
    patch = rules.gate_patch(pod(readinessGates=[other]), [BINDING], [SERVICE])
    assert patch[0]["value"] == [other, GATE]
    assert rules.gate_patch(pod(readinessGates=[GATE]), [BINDING], [SERVICE]) == []


@pytest.mark.parametrize(
    ("bindings", "services"),
    [
        ([], [SERVICE]),
        ([BINDING], []),
        ([BINDING], [{**SERVICE, "spec": {}}]),  # a Service without a selector selects nothing
        ([BINDING], [{**SERVICE, "spec": {"selector": {}}}]),
        ([BINDING], [{**SERVICE, "spec": {"selector": {"app": "worker"}}}]),
    ],
)
def test_other_pods_stay_as_they_are(bindings: list[Any], services: list[Any]) -> None:
    assert rules.gate_patch(pod(), bindings, services) == []


def test_a_binding_is_held_until_it_is_deleted() -> None:
    held, going = ["x", rules.FINALIZER], {"deletionTimestamp": "2026-01-01T00:00:00Z"}
    assert rules.finalizers({"metadata": {"finalizers": ["x"]}}) == held
    assert rules.finalizers({"metadata": {"finalizers": held}}) is None
    assert rules.finalizers({"metadata": {"finalizers": held, **going}}) == ["x"]
    assert rules.finalizers({"metadata": {"finalizers": ["x"], **going}}) is None


class Cluster(BaseHTTPRequestHandler):
    """As much of an API server as the stand-in asks."""

    merged: ClassVar[list[tuple[str, dict[str, Any]]]]
    lists: ClassVar[dict[str, list[dict[str, Any]]]] = {
        "/apis/elbv2.k8s.aws/v1beta1/namespaces/shop/targetgroupbindings": [BINDING],
        "/api/v1/namespaces/shop/services": [SERVICE],
        "/apis/elbv2.k8s.aws/v1beta1/targetgroupbindings": [
            {"metadata": {"name": "b", "namespace": "shop", "resourceVersion": "7"}}
        ],
    }

    def do_GET(self) -> None:
        assert self.headers["authorization"] == "Bearer made-up"
        self._answer({"items": self.lists[self.path]})

    def do_PATCH(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.merged.append((self.path, json.loads(body)))
        self._answer({})

    def _answer(self, content: object) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(content).encode())

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def account(tmp_path: Path) -> Path:
    """Files as the kubelet mounts them, and beside them the key that the chart generates."""
    issuer = pki.authority("chart")
    (tmp_path / "ca.crt").write_bytes(issuer.pem)
    (tmp_path / "token").write_text("made-up")
    pki.issue(issuer, tmp_path / "tls", pki.Client("", "webhook"))
    return tmp_path


@pytest.fixture
def cluster() -> Iterator[HTTPServer]:
    Cluster.merged = []
    with HTTPServer(("127.0.0.1", 0), Cluster) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


@pytest.fixture
def api(cluster: HTTPServer, account: Path) -> Api:
    return Api(f"http://127.0.0.1:{cluster.server_port}", account)


@pytest.fixture
def webhook(api: Api, account: Path) -> Iterator[str]:
    with server.webhook_server(api, account, 0) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"https://127.0.0.1:{running.server_port}"
        running.shutdown()


def ask(url: str, account: Path, content: dict[str, Any]) -> dict[str, Any]:
    tls = ssl.create_default_context(cafile=str(account / "ca.crt"))
    tls.check_hostname = False
    body = json.dumps({"request": {"uid": "1", "namespace": "shop", "object": content}}).encode()
    with urllib.request.urlopen(url, data=body, timeout=5, context=tls) as answer:  # noqa: S310 - https, ours
        response: dict[str, Any] = json.load(answer)["response"]
    return response


def test_the_webhook_patches_pods(webhook: str, account: Path) -> None:
    answer = ask(f"{webhook}/mutate-v1-pod?timeout=10s", account, pod())
    patch = json.loads(base64.b64decode(answer["patch"]))
    assert (answer["uid"], answer["allowed"], answer["patchType"]) == ("1", True, "JSONPatch")
    assert patch[0]["value"] == [GATE]


def test_the_webhook_allows_bindings(webhook: str, account: Path) -> None:
    path = "/validate-elbv2-k8s-aws-v1beta1-targetgroupbinding"
    assert ask(webhook + path, account, BINDING) == {"uid": "1", "allowed": True}


def test_a_path_that_the_controller_does_not_serve_is_not_found(
    webhook: str, account: Path
) -> None:
    with pytest.raises(urllib.error.HTTPError, match="404"):
        ask(f"{webhook}/convert", account, {})


def test_without_an_api_server_the_failure_policy_decides(
    webhook: str, account: Path, cluster: HTTPServer
) -> None:
    cluster.shutdown()
    cluster.server_close()
    with pytest.raises(urllib.error.HTTPError, match="500"):
        ask(f"{webhook}/mutate-v1-pod?timeout=10s", account, pod())


def test_new_bindings_get_the_finalizer_at_the_version_that_was_read(api: Api) -> None:
    server.hold_bindings(api)
    path = "/apis/elbv2.k8s.aws/v1beta1/namespaces/shop/targetgroupbindings/b"
    metadata = {"finalizers": [rules.FINALIZER], "resourceVersion": "7"}
    assert Cluster.merged == [(path, {"metadata": metadata})]


def test_the_image_needs_nothing_but_python(tmp_path: Path) -> None:
    """The pod has Debian's Python without any package: what the image holds must import there."""
    package = tmp_path / "e2e/load_balancer/fake_controller"
    package.mkdir(parents=True)
    for module in image.MODULES:
        (package / module).write_bytes((REPOSITORY / image.PACKAGE / module).read_bytes())
    command = [sys.executable, "-S", "-c", "import e2e.load_balancer.fake_controller.server"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
