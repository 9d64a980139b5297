"""Runs in the controller's pod, as its chart starts it: webhooks, probes, finalizers. Stdlib alone.

Where it listens and where its key lies are the real controller's defaults; the flags that the chart
gives are printed and not looked at.
"""

import base64
import json
import os
import signal
import ssl
import sys
import threading
import time
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from e2e.load_balancer.fake_controller import rules
from e2e.load_balancer.fake_controller.api import Api

WEBHOOK_PORT = 9443
HEALTH_PORT = 61779
CERTIFICATES = Path("/tmp/k8s-webhook-server/serving-certs")  # noqa: S108 - where the chart mounts it
_BINDINGS = "/apis/elbv2.k8s.aws/v1beta1"
_FINALIZER_SECONDS = 1.0
_PROBES = ("/healthz", "/readyz")


def admit(api: Api, path: str, review: dict[str, Any]) -> dict[str, Any] | None:
    """Answer an AdmissionReview; None when the controller has no webhook at `path`.

    Only pods are changed. What the real one would refuse in a TargetGroupBinding passes here.
    """
    if not path.startswith(("/mutate-", "/validate-")):
        return None
    request = review["request"]
    response: dict[str, Any] = {"uid": request["uid"], "allowed": True}
    if path == "/mutate-v1-pod":
        space = f"namespaces/{request['namespace']}"
        bindings = api.items(f"{_BINDINGS}/{space}/targetgroupbindings")
        services = api.items(f"/api/v1/{space}/services")
        if patch := rules.gate_patch(request["object"], bindings, services):
            response["patchType"] = "JSONPatch"
            response["patch"] = base64.b64encode(json.dumps(patch).encode()).decode()
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}


def hold_bindings(api: Api) -> None:
    """Put the finalizer on new bindings, and take it from those that somebody deleted."""
    for binding in api.items(f"{_BINDINGS}/targetgroupbindings"):
        wanted = rules.finalizers(binding)
        if wanted is None:
            continue
        metadata = binding["metadata"]
        path = f"{_BINDINGS}/namespaces/{metadata['namespace']}/targetgroupbindings"
        patch = {"finalizers": wanted, "resourceVersion": metadata["resourceVersion"]}
        api.merge(f"{path}/{metadata['name']}", {"metadata": patch})


def webhook_handler(api: Api) -> type[BaseHTTPRequestHandler]:
    class Handler(_Handler):
        def do_POST(self) -> None:
            path = self.path.partition("?")[0]  # the API server adds its timeout
            review = json.loads(self.rfile.read(int(self.headers["content-length"])))
            try:
                answer = admit(api, path, review)
            except OSError as error:  # no API server: the webhook's failure policy decides
                print(f"{self.path}: {error}", flush=True)
                self.answer(500, {"error": str(error)})
            else:
                self.answer(404 if answer is None else 200, answer or {})

    return Handler


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status: int, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Keep quiet: the kubelet asks every few seconds."""


class _Probes(_Handler):
    def do_GET(self) -> None:
        self.answer(200 if self.path in _PROBES else 404, {})


def webhook_server(api: Api, certificates: Path, port: int) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("", port), webhook_handler(api))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates / "tls.crt", certificates / "tls.key")
    # Without the handshake, which would keep everyone else waiting: it comes with the first read.
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    return server


def _keep_finalizers(api: Api) -> None:
    while True:
        time.sleep(_FINALIZER_SECONDS)
        try:
            hold_bindings(api)
        # The next round tries again: no API server, half an answer, or another one was faster.
        except (OSError, HTTPException, ValueError) as error:
            print(f"finalizers: {error}", flush=True)


def main() -> None:
    print("stand-in for the controller, started with:", *sys.argv[1:], flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
    api = Api(f"https://{host}:{port}")
    webhooks = webhook_server(api, CERTIFICATES, WEBHOOK_PORT)
    threading.Thread(target=webhooks.serve_forever, daemon=True).start()
    threading.Thread(target=_keep_finalizers, args=(api,), daemon=True).start()
    ThreadingHTTPServer(("", HEALTH_PORT), _Probes).serve_forever()


if __name__ == "__main__":
    main()
