"""The backend's log lines, as the container runtime writes them, through our own configuration.

What reads them is the stand-in for Alloy, what takes them the stand-in for Loki; what is asked is
Grafana's link from a trace.
"""

import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
import structlog

from backend.telemetry import logs
from backend.telemetry.tracing import Trail, leaving
from e2e.load_balancer.fake_controller.api import Api
from e2e.monitoring.alloy.agent import Agent
from e2e.monitoring.alloy.errors import AlloyError
from e2e.monitoring.loki.server import serve
from e2e.monitoring.loki.store import Store
from e2e.tests.unit.test_loki_stand_in import LIMITS as SMALL
from infra import naming, versions
from infra.config.charts import chart_values
from infra.config.observability import ObservabilityOptions
from infra.monitoring.data_sources import data_sources

TRACE = "0af7651916cd43dd8448eb211c80319c"
LIMITS = replace(SMALL, max_label_names=15, max_line_bytes=262144, max_streams=3000)
ENVIRONMENT = {"K8S_NODE_NAME": "node-a"}


class Cluster(Api):
    """As much of an API server as the stand-in asks."""

    def __init__(self, *pods: dict[str, Any]) -> None:
        self.pods = list(pods)
        self.asked: list[str] = []

    def items(self, path: str) -> list[dict[str, Any]]:
        self.asked.append(path)
        return self.pods

    def wait_for_change(self, path: str, seconds: int) -> None:
        """Nothing ever changes by itself."""


def pod(namespace: str, name: str, **status: object) -> dict[str, Any]:
    metadata = {"app.kubernetes.io/name": name}
    return {
        "metadata": {"namespace": namespace, "name": f"{name}-1", "uid": name, "labels": metadata},
        "spec": {
            "nodeName": "node-a",
            "containers": [
                # Two ports are two targets, and one file.
                {"name": "main", "ports": [{"containerPort": 8000}, {"containerPort": 9000}]}
            ],
        },
        "status": {"podIP": "10.0.11.130", "phase": "Running", **status},
    }


BACKEND = pod(naming.NAMESPACE, "backend")
OTHER = pod("kube-system", "coredns")


def now(offset: float = 0) -> str:
    moment = datetime.fromtimestamp(time.time() + offset, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}789Z"


def backend_line(event: str = "delivery stored", **fields: object) -> str:
    """Give the line that the backend's own logger writes within a trace."""
    stream = io.BytesIO()
    with leaving(Trail(trace_id=TRACE, sampled=True)):
        structlog.wrap_logger(
            structlog.BytesLogger(stream), processors=logs.processors(tracing=True)
        ).info(event, **fields)
    return stream.getvalue().decode().removesuffix("\n")


class Loki:
    """The stand-in, on a port of this machine that stays its own when it stops."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server = serve(Store(folder), LIMITS, 0)
        self.port: int = self._server.server_port
        self._run()

    def _run(self) -> None:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def start(self) -> None:
        self._server = serve(Store(self._folder), LIMITS, self.port)
        self._run()

    def find(self, query: str) -> list[tuple[dict[str, str], str]]:
        """Give each line with its labels and its metadata."""
        url = f"http://127.0.0.1:{self.port}/loki/api/v1/query_range"
        answer = httpx2.get(url, params={"query": query, "direction": "forward"})
        answer.raise_for_status()
        return [
            (stream["stream"], line)
            for stream in answer.json()["data"]["result"]
            for _, line in stream["values"]
        ]


@pytest.fixture
def loki(tmp_path: Path) -> Iterator[Loki]:
    started = Loki(tmp_path / "loki")
    yield started
    started.stop()


def configuration(tmp_path: Path, port: int) -> str:
    """Give our own, with this test's folder and address instead of a node's and Loki's."""
    values: Any = chart_values(versions.ALLOY_CHART)
    text: str = values["alloy"]["configMap"]["content"]
    service = naming.service_url(naming.LOKI, naming.MONITORING_NAMESPACE, 3100)
    assert service in text
    assert "/var/log/pods/" in text
    return text.replace(service, f"http://127.0.0.1:{port}").replace(
        "/var/log/pods/", f"{tmp_path}/pods/"
    )


