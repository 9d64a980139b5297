"""A stand-in for the controller's webhook: gives new pods the readiness gate of their target group.

As the real one it looks only at namespaces with the label, only when a pod is made, and only at
bindings that are there by then.
"""

import base64
import json
import ssl
from pathlib import Path
from typing import cast

from cryptography import x509

from tests.e2e.cluster import pki, topology
from tests.e2e.entrance.bindings import Binding, Pod, Service, World
from tests.e2e.entrance.http1 import Request, Response
from tests.e2e.entrance.kubernetes import Api, Object

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
        issuer = pki.authority(NAME)
        (self._directory / "webhook-ca.crt").write_bytes(issuer.pem)
        certificate = self._directory / "webhook"
        names = (x509.IPAddress(topology.ROUTER.ip),)
        pki.issue(issuer, certificate, pki.Client("", NAME), names=names)
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
        gates = self._missing_gates(str(asked["namespace"]), cast("Object", asked["object"]))
        if gates:
            answer["patchType"] = "JSONPatch"
            answer["patch"] = base64.b64encode(json.dumps(gates).encode()).decode()
        body = json.dumps(
            {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": answer}
        ).encode()
        headers = ((b"content-type", b"application/json"), _length(body))
        return Response(200, headers, body)

    def _missing_gates(self, namespace: str, raw: Object) -> list[dict[str, object]]:
        """JSON patch operations that add what the pod does not carry yet."""
        metadata = cast("Object", raw["metadata"])  # its name may still be missing
        pod = Pod.model_validate({**raw, "metadata": {"name": "", **metadata}})
        wanted = [gate for gate in self._gates(namespace, pod) if not pod.has_gate(gate)]
        if not wanted:
            return []
        gates = [{"conditionType": gate} for gate in wanted]
        if pod.spec.readiness_gates:
            path = "/spec/readinessGates/-"
            return [{"op": "add", "path": path, "value": gate} for gate in gates]
        return [{"op": "add", "path": "/spec/readinessGates", "value": gates}]

    def _gates(self, namespace: str, pod: Pod) -> list[str]:
        found = []
        for item in self._world.bindings.values():
            binding = Binding.model_validate(item)
            raw = self._world.services.get((namespace, binding.spec.service_ref.name))
            if binding.metadata.namespace != namespace or raw is None:
                continue
            selector = Service.model_validate(raw).spec.selector
            if selector and selector.items() <= pod.metadata.labels.items():
                found.append(binding.gate)
        return found


def _length(body: bytes) -> tuple[bytes, bytes]:
    return b"content-length", str(len(body)).encode()
