"""The worker process: periodic jobs, with /health and /metrics beside them.

Run as `python -m backend.worker`. The HTTP server owns the process (port, signals, end); the
scheduler lives in its lifespan and in its event loop, so a loop that hangs answers no probe.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from backend import settings as settings_module
from backend.alerts import closing
from backend.db.engine import Database, create_engine
from backend.errors import Unavailable, problem_response
from backend.http.protocol import BoundedProtocol
from backend.jobs import backlog
from backend.jobs.periodic import JobContext, PeriodicJob
from backend.jobs.scheduler import Scheduler
from backend.retention import service as retention
from backend.settings import Settings, SettingsError
from backend.telemetry import exposition, logs, metrics
from backend.telemetry.tracing import Traces

log = structlog.get_logger()

# Every periodic job of the backend: name, when (UTC), what, and how long it may take.
# A domain offers `async def run(context: JobContext) -> None` in its service and is listed here.
JOBS: tuple[PeriodicJob, ...] = (retention.JOB, *closing.JOBS)

EXIT_WRONG_SETTINGS = 2


class NotAlive(Unavailable):
    code = "not_alive"


def create_worker(settings: Settings, jobs: Sequence[PeriodicJob] = JOBS) -> Starlette:
    """Build the worker's application; its lifespan runs the jobs."""
    database = Database.from_engine(create_engine(settings, application_name="backend-worker"))
    traces = _traces(settings)
    scheduler = Scheduler(JobContext(database, settings, traces), jobs)

    async def health(_request: Request) -> Response:
        if (complaint := scheduler.complaint()) is not None:
            return problem_response(NotAlive(complaint))
        return JSONResponse({"status": "ok"})

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        metrics.watch_pool(database.engine)
        running = asyncio.create_task(scheduler.run(), name="scheduler")
        watching = asyncio.create_task(backlog.watch(database, jobs), name="backlog")
        try:
            yield
        finally:
            watching.cancel()
            await asyncio.wait([watching])
            await _end(scheduler, running, settings.shutdown_grace_seconds)
            await database.engine.dispose()
            if traces is not None:
                await asyncio.to_thread(traces.shutdown)

    return Starlette(
        routes=[Route("/health", health), Route("/metrics", exposition.metrics)], lifespan=lifespan
    )


def _traces(settings: Settings) -> Traces | None:
    if not settings.traced:
        return None
    from backend.telemetry.export import OtlpTraces  # noqa: PLC0415  its SDK is large

    # Every run is traced: runs are few, and the sampling ratio is meant for requests.
    return OtlpTraces(settings, service="backend-worker", ratio=1)


async def _end(scheduler: Scheduler, running: asyncio.Task[None], grace_seconds: float) -> None:
    """Wait for the running jobs, and cancel those that do not end in time."""
    scheduler.stop()
    await asyncio.wait([running], timeout=grace_seconds)
    if not running.done():
        log.warning("jobs_cancelled", grace_seconds=grace_seconds)
        running.cancel()
        await asyncio.wait([running])


def main() -> int:
    try:
        settings = settings_module.load()
    except SettingsError as error:
        print(f"backend.worker: {error}", file=sys.stderr)  # noqa: T201  # there is no log yet
        return EXIT_WRONG_SETTINGS
    logs.configure(level=settings.log_level, tracing=settings.traced)
    metrics.show_build()
    uvicorn.run(
        create_worker(settings),
        host=settings.worker_host,
        port=settings.worker_port,
        http=BoundedProtocol,
        log_config=None,
        access_log=False,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
