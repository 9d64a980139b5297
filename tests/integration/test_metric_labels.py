"""Labels are bounded: whatever is sent, each has one of the values that are named here.

A metric with a new label, or a label with a new value, has to be named here first.
"""

import asyncio
from pathlib import Path

import httpx2
import orjson
import pytest
from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.parser import text_string_to_metric_families
from starlette.routing import Route

from backend import __version__, worker
from backend.app import ROUTERS
from backend.console import router as console
from backend.console import sign_in
from backend.settings import Settings
from backend.telemetry.metrics import METHODS
from tests.support.alertmanager import make_alert, make_message
from tests.support.polling import wait_for
from tests.support.process import API, WORKER, Process, running
from tests.support.settings import environment_of

WEBHOOK = "/api/v1/webhooks/alertmanager"
HOSTILE = "hostile-"

_ROUTERS = (*ROUTERS, console.pages, sign_in.router)
_ROUTES = {route.path for router in _ROUTERS for route in router.routes if isinstance(route, Route)}
ROUTES = {*_ROUTES, "/metrics", "/api/openapi.json", "unmatched"}
TASKS = {"pulse", *(job.name for job in worker.JOBS)}
TABLES = {"alert", "delivery", "episode"}
# Everything that backend/alerts/intake/rejections.py can say.
REJECTIONS = {
    *("alert_too_large", "invalid_alert", "lone_surrogate", "nul_character", "not_an_object"),
    "invalid_utf8",
    *("missing_field", "invalid_status", "invalid_fingerprint", "invalid_time"),
    *("too_many_labels", "invalid_labels", "label_name_too_long", "label_value_too_long"),
}
REPAIRS = {
    *("annotation_converted", "annotation_cut", "annotation_dropped", "label_converted"),
    *("label_dropped", "time_dropped", "fingerprint_computed"),
}
METHOD = {*METHODS, "other"}
ALLOWED: dict[str, dict[str, set[str]]] = {
    "backend_http_requests": {
        "route": ROUTES,
        "method": METHOD,
        "status": {"2xx", "3xx", "4xx", "5xx"},
    },
    "backend_http_request_duration_seconds": {"route": ROUTES, "method": METHOD},
    "backend_database_pool_connections": {"state": {"used", "idle"}},
    "backend_database_errors": {"kind": {"connect", "pool", "passing", "value"}},
    "backend_build_info": {"version": {__version__}},
    "backend_deliveries": {"outcome": {"stored", "refused"}},
    "backend_alerts_rejected": {"code": REJECTIONS},
    "backend_alerts_repaired": {"code": REPAIRS},
    "backend_console_sign_ins": {
        "outcome": {"signed_in", "expired_form", "no_token", "unknown_token", "no_reader"},
    },
    "backend_job_runs": {
        "task": TASKS,
        "outcome": {"succeeded", "failed", "timed_out", "cancelled"},
    },
    "backend_job_duration_seconds": {"task": TASKS},
    "backend_job_last_success_timestamp_seconds": {"task": TASKS},
    "backend_jobs_waiting": {"kind": {"job", "schedule"}},
    "backend_jobs_waiting_oldest_seconds": {"kind": {"job", "schedule"}},
    "backend_partitions_dropped": {"table": TABLES},
    "backend_retention_rows_deleted": {"table": TABLES},
    "backend_partition_changes_postponed": {"table": TABLES},
    "backend_partitions_ahead": {"table": TABLES},
    "backend_partition_default_rows": {"table": TABLES},
}
# Of the formats, not of ours.
_FORMAT = {"le"}


def test_each_label_of_each_metric_is_named_here() -> None:
    collectors = {
        collector._name: set(collector._labelnames)
        for collector in REGISTRY._names_to_collectors.values()
        if isinstance(collector, MetricWrapperBase) and collector._name.startswith("backend_")
    }

    assert len(collectors) > 20
    assert {name: labels for name, labels in collectors.items() if labels} == {
        name: set(labels) for name, labels in ALLOWED.items()
    }


