"""What a real Prometheus makes of /metrics: series, exemplars that lead to their trace, rules."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from backend.settings import Settings
from tests.support.chart import CHART
from tests.support.collector import collecting
from tests.support.polling import wait_for
from tests.support.process import API, running
from tests.support.settings import environment_of
from tests.support.tools import require_tool

PATH = "/api/v1/alerts"


@pytest.fixture(scope="module")
def program() -> str:
    return require_tool("prometheus", package="prometheus")


class Prometheus:
    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, path: str, **parameters: str) -> Any:
        answer = httpx2.get(f"{self.url}/api/v1/{path}", params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def is_ready(self) -> bool:
        try:
            return httpx2.get(f"{self.url}/-/ready").status_code == 200
        except httpx2.TransportError:
            return False


@contextmanager
def scraping(program: str, target: str, directory: Path) -> Iterator[Prometheus]:
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(CHART / "files" / "rules" / "*.yaml")],
        "scrape_configs": [{"job_name": "backend", "static_configs": [{"targets": [target]}]}],
    }
    (directory / "prometheus.yml").write_text(yaml.safe_dump(config))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603  # Debian's Prometheus, on a file of ours
            [
                program,
                f"--config.file={directory / 'prometheus.yml'}",
                f"--storage.tsdb.path={directory / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--enable-feature=exemplar-storage",
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        prometheus = Prometheus(f"http://127.0.0.1:{port}")
        wait_for(prometheus.is_ready, seconds=30, what="Prometheus is ready")
        yield prometheus
    finally:
        process.terminate()
        process.wait(10)


def test_prometheus_leads_from_a_slow_bucket_to_the_trace_and_the_log(
    settings: Settings, program: str, tmp_path: Path
) -> None:
    with collecting() as collector:
        traced = settings.model_copy(
            update={
                "otlp_endpoint": collector.endpoint,
                "trace_sample_ratio": 1.0,
                "log_level": "info",
            }
        )
        with running(API, environment_of(traced)) as process:
            url = process.base_url()
            assert httpx2.get(f"{url}{PATH}").status_code == 401
            with scraping(program, url.removeprefix("http://"), tmp_path) as prometheus:
                (found,) = wait_for(
                    lambda: prometheus.ask(
                        "query_exemplars",
                        query=f'backend_http_request_duration_seconds_bucket{{route="{PATH}"}}',
                        start="0",
                        end="9999999999",
                    ),
                    seconds=30,
                    what="the exemplar is stored",
                )
                (count,) = prometheus.ask(
                    "query", query=f'backend_http_requests_total{{route="{PATH}", status="4xx"}}'
                )["result"]
            process.terminate()
            process.wait()
            (event,) = (e for e in process.events() if e["event"] == "http_request")

    trace_id = found["exemplars"][0]["labels"]["trace_id"]
    assert collector.named(f"GET {PATH}").trace_id == trace_id == event["trace_id"]
    assert count["value"][1] == "1"


def test_prometheus_evaluates_every_rule_without_an_error(
    settings: Settings, program: str, tmp_path: Path
) -> None:
    with running(API, environment_of(settings)) as process:
        target = process.base_url().removeprefix("http://")
        with scraping(program, target, tmp_path) as prometheus:

            def rules() -> list[Any]:
                return [r for group in prometheus.ask("rules")["groups"] for r in group["rules"]]

            wait_for(
                lambda: rules() and all(rule["health"] != "unknown" for rule in rules()),
                seconds=90,  # the objectives' group is evaluated once a minute
                what="every rule has been evaluated",
            )
            evaluated = rules()

    assert len(evaluated) > 20
    assert {
        rule["name"]: rule.get("lastError") for rule in evaluated if rule["health"] != "ok"
    } == {}
