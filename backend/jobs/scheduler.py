"""Runs the job-queue library's scheduler, restarts it after outages, and checks its liveness."""

import asyncio
import contextlib
import random
from collections.abc import Sequence
from time import monotonic

import structlog
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.adapters.persistence.qb import (
    QueryBuilderEnvironment,
    QueryQueueBuilder,
    QuerySchedulerBuilder,
)
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.core.sm import SchedulerManager
from pgqueuer.domain.models import Schedule
from pgqueuer.domain.settings import DBSettings
from pgqueuer.domain.types import Channel

from backend.db.engine import open_connection
from backend.jobs.periodic import JobContext, PeriodicJob
from backend.jobs.runs import Runs

log = structlog.get_logger()

FIRST_RETRY_SECONDS = 1.0
LONGEST_RETRY_SECONDS = 30.0
PULSE_CRON = "* * * * *"
# Two pulses may be missed. After that, a hanging loop or scheduler is reported.
SILENCE_SECONDS = 180.0

# Named one by one: left out, the library would take these from environment variables with names
# such as CHANNEL and FUNCTION.
QUEUE_NAMES = DBSettings(
    prefix="",
    db_schema="pgqueuer",
    channel=Channel("ch_pgqueuer"),
    function="fn_pgqueuer_changed",
    statistics_table="pgqueuer_statistics",
    queue_status_type="pgqueuer_status",
    queue_table="pgqueuer",
    queue_table_log="pgqueuer_log",
    trigger="tg_pgqueuer_changed",
    schedules_table="pgqueuer_schedules",
)


class Scheduler:
    """Runs periodic jobs until stopped, through any outage of the database."""

    def __init__(self, context: JobContext, jobs: Sequence[PeriodicJob]) -> None:
        pulse = PeriodicJob("pulse", PULSE_CRON, self._pulse, limit_seconds=10, traced=False)
        self._jobs = (pulse, *jobs)
        self._runs = Runs(context)
        self._settings = context.settings
        self._stopping = asyncio.Event()
        self._alive_at = monotonic()

    async def run(self) -> None:
        """Run until `stop`. The pause after each failed attempt is longer, up to 30 s."""
        failures = 0
        while not self._stopping.is_set():
            self._alive_at = began = monotonic()
            try:
                await self._run_connected()
            except Exception as error:  # noqa: BLE001  # logged; the next attempt follows
                lasted = monotonic() - began
                failures = 1 if lasted > LONGEST_RETRY_SECONDS else failures + 1
                pause = _pause_seconds(failures)
                log.warning("scheduler_interrupted", error=repr(error), retry_seconds=pause)
                await self._pause(pause)

    def stop(self) -> None:
        """Start no more jobs; `run` returns when those that are running have ended."""
        self._stopping.set()

    def complaint(self) -> str | None:
        """Return why the scheduler is not alive, or None. A database outage does not count."""
        if (job := self._runs.overdue(grace_seconds=SILENCE_SECONDS)) is not None:
            return f"The job {job} still runs after its time limit."
        if (silent := monotonic() - self._alive_at) > SILENCE_SECONDS:
            return f"The scheduler has not responded for {silent:.0f} seconds."
        return None

    async def _run_connected(self) -> None:
        async with contextlib.AsyncExitStack() as stack:
            connection = await open_connection(
                self._settings, application_name="backend-worker-scheduler"
            )
            stack.push_async_callback(connection.close, timeout=5)
            manager = SchedulerManager(_queries(AsyncpgDriver(connection)))
            manager.shutdown = self._stopping
            for job in self._jobs:
                self._register(manager, job)
            log.info("scheduler_connected", jobs=[job.name for job in self._jobs])
            await manager.run()

    def _register(self, manager: SchedulerManager, job: PeriodicJob) -> None:
        # A changed expression creates another row; the old one is unused.
        @manager.schedule(job.name, job.cron)
        async def run(_schedule: Schedule) -> None:
            await self._runs.run(job)

    async def _pulse(self, _context: JobContext) -> None:
        """Prove that everything works: the loop, the database, the library and a job."""
        self._alive_at = monotonic()

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)


def _pause_seconds(failures: int) -> float:
    longest = min(FIRST_RETRY_SECONDS * 2.0 ** (failures - 1), LONGEST_RETRY_SECONDS)
    # Workers that lost the same database must not all reconnect at the same time.
    return longest * random.uniform(0.5, 1)  # noqa: S311  # no secret


def _queries(driver: AsyncpgDriver) -> Queries:
    return Queries(
        driver,
        qbe=QueryBuilderEnvironment(QUEUE_NAMES),
        qbq=QueryQueueBuilder(QUEUE_NAMES),
        qbs=QuerySchedulerBuilder(QUEUE_NAMES),
    )