def _hostile_alerts() -> list[object]:
    good = make_alert()
    return [
        make_alert(status="hostile-status"),
        make_alert(fingerprint="hostile fingerprint"),
        make_alert(starts_at="hostile-time"),
        make_alert(labels={"hostile-name" * 1000: "x"}),
        make_alert(labels={"hostile-value": "x" * 100_000}),
        make_alert(labels={f"hostile-{number}": "x" for number in range(500)}),
        make_alert(labels={"hostile": 5}),
        make_alert(annotations={"hostile": "\x00"}),
        {name: value for name, value in good.items() if name != "labels"} | {"labels": "hostile"},
        {name: value for name, value in good.items() if name != "hostile-and-fingerprint"},
        {"hostile-alert": True},
        "hostile-text",
        good,
    ]


async def _attack(url: str, token: str) -> None:
    async with httpx2.AsyncClient(base_url=url, follow_redirects=False) as client:
        for number in range(20):
            await client.get(f"/hostile-{number}")
            await client.get(f"/api/v1/alerts/hostile-{number}/hostile-{number}")
            # The server itself refuses what is no method of any RFC.
            await client.request(("PROPFIND", "LOCK", "PURGE")[number % 3], "/api/v1/alerts")
            await client.post("/sign-in", data={"token": f"hostile-{number}"})
        client.headers["Authorization"] = f"Bearer {token}"
        for number in range(20):
            await client.get(f"/api/v1/alerts/hostile-{number}/hostile-{number}")
            await client.post(WEBHOOK, content=b"hostile" * number)
        body = orjson.dumps(make_message(*_hostile_alerts()))
        answer = await client.post(WEBHOOK, content=body)
        assert (len(answer.json()["rejected"]), len(answer.json()["repaired"])) == (9, 2), (
            answer.text
        )


def _check(text: str) -> set[str]:
    """Assert that each label has an allowed value, and return the metrics that were seen."""
    seen = set()
    for family in text_string_to_metric_families(text):
        # Each counter and histogram also says when it was made.
        name = family.name.removesuffix("_created")
        if name.startswith("backend_"):
            seen.add(name)
            for sample in family.samples:
                for label in sample.labels.keys() - _FORMAT:
                    assert sample.labels[label] in ALLOWED[name][label], sample
    return seen


def _scrape(process: Process) -> str:
    answer = httpx2.get(f"{process.base_url()}/metrics")
    assert answer.status_code == 200
    return answer.text


async def test_no_client_makes_the_labels_of_the_api_grow(
    settings: Settings, admin_token: str, tmp_path: Path
) -> None:
    key = tmp_path / "key"
    key.write_text("0123456789abcdef" * 4)
    with running(
        API, environment_of(settings.model_copy(update={"session_key_file": key}))
    ) as process:
        url = await asyncio.to_thread(process.base_url)
        await _attack(url, admin_token)
        text = await asyncio.to_thread(_scrape, process)

    assert HOSTILE not in text.lower()
    assert _check(text) >= {"backend_alerts_rejected", "backend_alerts_repaired"}
    assert text.count("backend_http_request_duration_seconds_count") < 40


def test_the_labels_of_the_worker_are_these(scratch_settings: Settings) -> None:
    changes = {"worker_host": "127.0.0.1", "worker_port": 0, "log_level": "info"}
    with running(WORKER, environment_of(scratch_settings.model_copy(update=changes))) as process:
        wait_for(lambda: 'kind="schedule"' in _scrape(process), seconds=30, what="it looks")
        seen = _check(_scrape(process))

    assert seen >= {"backend_jobs_waiting", "backend_jobs_waiting_oldest_seconds"}


def test_the_check_sees_a_value_that_is_not_named() -> None:
    text = '# TYPE backend_deliveries_total counter\nbackend_deliveries_total{outcome="new"} 1\n'
    with pytest.raises(AssertionError):
        _check(text)
    assert _check(text.replace("new", "stored")) == {"backend_deliveries"}
