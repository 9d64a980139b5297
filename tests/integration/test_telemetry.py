"""Tracing: what reaches a collector, what is kept, and what it may never cost."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import asynccontextmanager
from time import monotonic
from typing import TYPE_CHECKING

import httpx2
import pytest
from fastapi import FastAPI, Request
from sqlalchemy import text

from backend.app import create_app
from backend.db.session import ReadSessionDep
from backend.errors import Unavailable
from backend.settings import Settings
from backend.telemetry import export
from backend.telemetry.tracing import MAX_OPERATIONS
from tests.support.alertmanager import make_alert, make_message
from tests.support.collector import Collector, collecting
from tests.support.http import client_of
from tests.support.logs import Logged
from tests.support.process import API, run, running
from tests.support.settings import environment_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PATH = "/api/v1/integrations"
WEBHOOK = "/api/v1/webhooks/alertmanager"
CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SAMPLED = {"traceparent": f"00-{CALLER[0]}-{CALLER[1]}-01"}


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


def traced(settings: Settings, endpoint: str, **changes: object) -> Settings:
    """Settings that export, and by themselves sample nothing."""
    return settings.model_copy(
        update={"otlp_endpoint": endpoint, "trace_sample_ratio": 0.0, "log_level": "info"} | changes
    )


def with_failing_routes(app: FastAPI) -> FastAPI:
    @app.get("/broken")
    async def broken(session: ReadSessionDep) -> None:
        await (await session.connection()).execute(text("SELECT count(*) FROM integration"))
        raise RuntimeError("nobody expected this")

    @app.get("/unavailable")
    async def unavailable(session: ReadSessionDep) -> None:
        await (await session.connection()).execute(text("SELECT 1 / 0"))

    @app.get("/busy")
    async def busy(session: ReadSessionDep) -> None:
        for _ in range(MAX_OPERATIONS + 5):
            await (await session.connection()).execute(text("SELECT 1"))
        raise Unavailable

    @app.get("/fine")
    async def fine(request: Request) -> str:
        return request.url.path

    return app


@asynccontextmanager
async def tracing(settings: Settings) -> "AsyncIterator[httpx2.AsyncClient]":
    """A client of a traced application; leaving sends what waits."""
    async with client_of(with_failing_routes(create_app(settings))) as client:
        yield client


async def test_a_request_is_a_span_whose_trace_is_in_the_log(
    settings: Settings, admin_token: str, collector: Collector
) -> None:
    with running(API, environment_of(traced(settings, collector.endpoint))) as process:
        url = await asyncio.to_thread(process.base_url)
        async with httpx2.AsyncClient(base_url=url) as client:
            await client.get("/ready", headers=SAMPLED)
            await client.get(PATH, headers={"Authorization": f"Bearer {admin_token}"} | SAMPLED)
        process.terminate()
        await asyncio.to_thread(process.wait)
        events = [event for event in process.events() if event["event"] == "http_request"]

    assert collector.paths == {"/v1/traces"}
    (span,) = (span for span in collector.spans if span.parent_id == CALLER[1])  # no probe
    assert (span.name, span.trace_id) == (f"GET {PATH}", CALLER[0])
    assert span.attributes["http.route"] == PATH
    assert span.attributes["http.response.status_code"] == 200
    assert span.resource["service.name"] == "backend"
    assert span.resource["deployment.environment.name"] == "test"
    assert {each.trace_id for each in collector.spans} == {CALLER[0]}
    assert [event.get("trace_id") for event in events] == [span.trace_id]
    assert not any(admin_token in each.text for each in collector.spans)


async def test_a_delivery_shows_its_statements_in_order_and_none_of_its_values(
    settings: Settings, admin_token: str, collector: Collector
) -> None:
    async with tracing(traced(settings, collector.endpoint)) as client:
        headers = {"Authorization": f"Bearer {admin_token}"}
        await client.get(PATH, headers=headers)  # opens the connection
        message = make_message(make_alert(labels={"alertname": "a", "who": "somebody-secret"}))
        answer = await client.post(WEBHOOK, json=message, headers=headers | SAMPLED)

    assert answer.status_code == 200
    delivery = collector.named(f"POST {WEBHOOK}")
    children = collector.below(delivery)
    assert [child.name for child in children] == [
        "SELECT token",
        "INSERT alert",
        "INSERT open_episode",
        "COMMIT",
    ]
    assert [child.attributes["db.system.name"] for child in children] == ["postgresql"] * 4
    assert "INSERT INTO alert" in children[1].attributes["db.query.text"]
    for child, next_one in zip(children, [*children[1:], delivery], strict=True):
        assert child.began_ns <= child.ended_ns <= next_one.ended_ns
    assert delivery.began_ns <= children[0].began_ns
    assert not any("somebody-secret" in span.text for span in collector.spans)


async def test_of_what_is_not_sampled_only_errors_are_sent(
    settings: Settings, collector: Collector
) -> None:
    async with tracing(traced(settings, collector.endpoint)) as client:
        assert (await client.get("/fine")).status_code == 200
        assert (await client.get("/nowhere")).status_code == 404
        assert (await client.get("/broken")).status_code == 500

    broken = collector.named("GET /broken")
    assert broken.failed
    names = [child.name for child in collector.below(broken)]
    assert names == ["CONNECT", "SELECT integration"]
    assert {span.trace_id for span in collector.spans} == {broken.trace_id}


async def test_one_trace_id_is_in_the_error_the_log_the_exemplar_and_the_trace(
    settings: Settings, collector: Collector, logged: Logged
) -> None:
    async with tracing(traced(settings, collector.endpoint)) as client:
        problem = (await client.get("/broken")).json()
        accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
        metrics = (await client.get("/metrics", headers=accept)).text

    trace_id = collector.named("GET /broken").trace_id
    assert problem["trace_id"] == trace_id
    for name in ("unhandled_error", "http_request"):
        assert [event["trace_id"] for event in logged.events(name)] == [trace_id]
    (line,) = (line for line in metrics.splitlines() if f' # {{trace_id="{trace_id}"}} ' in line)
    assert line.startswith("backend_http_request_duration_seconds_bucket{")
    assert 'route="/broken"' in line


async def test_a_statement_that_fails_says_so(settings: Settings, collector: Collector) -> None:
    async with tracing(traced(settings, collector.endpoint)) as client:
        await client.get("/unavailable", headers=SAMPLED)

    failed = collector.named("SELECT")
    assert failed.failed
    assert "SELECT 1 / 0" in failed.attributes["db.query.text"]
    assert failed.attributes["error.type"] == "DivisionByZeroError"


async def test_one_request_has_a_limited_number_of_spans(
    settings: Settings, collector: Collector
) -> None:
    async with tracing(traced(settings, collector.endpoint)) as client:
        await client.get("/busy")

    busy = collector.named("GET /busy")
    assert len(collector.below(busy)) == MAX_OPERATIONS
    assert busy.attributes["backend.omitted_spans"] == 6  # 5 statements and the connect


async def test_a_job_is_a_trace_of_its_own_and_the_pulse_is_none(
    scratch_settings: Settings, collector: Collector
) -> None:
    settings = traced(scratch_settings, collector.endpoint, worker_host="127.0.0.1", worker_port=0)
    program = (
        "import dataclasses, sys\n"
        "from backend import worker\n"
        "from backend.jobs import scheduler\n"
        "scheduler.PULSE_CRON = '* * * * * *'\n"
        "worker.JOBS = tuple(dataclasses.replace(j, cron='* * * * * *') for j in worker.JOBS)\n"
        "worker.create_worker.__defaults__ = (worker.JOBS,)\n"
        "sys.exit(worker.main())\n"
    )
    with running(("-c", program), environment_of(settings)) as process:
        await asyncio.to_thread(process.base_url)
        async with asyncio.timeout(30):
            while not [e for e in process.events() if e.get("job") == "retention"]:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        process.terminate()
        await asyncio.to_thread(process.wait)
        ended = [event for event in process.events() if event["event"] == "job_ended"]

    jobs = [span for span in collector.spans if span.name == "job retention"]
    roots = {span.name for span in collector.spans if not span.parent_id}
    assert "job retention" in roots
    assert "job pulse" not in roots
    assert jobs[0].resource["service.name"] == "backend-worker"
    assert jobs[0].attributes["backend.job.outcome"] == "succeeded"
    assert "SELECT pg_inherits" in {child.name for child in collector.below(jobs[0])}
    assert {e.get("trace_id") for e in ended if e["job"] == "pulse"} <= {None}
    of_retention = {event["trace_id"] for event in ended if event["job"] == "retention"}
    assert jobs[0].trace_id in of_retention


@pytest.mark.parametrize("answers", [False, True], ids=["refuses", "accepts and says nothing"])
async def test_a_collector_that_does_not_work_costs_no_request_and_no_time(
    answers: bool, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "EXPORT_SECONDS", 2.0)
    monkeypatch.setattr(export, "FLUSH_SECONDS", 0.2)
    monkeypatch.setattr(export, "QUEUE_SPANS", 20)
    monkeypatch.setattr(export, "BATCH_SPANS", 5)
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        if answers:
            server.listen()
        endpoint = f"http://127.0.0.1:{server.getsockname()[1]}"
        async with tracing(traced(settings, endpoint, trace_sample_ratio=1.0)) as client:
            began = monotonic()
            statuses = [(await client.get("/fine")).status_code for _ in range(50)]
            took = monotonic() - began
            closing = monotonic()
        assert monotonic() - closing < 4  # four batches of two seconds wait
    assert statuses == [200] * 50
    assert took < 5


@pytest.mark.parametrize("module", ["backend.asgi", "backend.worker"])
def test_without_an_endpoint_the_sdk_is_not_even_imported(settings: Settings, module: str) -> None:
    program = (
        f"import sys, {module};"
        "print([name for name in sys.modules if name.startswith('opentelemetry.sdk')])"
    )

    ended = run(("-c", program), environment_of(settings))

    assert ended.stdout == "[]\n", ended.stderr


async def test_without_tracing_nothing_speaks_of_traces(settings: Settings, logged: Logged) -> None:
    async with client_of(with_failing_routes(create_app(settings))) as client:
        problem = (await client.get("/broken")).json()

    assert "trace_id" not in problem
    assert "trace_id" not in logged.events("http_request")[-1]