Write = Callable[..., None]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def append(item: dict[str, Any], *lines: str, container: str = "main") -> None:
        metadata = item["metadata"]
        folder = "_".join(metadata[key] for key in ("namespace", "name", "uid"))
        path = tmp_path / "pods" / folder / container / "0.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            file.writelines(f"{line}\n" for line in lines)

    return append


Make = Callable[..., Agent]


@pytest.fixture
def make(tmp_path: Path, loki: Loki) -> Make:
    def build(*pods: dict[str, Any]) -> Agent:
        agent = Agent(
            configuration(tmp_path, loki.port),
            api=Cluster(*pods),
            environment=ENVIRONMENT,
            storage=tmp_path / "storage",
        )
        for discovery in agent.discoveries:
            discovery.look()
        return agent

    return build


def link_from_a_trace(trace: str) -> str:
    """Give the query that Grafana sends: `$$` is its `$`, and the variable is the trace's id."""
    [jaeger] = [each for each in data_sources(ObservabilityOptions()) if each["uid"] == "jaeger"]
    settings: Any = jaeger["jsonData"]
    query: str = settings["tracesToLogsV2"]["query"]
    return query.replace("$$", "$").replace("${__trace.traceId}", trace)


def test_a_line_of_the_backend_is_found_from_its_trace(
    make: Make, write: Write, loki: Loki
) -> None:
    line = backend_line(alerts=3)
    write(BACKEND, f"{now()} stdout F {line}")
    write(OTHER, f"{now()} stderr F plain text, and {TRACE} in it")
    make(BACKEND, OTHER).step()
    assert loki.find(link_from_a_trace(TRACE)) == [
        (
            {
                "namespace": naming.NAMESPACE,
                "pod": "backend-1",
                "container": "main",
                "service_name": "backend",
                "level": "info",
                "trace_id": TRACE,
            },
            line,
        )
    ]
    assert json.loads(line)["trace_id"] == TRACE
    assert loki.find(link_from_a_trace("f" * 32)) == []


def test_the_trace_makes_no_stream_of_its_own(make: Make, write: Write, loki: Loki) -> None:
    write(BACKEND, *(f"{now()} stdout F {backend_line(event)}" for event in "abc"))
    make(BACKEND).step()
    url = f"http://127.0.0.1:{loki.port}/loki/api/v1/labels"
    names = httpx2.get(url).json()["data"]
    assert names == ["container", "level", "namespace", "pod", "service_name"]


def test_parts_of_a_long_line_become_one(make: Make, write: Write, loki: Loki) -> None:
    line = backend_line(detail="x" * 40)
    # The runtime cuts at 16 KiB; each part comes with a time, and other streams come between.
    write(BACKEND, f"{now()} stdout P {line[:50]}", f"{now()} stderr F between")
    agent = make(BACKEND)
    agent.step()
    assert [found for _, found in loki.find('{namespace=~".+"}')] == ["between"]
    write(BACKEND, f"{now()} stdout P {line[50:60]}", f"{now()} stdout F {line[60:]}")
    agent.step()
    assert [found for _, found in loki.find(link_from_a_trace(TRACE))] == [line]


@pytest.mark.parametrize(
    "text", ["no JSON at all", "{", "[1]", '"text"', '{"level": "info"}', '{"trace_id": null}', ""]
)
def test_a_line_without_a_trace_goes_through(
    make: Make, write: Write, loki: Loki, text: str
) -> None:
    write(BACKEND, f"{now()} stdout F {text}")
    make(BACKEND).step()
    [(labels, line)] = loki.find('{namespace="observability"}')
    assert line == text
    assert "trace_id" not in labels


def test_json_of_other_namespaces_stays_text(make: Make, write: Write, loki: Loki) -> None:
    write(OTHER, f"{now()} stdout F {backend_line()}")
    make(OTHER).step()
    [(labels, _)] = loki.find('{namespace="kube-system"}')
    assert labels.keys() == {"namespace", "pod", "container", "service_name"}


