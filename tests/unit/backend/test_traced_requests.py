"""Which requests and jobs are exported, and as what. The collector's view: tests/integration."""

from collections.abc import Mapping
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from backend.db.engine import Database
from backend.http.traced_requests import TraceMiddleware
from backend.jobs.periodic import JobContext, PeriodicJob
from backend.jobs.runs import Runs
from backend.telemetry.tracing import Trail, trace_id
from tests.support.asgi import call
from tests.support.logs import Logged
from tests.support.settings import make_settings


class Recorded:
    """Samples nothing and keeps what is exported."""

    def __init__(self) -> None:
        self.exported: list[tuple[str, Mapping[str, str | int], bool, Trail]] = []

    def begin(self, traceparent: str | None = None) -> Trail:  # noqa: ARG002  # the protocol's
        return Trail("c" * 32, sampled=False)

    def export(
        self, trail: Trail, name: str, attributes: Mapping[str, str | int], *, failed: bool
    ) -> None:
        self.exported.append((name, attributes, failed, trail))

    def shutdown(self) -> None: ...


async def _away(_scope: Scope, _receive: Receive, _send: Send) -> None:
    """An application whose client has gone: nothing is answered."""


async def _unavailable(_scope: Scope, _receive: Receive, send: Send) -> None:
    start: Message = {"type": "http.response.start", "status": 503, "headers": []}
    await send(start)
    await send({"type": "http.response.body", "body": b""})


async def test_a_client_that_did_not_wait_is_kept() -> None:
    traces = Recorded()

    await call(TraceMiddleware(_away, traces=traces), "POST", "/api/v1/somewhere")

    ((name, attributes, failed, _),) = traces.exported
    assert (name, failed) == ("POST unmatched", True)
    assert attributes["error.type"] == "client_disconnected"
    assert "http.response.status_code" not in attributes


async def test_what_a_client_writes_stays_within_bounds() -> None:
    traces = Recorded()

    await call(TraceMiddleware(_unavailable, traces=traces), "BREW", "/" + "x" * 10_000)

    ((name, attributes, _, _),) = traces.exported
    assert name == "_OTHER unmatched"
    assert attributes["http.request.method"] == "_OTHER"
    assert len(str(attributes["url.path"])) == 500
    assert attributes["error.type"] == "503"


@pytest.mark.parametrize(
    ("fails", "expected"),
    [(RuntimeError("no"), ["failed"]), (TimeoutError(), ["timed_out"]), (None, [])],
)
async def test_of_jobs_that_are_not_sampled_the_failed_are_kept_and_their_log_leads_there(
    fails: Exception | None, expected: list[str], logged: Logged
) -> None:
    seen: list[str | None] = []

    async def run(_context: JobContext) -> None:
        seen.append(trace_id())
        if fails is not None:
            raise fails

    traces = Recorded()
    database: Any = Database(engine=None, sessions=None, read_sessions=None, snapshots=None)  # type: ignore[arg-type]  # unused
    job = PeriodicJob("testing", "* * * * *", run, limit_seconds=5)
    await Runs(JobContext(database, make_settings(), traces)).run(job)

    assert seen == ["c" * 32]
    assert [
        attributes["backend.job.outcome"] for _, attributes, _, _ in traces.exported
    ] == expected
    assert logged.events("job_ended")[0]["trace_id"] == "c" * 32
    if isinstance(fails, RuntimeError):
        assert traces.exported[0][3].error == "RuntimeError"
