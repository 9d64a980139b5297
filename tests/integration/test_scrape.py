"""What a real Prometheus makes of /metrics: series, exemplars that lead to their trace, rules."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from backend.settings import Settings
from tests.support.collector import collecting
from tests.support.polling import wait_for
from tests.support.process import API, running
from tests.support.real_prometheus import RULE_FILES, Prometheus, prometheus
from tests.support.settings import environment_of

PATH = "/api/v1/alerts"


@contextmanager
def scraping(target: str, directory: Path) -> Iterator[Prometheus]:
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(file) for file in RULE_FILES],
        "scrape_configs": [{"job_name": "backend", "static_configs": [{"targets": [target]}]}],
    }
    with prometheus(config, directory) as found:
        yield found


def test_prometheus_leads_from_a_slow_bucket_to_the_trace_and_the_log(
    settings: Settings, tmp_path: Path
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
            with scraping(url.removeprefix("http://"), tmp_path) as asked:
                (found,) = wait_for(
                    lambda: asked.ask(
                        "query_exemplars",
                        query=f'backend_http_request_duration_seconds_bucket{{route="{PATH}"}}',
                        start="0",
                        end="9999999999",
                    ),
                    seconds=30,
                    what="the exemplar is stored",
                )
                (count,) = asked.ask(
                    "query", query=f'backend_http_requests_total{{route="{PATH}", status="4xx"}}'
                )["result"]
                births = asked.ask("query", query='count({__name__=~".+_created"})')["result"]
            process.terminate()
            process.wait()
            (event,) = (e for e in process.events() if e["event"] == "http_request")

    trace_id = found["exemplars"][0]["labels"]["trace_id"]
    assert collector.named(f"GET {PATH}").trace_id == trace_id == event["trace_id"]
    assert count["value"][1] == "1"
    assert births == [], "of 122 series, 28 said when another one began"


def test_prometheus_evaluates_every_rule_without_an_error(
    settings: Settings, tmp_path: Path
) -> None:
    with running(API, environment_of(settings)) as process:
        target = process.base_url().removeprefix("http://")
        with scraping(target, tmp_path) as asked:

            def rules() -> list[Any]:
                return [r for group in asked.ask("rules")["groups"] for r in group["rules"]]

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