def test_time_is_the_runtimes_and_not_that_of_reading(
    make: Make, write: Write, tmp_path: Path
) -> None:
    written = now(-60)
    write(BACKEND, f"{written} stdout F x")
    make(BACKEND).step()
    [(_, [line])] = Store(tmp_path / "loki").entries(0, time.time_ns())
    moment = datetime.fromtimestamp(line.time // 10**9, UTC)
    assert written == f"{moment:%Y-%m-%dT%H:%M:%S}.{line.time % 10**9:09}Z"


def test_pods_that_run_no_more_are_not_read(make: Make, write: Write, loki: Loki) -> None:
    done = pod(naming.NAMESPACE, "migration", phase="Succeeded")
    waiting = pod(naming.NAMESPACE, "waiting", podIP="")
    for item in (done, waiting):
        write(item, f"{now()} stdout F x")
    make(done, waiting).step()
    assert loki.find('{namespace=~".+"}') == []


def test_it_asks_for_the_pods_of_its_own_node(tmp_path: Path) -> None:
    cluster = Cluster()
    agent = Agent(
        configuration(tmp_path, 1), api=cluster, environment=ENVIRONMENT, storage=tmp_path
    )
    agent.discoveries[0].look()
    assert cluster.asked == ["/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-a"]


def test_after_a_restart_it_goes_on_where_it_was(make: Make, write: Write, loki: Loki) -> None:
    write(BACKEND, f"{now()} stdout F one")
    first = make(BACKEND)
    first.step()
    write(BACKEND, f"{now()} stdout F two")
    second = make(BACKEND)
    second.step()
    assert [line for _, line in loki.find('{pod="backend-1"}')] == ["one", "two"]
    assert sum(writer.sent for writer in second.writers.values()) == 1


def test_nothing_is_lost_while_loki_is_away(make: Make, write: Write, loki: Loki) -> None:
    write(BACKEND, f"{now()} stdout F one")
    agent = make(BACKEND)
    loki.stop()
    agent.step()
    write(BACKEND, f"{now()} stdout F two")
    agent.step()
    loki.start()
    agent.step()
    agent.step()
    assert [line for _, line in loki.find('{pod="backend-1"}')] == ["one", "two"]


def test_what_loki_refuses_is_dropped_and_counted(make: Make, write: Write, loki: Loki) -> None:
    write(BACKEND, f"{now(-99999)} stdout F too old")
    agent = make(BACKEND)
    agent.step()
    write(BACKEND, f"{now()} stdout F new")
    agent.step()
    assert [writer.dropped for writer in agent.writers.values()] == [1]
    assert [line for _, line in loki.find('{pod="backend-1"}')] == ["new"]


def test_a_file_that_was_replaced_is_read_from_its_start(
    make: Make, write: Write, loki: Loki, tmp_path: Path
) -> None:
    agent = make(BACKEND)
    write(BACKEND, f"{now()} stdout F one")
    agent.step()
    [path] = (tmp_path / "pods").rglob("0.log")
    path.rename(path.with_name("0.log.20261126-150000"))
    write(BACKEND, f"{now()} stdout F two")
    agent.step()
    assert [line for _, line in loki.find('{pod="backend-1"}')] == ["one", "two"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("stage.cri { }", "stage.docker { }", "reference.txt"),
        ("stage.cri { }", 'stage.regex { expression = "x" }', "executes no stage.regex"),
        ("stage.cri { }", "stage.cri { max_partial_lines = 5 }", "executes no max_partial_lines"),
        ('role = "pod"\n  sel', 'role = "node"\n  sel', "'node' of discovery.kubernetes"),
        ('action        = "drop"', 'action        = "hashmod"', "'hashmod' of rule"),
        ("__meta_kubernetes_pod_phase", "__meta_kubernetes_pod_fase", "no label of a pod's target"),
        ('"K8S_NODE_NAME"', '"NODE_NAME"', "the environment has no NODE_NAME"),
        ('level = "level", ', 'level = "a.b", ', "'a.b' is more than a field's name"),
        ("loki.write.loki.receiver", "loki.write.loky.receiver", "leads to no component"),
    ],
)
def test_what_it_does_not_know_is_an_error(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    text = configuration(tmp_path, 1)
    assert old in text
    with pytest.raises(AlloyError, match=message):
        Agent(text.replace(old, new), api=Cluster(), environment=ENVIRONMENT, storage=tmp_path)
