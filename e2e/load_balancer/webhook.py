"""A fake of the controller's webhook: gives new pods the readiness gates of their target groups.

As the real one it looks only at namespaces with the label. A pod gets the gate of each binding
whose Service selects it, when it is made, and only of bindings that are there by then.
"""

import asyncio
import base64
import json
import ssl
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2

from e2e.cluster import topology
from e2e.load_balancer.bindings import GATE_PREFIX, World, gates_of
from e2e.load_balancer.kubernetes import Api, Key, Object

LABEL = "elbv2.k8s.aws/pod-readiness-gate-inject"
NAME = "fake-load-balancer"
_PATH = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/" + NAME
_BY_US = f"fieldManager={NAME}&force=true"
_RETRY_SECONDS = 1.0
# The API server learns of its own webhooks by a watch, and does not tell when it has.
_LEARNS_SECONDS = 1.0


@asynccontextmanager
async def installed(world: World, api: Api, pki: Path) -> AsyncIterator[None]:
    """Enter when new pods pass the webhook, as soon as there is an API server that takes it."""
    with _serving(world, pki) as port:
        configuration = _configuration(port, (pki / "ca.crt").read_bytes())
        while True:
            try:
                await api.patch(f"{_PATH}?{_BY_US}", configuration, kind="apply-patch+yaml")
                break
            except httpx2.HTTPError:
                await asyncio.sleep(_RETRY_SECONDS)
        await asyncio.sleep(_LEARNS_SECONDS)
        try:
            yield
        finally:
            with suppress(httpx2.HTTPError):  # the cluster may have gone first
                await api.delete(_PATH)


@contextmanager
def _serving(world: World, pki: Path) -> Iterator[int]:
    """Answer the API server from a thread; give the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            body = json.dumps(answer(world, json.loads(self.rfile.read(length)))).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(body)

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pki / "webhook.crt", pki / "webhook.key")
    server = ThreadingHTTPServer((str(topology.ROUTER.ip), 0), Handler)
    # The handshake belongs into the request's thread, not into the one that accepts.
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


def _configuration(port: int, authority: bytes) -> Object:
    created = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"]}
    webhook = {
        "name": "pods.fake-load-balancer.local",
        "clientConfig": {
            "url": f"https://{topology.ROUTER.ip}:{port}/",
            "caBundle": base64.b64encode(authority).decode(),
        },
        "rules": [{**created, "resources": ["pods"]}],
        "namespaceSelector": {"matchLabels": {LABEL: "enabled"}},
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "failurePolicy": "Ignore",
        "timeoutSeconds": 5,
    }
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": NAME},
        "webhooks": [webhook],
    }


def answer(world: World, review: Object) -> Object:
    """Handle one AdmissionReview."""
    asked = review["request"]
    response: dict[str, Any] = {"uid": asked["uid"], "allowed": True}
    if patch := _patch(world, asked["namespace"], asked["object"]):
        response["patchType"] = "JSONPatch"
        response["patch"] = base64.b64encode(json.dumps(patch).encode()).decode()
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}


def _patch(world: World, namespace: str, pod: Object) -> list[Object]:
    present = gates_of(pod)
    lacking = [gate for gate in _gates(world, namespace, pod) if gate not in present]
    if not lacking:
        return []
    gates = [{"conditionType": gate} for gate in (*present, *lacking)]
    # "add" replaces a member that is there.
    return [{"op": "add", "path": "/spec/readinessGates", "value": gates}]


def _gates(world: World, namespace: str, pod: Object) -> Iterator[str]:
    labels = pod["metadata"].get("labels", {})
    for name, binding in _in(namespace, world.bindings):
        service = world.services.get((namespace, binding["spec"]["serviceRef"]["name"]), {})
        selector = service.get("spec", {}).get("selector")
        if selector and selector.items() <= labels.items():
            yield f"{GATE_PREFIX}{name}"


def _in(namespace: str, store: Mapping[Key, Object]) -> list[tuple[str, Object]]:
    # A copy, because the watch changes the store meanwhile.
    return [(name, item) for (where, name), item in list(store.items()) if where == namespace]
