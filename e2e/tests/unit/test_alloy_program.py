"""The programs of the stand-ins for Alloy and Loki: flags, probes, reloading, images."""

import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import httpx2
import pytest

from e2e.cluster import pki
from e2e.load_balancer.fake_controller.api import Api
from e2e.monitoring.alloy import image
from e2e.monitoring.alloy.server import Program, _arguments, serve
from e2e.monitoring.loki import image as loki_image
from e2e.tests.unit.test_alloy_stand_in import Cluster, configuration


def test_probes_and_reloading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K8S_NODE_NAME", "node-a")
    path = tmp_path / "config.alloy"
    program = Program(path, tmp_path, Cluster())
    server = serve(program, ("127.0.0.1", 0))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/-"
    path.write_text("loki.wrote { }")
    assert httpx2.get(f"{url}/ready").status_code == 503
    assert httpx2.post(f"{url}/reload").status_code == 400
    path.write_text(configuration(tmp_path, 1))
    assert httpx2.post(f"{url}/reload").status_code == 200
    assert httpx2.get(f"{url}/ready").status_code == 200
    path.write_text("loki.wrote { }")
    assert httpx2.post(f"{url}/reload").status_code == 400
    assert httpx2.get(f"{url}/ready").status_code == 200, "the old configuration goes on"
    server.shutdown()
    server.server_close()


def test_flags_of_the_chart_and_no_others() -> None:
    words = ["run", "/etc/alloy/config.alloy", "--storage.path=/var/lib/alloy"]
    assert _arguments(words).storage == Path("/var/lib/alloy")
    with pytest.raises(SystemExit):
        _arguments([*words, "--cluster.enabled=true"])


class ApiServer(BaseHTTPRequestHandler):
    """A list at version 7, and a watch that tells one change of it."""

    asked: ClassVar[list[str]]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        watch = b'{"type": "ADDED"}\n'
        content = b'{"metadata": {"resourceVersion": "7"}, "items": []}'
        self.send_response(200)
        self.end_headers()
        self.wfile.write(watch if "watch=true" in self.path else content)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


def test_a_watch_begins_where_the_list_ends(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_bytes(pki.authority("cluster").pem)
    (tmp_path / "token").write_text("made-up")
    ApiServer.asked = []
    with HTTPServer(("127.0.0.1", 0), ApiServer) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        api = Api(f"http://127.0.0.1:{server.server_port}", tmp_path)
        api.wait_for_change("/api/v1/pods?fieldSelector=x", 3)
        server.shutdown()
    assert ApiServer.asked == [
        "/api/v1/pods?fieldSelector=x&limit=1",
        "/api/v1/pods?fieldSelector=x&watch=true&resourceVersion=7&timeoutSeconds=3",
    ]


@pytest.mark.parametrize(
    ("files", "module"),
    [(image.files(), "alloy"), (loki_image.files(), "loki")],
    ids=["alloy", "loki"],
)
def test_an_image_needs_nothing_but_python(
    tmp_path: Path, files: dict[str, Path], module: str
) -> None:
    """The pod has Debian's Python without any package: what the image holds must import there."""
    for name, source in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(source.read_bytes())
    command = [sys.executable, "-S", "-c", f"import e2e.monitoring.{module}.server"]
    folder = tmp_path / "stand-in"
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
