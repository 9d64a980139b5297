"""Our configuration of Jaeger, rendered by real Helm, run by Jaeger 2.13 (its module's 1.76).

Spans come from the backend's own exporter; what is asked is what Grafana's data source asks. Needs
neither root nor a cluster. The chart installs a newer Jaeger, of which no Go module is published.
"""

import copy
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from backend.settings import Settings
from backend.telemetry.export import OtlpTraces
from backend.telemetry.tracing import Operation, Trail
from e2e.programs.cache import cache_directory
from e2e.programs.catalogue import MODULES
from infra import versions
from tests.support.chart import Tree
from tests.support.polling import wait_for
from tests.support.ports import free_port
from tests.support.third_party import rendered

pytestmark = pytest.mark.timeout(180)
SERVICE = "backend"
STATEMENT = "SELECT id FROM alerts WHERE id = $1"


@pytest.fixture(scope="module")
def program() -> Path:
    module = MODULES["jaeger"]
    path = cache_directory() / "tools" / module.key / "jaeger"
    if not path.exists():
        pytest.skip("Jaeger is not built: run `python -m e2e.programs jaeger`, five minutes")
    return path


class Jaeger:
    """A running Jaeger; ports by what they are for."""

    def __init__(self, ports: dict[str, int], log: Path) -> None:
        self._ports, self._log = ports, log

    def url(self, port: str) -> str:
        return f"http://127.0.0.1:{self._ports[port]}"

    def get(self, path: str, **asked: str | int) -> Any:
        answer = httpx2.get(f"{self.url('16686')}{path}", params=asked)
        return answer.json()["data"] if answer.status_code == 200 else None

    def trace(self, identity: str) -> Any:
        # `traceIdTimeParams`: Grafana says when, in microseconds.
        now = int(time.time() * 1e6)
        return self.get(f"/api/traces/{identity}", start=now - 3_600_000_000, end=now)

    def is_ready(self, popen: subprocess.Popen[bytes]) -> bool:
        assert popen.poll() is None, f"Jaeger has ended:\n{self._log.read_text()}"
        try:
            return httpx2.get(f"{self.url('13133')}/status").status_code == 200
        except httpx2.ConnectError:
            return False


def configuration() -> Tree:
    text = rendered(versions.JAEGER_CHART, "dev")["ConfigMap", "user-config"]["data"]
    content: Tree = yaml.safe_load(text["user-config.yaml"])
    return copy.deepcopy(content)


def backend_of(content: Tree) -> Tree:
    found: Tree = content["extensions"]["jaeger_storage"]["backends"]["main"]["badger"]
    return found


def written(content: Tree, folder: Path) -> tuple[Path, dict[str, int]]:
    """Write it with this test's folder and ports, which is all that is different from a pod's."""
    backend_of(content)["directories"] = {
        name: f"{folder}{path}" for name, path in backend_of(content)["directories"].items()
    }
    [reader] = content["service"]["telemetry"]["metrics"]["readers"]
    places = [
        *(content["receivers"]["otlp"]["protocols"][name] for name in ("grpc", "http")),
        *(content["extensions"]["jaeger_query"][name] for name in ("grpc", "http")),
        content["extensions"]["healthcheckv2"]["http"],
    ]
    names = [*(place["endpoint"].rpartition(":")[2] for place in places), "8888"]
    ports = {name: free_port() for name in names}
    for place in places:
        place["endpoint"] = f"127.0.0.1:{ports[place['endpoint'].rpartition(':')[2]]}"
    reader["pull"]["exporter"]["prometheus"] |= {"host": "127.0.0.1", "port": ports["8888"]}
    path = folder / "user-config.yaml"
    path.write_text(yaml.safe_dump(content))
    return path, ports


@contextmanager
def running(program: Path, content: Tree, folder: Path) -> Iterator[Jaeger]:
    path, ports = written(content, folder)
    log = folder / "jaeger.log"
    with log.open("wb") as output:
        popen = subprocess.Popen([program, "--config", path], stdout=output, stderr=output)
    jaeger = Jaeger(ports, log)
    try:
        wait_for(lambda: jaeger.is_ready(popen), seconds=60, what="Jaeger is ready")
        yield jaeger
    finally:
        popen.terminate()
        popen.wait(30)


def send(jaeger: Jaeger) -> str:
    """Export a request with a statement as the backend does, and return the trace's id."""
    settings = Settings(
        database_host="x", database_name="x", database_user="x", otlp_endpoint=jaeger.url("4318")
    )
    traces = OtlpTraces(settings, service=SERVICE, ratio=1.0)
    trail: Trail = traces.begin()
    now = time.time_ns()
    trail.operations.append(Operation(STATEMENT, now, now + 1_000_000, error=None))
    attributes: dict[str, str | int] = {
        "http.request.method": "GET",
        "http.response.status_code": 200,
    }
    traces.export(trail, "GET /api/v1/alerts", attributes, failed=False)
    traces.shutdown()
    return trail.trace_id


def test_a_trace_of_the_backend_is_found_as_grafana_asks(program: Path, tmp_path: Path) -> None:
    with running(program, configuration(), tmp_path) as jaeger:
        identity = send(jaeger)
        [trace] = wait_for(lambda: jaeger.trace(identity), seconds=15, what="the trace")
        names = {span["operationName"] for span in trace["spans"]}
        assert names == {"GET /api/v1/alerts", "SELECT alerts"}
        assert jaeger.get("/api/services") == [SERVICE]
        operations = jaeger.get(f"/api/services/{SERVICE}/operations")
        assert set(operations) == names
        now = int(time.time() * 1e6)
        search: dict[str, str | int] = {
            "service": SERVICE,
            "start": now - 60_000_000,
            "end": now,
            "limit": 20,
        }
        [found] = jaeger.get(
            "/api/traces", **search, tags='{"http.response.status_code":"200"}', lookback="custom"
        )
        assert found["traceID"] == identity
        assert jaeger.get("/api/traces", **search, tags='{"http.response.status_code":"500"}') == []
        metrics = httpx2.get(f"{jaeger.url('8888')}/metrics").text
        assert "otelcol_receiver_accepted_spans" in metrics
        assert "otelcol_exporter_sent_spans" in metrics


def test_traces_outlive_the_program(program: Path, tmp_path: Path) -> None:
    with running(program, configuration(), tmp_path) as jaeger:
        identity = send(jaeger)
        wait_for(lambda: jaeger.trace(identity), seconds=15, what="the trace")
    with running(program, configuration(), tmp_path) as jaeger:
        assert jaeger.trace(identity)


def test_traces_are_forgotten(program: Path, tmp_path: Path) -> None:
    """Ours is 72 hours: the same key with a few seconds shows that it is this one that counts."""
    short = configuration()
    assert backend_of(short)["ttl"] == {"spans": "72h"}
    backend_of(short)["ttl"]["spans"] = "5s"
    with running(program, short, tmp_path) as jaeger:
        identity = send(jaeger)
        wait_for(lambda: jaeger.trace(identity), seconds=5, what="the trace")
        wait_for(lambda: not jaeger.trace(identity), seconds=30, what="the trace has gone")
