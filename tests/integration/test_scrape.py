"""What a real Prometheus makes of /metrics: series, and exemplars that lead to their trace."""

from pathlib import Path

import httpx2

from backend.settings import Settings
from tests.support.chart import Tree
from tests.support.collector import collecting
from tests.support.polling import wait_for
from tests.support.process import API, running
from tests.support.prometheus import running_prometheus
from tests.support.settings import environment_of

PATH = "/api/v1/alerts"


def scraping(url: str) -> Tree:
    target = {"targets": [url.removeprefix("http://")]}
    return {
        "global": {"scrape_interval": "1s"},
        "scrape_configs": [{"job_name": "backend", "static_configs": [target]}],
    }


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
            with running_prometheus(scraping(url), tmp_path) as asked:
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
                (count,) = asked.query(
                    f'backend_http_requests_total{{route="{PATH}", status="4xx"}}'
                )
                births = asked.query('count({__name__=~".+_created"})')
            process.terminate()
            process.wait()
            (event,) = (e for e in process.events() if e["event"] == "http_request")

    trace_id = found["exemplars"][0]["labels"]["trace_id"]
    assert collector.named(f"GET {PATH}").trace_id == trace_id == event["trace_id"]
    assert count["value"][1] == "1"
    assert births == [], "of 122 series, 28 said when another one began"
