"""Periodic jobs on a real queue: they run once, whatever happens to them or to the database."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from time import monotonic

import pytest
import pytest_asyncio
from prometheus_client import REGISTRY
from sqlalchemy import text

from backend.db.base import utc_now
from backend.db.engine import Database, create_engine
from backend.db.session import committed
from backend.jobs.periodic import JobContext, PeriodicJob
from backend.jobs.scheduler import SILENCE_SECONDS, Scheduler
from backend.settings import Settings
from tests.support.logs import Logged
from tests.support.postgres import Server

EVERY_SECOND = "* * * * * *"


def job(run: Callable[[JobContext], Awaitable[None]], *, limit_seconds: float = 30) -> PeriodicJob:
    return PeriodicJob("testing", EVERY_SECOND, run, limit_seconds)


@asynccontextmanager
async def scheduling(settings: Settings, *jobs: PeriodicJob) -> AsyncIterator[Scheduler]:
    """Run a scheduler; it must end by itself when it is stopped."""
    database = Database.from_engine(create_engine(settings))
    scheduler = Scheduler(JobContext(database, settings), jobs)
    running = asyncio.create_task(scheduler.run())
    try:
        yield scheduler
    finally:
        scheduler.stop()
        await asyncio.wait_for(running, 30)
        await database.engine.dispose()


@pytest_asyncio.fixture
async def settings(settings: Settings) -> AsyncIterator[Settings]:
    yield settings
    engine = create_engine(settings)
    async with engine.begin() as connection:
        await connection.execute(text("TRUNCATE pgqueuer.pgqueuer_schedules"))
    await engine.dispose()


def runs(outcome: str) -> float:
    labels = {"task": "testing", "outcome": outcome}
    return REGISTRY.get_sample_value("backend_job_runs_total", labels) or 0


async def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  # of things that set no event
            await asyncio.sleep(0.02)


async def test_a_job_runs_with_the_database_and_commits(settings: Settings) -> None:
    done = asyncio.Event()

    async def write(context: JobContext) -> None:
        async with committed(context.database) as session:
            await (await session.connection()).execute(
                text("UPDATE integration SET name = 'by a job' WHERE slug = 'default'")
            )
        done.set()

    async with scheduling(settings, job(write)):
        await asyncio.wait_for(done.wait(), 30)

    engine = create_engine(settings)
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT name FROM integration")) == "by a job"
    await engine.dispose()


async def test_a_job_that_fails_is_counted_logged_and_due_again(
    settings: Settings, logged: Logged
) -> None:
    failed, succeeded = runs("failed"), runs("succeeded")
    attempts: list[int] = []

    async def fail_first(_context: JobContext) -> None:
        attempts.append(1)
        if len(attempts) == 1:
            raise RuntimeError("not this time")

    async with scheduling(settings, job(fail_first)):
        await until(lambda: runs("succeeded") > succeeded)

    assert runs("failed") == failed + 1
    (event,) = logged.events("job_failed")
    assert "RuntimeError: not this time" in event["exception"]


async def test_a_job_that_takes_too_long_is_cancelled(settings: Settings) -> None:
    timed_out = runs("timed_out")
    cancelled = asyncio.Event()

    async def hang(_context: JobContext) -> None:
        try:
            await asyncio.sleep(600)
        finally:
            cancelled.set()

    async with scheduling(settings, job(hang, limit_seconds=0.1)):
        await asyncio.wait_for(cancelled.wait(), 30)
        await until(lambda: runs("timed_out") > timed_out)


async def test_of_many_workers_one_runs_a_job(settings: Settings) -> None:
    at: list[float] = []
    overlaps: list[int] = []
    inside = 0

    async def note(_context: JobContext) -> None:
        nonlocal inside
        inside += 1
        overlaps.append(inside)
        at.append(monotonic())
        await asyncio.sleep(0.3)
        inside -= 1

    async with scheduling(settings, job(note)), scheduling(settings, job(note)):
        await until(lambda: len(at) >= 4)

    assert set(overlaps) == {1}
    assert at[-1] - at[0] > 2


async def test_stopping_waits_for_the_job_that_is_running(settings: Settings) -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    async def work(_context: JobContext) -> None:
        began.set()
        await asyncio.sleep(0.5)
        ended.set()

    async with scheduling(settings, job(work)):
        await asyncio.wait_for(began.wait(), 30)

    assert ended.is_set()


async def test_jobs_go_on_after_an_outage_and_nobody_complains_meanwhile(
    stoppable: Server,
    stoppable_settings: Settings,
    logged: Logged,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("backend.jobs.scheduler.LONGEST_RETRY_SECONDS", 1.0)
    ran: list[object] = []

    async def note(_context: JobContext) -> None:
        ran.append(utc_now())

    async with scheduling(stoppable_settings, job(note)) as scheduler:
        await until(lambda: len(ran) >= 1)
        stoppable.stop(immediately=True)
        await until(lambda: len(logged.events("scheduler_interrupted")) >= 2)
        assert scheduler.complaint() is None
        stoppable.start()
        before = len(ran)
        # Killed in the middle of a run, its row is free again when its heartbeat is 30 s old.
        await until(lambda: len(ran) > before, seconds=60)


async def test_the_scheduler_gives_signs_of_life(
    settings: Settings, logged: Logged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.jobs.scheduler.PULSE_CRON", EVERY_SECOND)
    async with scheduling(settings) as scheduler:
        await until(lambda: bool(logged.events("scheduler_connected")))
        scheduler._alive_at -= SILENCE_SECONDS + 1
        assert "has not responded" in str(scheduler.complaint())

        await until(lambda: scheduler.complaint() is None)


async def test_a_job_that_cannot_even_be_cancelled_is_a_complaint(settings: Settings) -> None:
    async with scheduling(settings) as scheduler:
        scheduler._runs._deadlines["stubborn"] = monotonic() - SILENCE_SECONDS - 1

        assert scheduler.complaint() == "The job stubborn still runs after its time limit."
        del scheduler._runs._deadlines["stubborn"]
