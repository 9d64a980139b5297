"""A stand-in for the controller's webhook: gives new pods the readiness gate of their target group.

For clusters without the controller's chart, whose own webhook answers by the same rules
(e2e/load_balancer/gates.py). As the real one it looks only at namespaces with the label.
"""

import base64
import json
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import trustme

from e2e.cluster import pki, topology
from e2e.load_balancer import gates
from e2e.load_balancer.bindings import World
from e2e.load_balancer.http1 import Request, Response
from e2e.load_balancer.kubernetes import Api, Key, Object

LABEL = "elbv2.k8s.aws/pod-readiness-gate-inject"
NAME = "load-balancer-stand-in"
_PATH = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/" + NAME
_SECONDS = 5


class Webhook:
    """Answers admission reviews from what the controller's world knows."""

    def __init__(self, world: World, directory: Path) -> None:
        self._world = world
        self._directory = directory

    def tls(self) -> ssl.SSLContext:
        """Make a certificate for this machine's side of the cluster's network."""
        issuer = trustme.CA()
        (self._directory / "webhook-ca.crt").write_bytes(issuer.cert_pem.bytes())
        certificate = self._directory / "webhook"
        pki.issue(issuer, certificate, NAME, names=(str(topology.ROUTER.ip),))
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(f"{certificate}.crt", f"{certificate}.key")
        return context

    async def install(self, api: Api, port: int) -> None:
        authority = (self._directory / "webhook-ca.crt").read_bytes()
        webhook = {
            "name": "pods.load-balancer-stand-in.local",
            "clientConfig": {
                "url": f"https://{topology.ROUTER.ip}:{port}/",
                "caBundle": base64.b64encode(authority).decode(),
            },
            "rules": [
                {
                    "apiGroups": [""],
                    "apiVersions": ["v1"],
                    "operations": ["CREATE"],
                    "resources": ["pods"],
                }
            ],
            "namespaceSelector": {"matchLabels": {LABEL: "enabled"}},
            "admissionReviewVersions": ["v1"],
            "sideEffects": "None",
            "failurePolicy": "Ignore",
            "timeoutSeconds": _SECONDS,
        }
        configuration = {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "MutatingWebhookConfiguration",
            "metadata": {"name": NAME},
            "webhooks": [webhook],
        }
        await api.apply(_PATH, configuration, manager=NAME)

    async def remove(self, api: Api) -> None:
        await api.delete(_PATH)

    async def answer(self, request: Request, _: str) -> Response:
        """Handle one AdmissionReview."""
        review = cast("Object", json.loads(request.body))
        asked = cast("Object", review["request"])
        answer: dict[str, object] = {"uid": asked["uid"], "allowed": True}
        patch = self._gate_patch(str(asked["namespace"]), cast("Object", asked["object"]))
        if patch:
            answer["patchType"] = "JSONPatch"
            answer["patch"] = base64.b64encode(json.dumps(patch).encode()).decode()
        body = json.dumps(
            {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": answer}
        ).encode()
        headers = ((b"content-type", b"application/json"), _length(body))
        return Response(200, headers, body)

    def _gate_patch(self, namespace: str, pod: Object) -> list[dict[str, object]]:
        bindings = _in(namespace, self._world.bindings)
        return gates.gate_patch(pod, bindings, _in(namespace, self._world.services))


def _in(namespace: str, store: Mapping[Key, Object]) -> list[Object]:
    return [item for (where, _), item in store.items() if where == namespace]


def _length(body: bytes) -> tuple[bytes, bytes]:
    return b"content-length", str(len(body)).encode()
