"""The stand-in for kube-webhook-certgen, as the hook Jobs of the chart call it."""

import base64
import json
import os
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, ClassVar

import pytest
from cryptography import x509

from e2e.cluster import pki
from e2e.programs.build import ensure
from e2e.programs.catalogue import modules_of

SECRETS = "/api/v1/namespaces/monitoring/secrets"
SECRET = f"{SECRETS}/kps-admission"
ADMISSION = "/apis/admissionregistration.k8s.io/v1"
MUTATING = f"{ADMISSION}/mutatingwebhookconfigurations/kps-admission"
VALIDATING = f"{ADMISSION}/validatingwebhookconfigurations/kps-admission"
# As kube-prometheus-stack gives them.
PLACE = ("--namespace=monitoring", "--secret-name=kps-admission")
CREATE = ("create", "--host=kps-operator,kps-operator.monitoring.svc", *PLACE)
PATCH = ("patch", "--webhook-name=kps-admission", *PLACE, "--patch-failure-policy=Ignore")


class Server(BaseHTTPRequestHandler):
    """As much of an API server as the program asks: objects by path."""

    objects: ClassVar[dict[str, dict[str, Any]]]

    def do_GET(self) -> None:
        assert self.headers["authorization"] == "Bearer made-up"
        found = self.objects.get(self.path)
        self._answer(404 if found is None else 200, found or {"message": "not found"})

    def do_POST(self) -> None:
        content = self._content()
        self.objects[f"{self.path}/{content['metadata']['name']}"] = content
        self._answer(201, content)

    def do_PUT(self) -> None:
        self.objects[self.path] = self._content()
        self._answer(200, {})

    def _content(self) -> dict[str, Any]:
        raw = self.rfile.read(int(self.headers["content-length"]))
        content: dict[str, Any] = json.loads(raw)
        return content

    def _answer(self, status: int, content: object) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(content).encode())

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture(scope="module")
def program() -> Path:
    if shutil.which("go") is None:
        pytest.skip("needs go, as all programs of `make e2e`")
    return ensure(modules_of(("certgen",))).program("certgen")


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A pod's: a service account, and an API server that its authority vouches for."""
    issuer = pki.authority("cluster")
    (tmp_path / "ca.crt").write_bytes(issuer.pem)
    (tmp_path / "token").write_text("made-up")
    address = x509.IPAddress(IPv4Address("127.0.0.1"))
    pki.issue(issuer, tmp_path / "server", pki.Client("", "server"), names=[address])
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(tmp_path / "server.crt", tmp_path / "server.key")
    Server.objects = {}
    with HTTPServer(("127.0.0.1", 0), Server) as running:
        running.socket = tls.wrap_socket(running.socket, server_side=True)
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield {
            "SERVICE_ACCOUNT": str(tmp_path),
            "KUBERNETES_SERVICE_HOST": "127.0.0.1",
            "KUBERNETES_SERVICE_PORT": str(running.server_port),
        }
        running.shutdown()


def run(
    program: Path, environment: dict[str, str], *arguments: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program, *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def configuration() -> dict[str, Any]:
    webhook = {"name": "rules", "clientConfig": {"service": {"port": 443}}, "failurePolicy": "Fail"}
    return {"metadata": {"name": "kps-admission", "resourceVersion": "7"}, "webhooks": [webhook]}


def data() -> dict[str, bytes]:
    return {key: base64.b64decode(value) for key, value in Server.objects[SECRET]["data"].items()}


def test_the_certificate_is_for_the_service_and_signed_by_the_authority(
    program: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    done = run(program, environment, *CREATE)
    assert (done.returncode, done.stderr) == (0, "")
    assert data().keys() == {"ca", "cert", "key"}
    certificate = x509.load_pem_x509_certificate(data()["cert"])
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [
        "kps-operator",
        "kps-operator.monitoring.svc",
    ]
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(data()["ca"]))
    for key in ("cert", "key"):
        (tmp_path / key).write_bytes(data()[key])
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
        tmp_path / "cert", tmp_path / "key"
    )


def test_a_secret_that_is_there_stays(program: Path, environment: dict[str, str]) -> None:
    Server.objects[SECRET] = {"metadata": {"name": "kps-admission"}, "data": {"ca": "b2xk"}}
    assert run(program, environment, *CREATE).returncode == 0
    assert data() == {"ca": b"old"}


def test_both_webhook_configurations_get_the_authority_and_the_policy(
    program: Path, environment: dict[str, str]
) -> None:
    Server.objects |= {MUTATING: configuration(), VALIDATING: configuration()}
    run(program, environment, *CREATE)
    done = run(program, environment, *PATCH)
    assert (done.returncode, done.stderr) == (0, "")
    for path in (MUTATING, VALIDATING):
        patched = Server.objects[path]
        assert patched["metadata"]["resourceVersion"] == "7"
        (webhook,) = patched["webhooks"]
        bundle = base64.b64decode(webhook["clientConfig"]["caBundle"])
        assert bundle == data()["ca"]
        assert webhook["clientConfig"]["service"] == {"port": 443}
        assert webhook["failurePolicy"] == "Ignore"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "no command"),
        (("update",), 'unknown command "update"'),
        (("create", *PLACE), "--host is needed"),
        (("create", "--host=a"), "--namespace and --secret-name are needed"),
        (("create", "--hots=a"), "flag provided but not defined: -hots"),
        (("patch", *PLACE), "--webhook-name is needed"),
        ((*PATCH, "--patch-failure-policy=Never"), 'is "Never": use Ignore or Fail'),
        (PATCH, "has no `ca`: run `create` first"),
    ],
)
def test_what_is_wrong_is_said(
    program: Path, environment: dict[str, str], arguments: tuple[str, ...], message: str
) -> None:
    done = run(program, environment, *arguments)
    assert done.returncode == 1
    assert message in done.stderr


def test_a_missing_configuration_is_an_error(program: Path, environment: dict[str, str]) -> None:
    run(program, environment, *CREATE)
    done = run(program, environment, *PATCH)
    assert done.returncode == 1
    assert "webhookconfigurations/kps-admission is not there" in done.stderr
