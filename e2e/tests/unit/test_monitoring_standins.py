"""The stand-ins for Grafana, its sidecar and OpenCost, short of a cluster."""

import base64
import json
import os
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from e2e.monitoring import python_program
from e2e.monitoring.answers import Handler
from e2e.monitoring.grafana import image as grafana_image
from e2e.monitoring.grafana import server as grafana
from e2e.monitoring.opencost import image as opencost_image
from e2e.monitoring.opencost import server as opencost
from e2e.monitoring.sidecar import collect
from e2e.monitoring.sidecar import image as sidecar_image

REPOSITORY = Path(__file__).parents[3]
LOGIN = {"Authorization": "Basic " + base64.b64encode(b"admin:secret").decode()}


def get(url: str, headers: dict[str, str] | None = None, method: str = "GET") -> Any:
    request = urllib.request.Request(url, headers=headers or {}, method=method)  # noqa: S310 - ours
    with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - as above
        text = answer.read().decode()
    return json.loads(text) if text.startswith(("{", "[")) else text


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "dashboards").mkdir()
    (tmp_path / "datasources").mkdir()
    monkeypatch.setattr(grafana, "DASHBOARDS", tmp_path / "dashboards")
    monkeypatch.setattr(grafana, "PROVISIONING", tmp_path)
    monkeypatch.setenv("GF_SECURITY_ADMIN_PASSWORD", "secret")
    return tmp_path


def serving(handler: type[Handler]) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


@pytest.fixture
def url(folders: Path) -> Iterator[str]:
    assert folders.exists()
    yield from serving(grafana.Grafana)


def test_grafana_is_healthy_for_everyone(url: str) -> None:
    assert get(f"{url}/api/health")["database"] == "ok"
    assert "grafana_build_info" in get(f"{url}/metrics")


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic YWRtaW46"}])
def test_grafana_asks_for_the_administrators_login(url: str, headers: dict[str, str]) -> None:
    for path in ("/api/search", "/stand-in/datasources"):
        with pytest.raises(urllib.error.HTTPError, match="401"):
            get(url + path, headers)


def test_grafana_lists_dashboards_that_lie_in_its_folder(url: str, folders: Path) -> None:
    dashboard = {"uid": "backend", "title": "Backend", "tags": ["platform"], "panels": []}
    (folders / "dashboards/backend.json").write_text(json.dumps(dashboard))
    (folders / "dashboards/half.json").write_text('{"uid":')
    assert get(f"{url}/api/search", LOGIN) == [
        {"type": "dash-db", "uid": "backend", "title": "Backend", "tags": ["platform"]}
    ]
    assert get(f"{url}/api/dashboards/uid/backend", LOGIN) == {"dashboard": dashboard}
    with pytest.raises(urllib.error.HTTPError, match="404"):
        get(f"{url}/api/dashboards/uid/other", LOGIN)


def test_grafana_gives_data_sources_as_they_were_provisioned(url: str, folders: Path) -> None:
    (folders / "datasources/datasource.yaml").write_text("datasources: []\n")
    assert get(f"{url}/stand-in/datasources", LOGIN) == {"datasource.yaml": "datasources: []\n"}


def test_grafana_takes_the_sidecars_reload_and_no_other_change(url: str) -> None:
    get(f"{url}/api/admin/provisioning/dashboards/reload", LOGIN, "POST")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        get(f"{url}/api/dashboards/db", LOGIN, "POST")


ENVIRONMENT = {"LABEL": "grafana_dashboard", "LABEL_VALUE": "1", "FOLDER": "/tmp/dashboards"}  # noqa: S108 - no file is made


def test_the_sidecar_lists_what_it_is_told() -> None:
    own = collect.Settings.of(ENVIRONMENT, "monitoring")
    selector = "labelSelector=grafana_dashboard%3D1"
    assert own.path == f"/api/v1/namespaces/monitoring/configmaps?{selector}"
    everywhere = collect.Settings.of({**ENVIRONMENT, "NAMESPACE": "ALL"}, "monitoring")
    assert everywhere.path == f"/api/v1/configmaps?{selector}"


def test_the_sidecar_refuses_what_it_does_not_know() -> None:
    with pytest.raises(SystemExit, match="RESOURCE is both"):
        collect.Settings.of({**ENVIRONMENT, "RESOURCE": "both"}, "monitoring")


def test_the_sidecar_follows_config_maps(tmp_path: Path) -> None:
    first = collect.files_of([{"data": {"a.json": "1", "b.json": "2"}}, {"metadata": {}}])
    assert collect.write(tmp_path / "new", first, {})
    assert not collect.write(tmp_path / "new", first, first)
    assert collect.write(tmp_path / "new", {"b.json": "3"}, first)
    assert {path.name: path.read_text() for path in (tmp_path / "new").iterdir()} == {"b.json": "3"}


def test_the_sidecar_tells_grafana_and_survives_its_absence(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    reload = f"{url}/api/admin/provisioning/dashboards/reload"
    told = {"REQ_USERNAME": "admin", "REQ_PASSWORD": "secret", "REQ_METHOD": "POST"}
    collect.notify({**told, "REQ_URL": reload})
    collect.notify({**told, "REQ_URL": "http://127.0.0.1:9/"})
    collect.notify({})
    assert f"{reload}: 200" in capsys.readouterr().out


def test_opencost_is_ready_and_invents_no_cost() -> None:
    for address in serving(opencost.OpenCost):
        assert get(f"{address}/healthz") == {}
        names = [line.split()[0] for line in get(f"{address}/metrics").splitlines()]
        assert names == ["#", "opencost_stand_in"]
        with pytest.raises(urllib.error.HTTPError, match="404"):
            get(f"{address}/allocation")


def test_opencosts_ui_has_a_port_of_its_own() -> None:
    assert opencost.port({"API_PORT": "9003"}) == 9003
    assert opencost.port({"API_PORT": "9003", "UI_PORT": "9090"}) == 9090


@pytest.mark.parametrize("image", [grafana_image, sidecar_image, opencost_image])
def test_an_image_has_all_that_its_program_imports(
    image: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in the image: isolated from this repository and its packages."""
    given: dict[str, Any] = {}
    monkeypatch.setattr(
        python_program, "python_image", lambda _, **arguments: given.update(arguments)
    )
    image.build(tmp_path / "image.tar", name="a/b:1")
    for path, source in given["files"].items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(source.read_bytes())
    module = given["config"].entry_point[-1]
    code = f"import sys; sys.path.insert(0, '.'); import {module}"
    # -I -S: neither the environment's packages nor this folder.
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code],
        cwd=tmp_path / given["config"].working_directory.removeprefix("/"),
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
