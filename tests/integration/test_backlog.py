"""What waits for a worker is counted and aged, and is unknown while nobody can tell."""

import asyncio
import math

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text

from backend.db.engine import Database, create_engine
from backend.jobs import backlog
from backend.jobs.periodic import JobContext, PeriodicJob
from tests.support.settings import make_settings


async def _nothing(_context: JobContext) -> None: ...


JOB = PeriodicJob("hourly", "7 * * * *", _nothing, limit_seconds=1)


def shown(kind: str) -> tuple[float | None, float | None]:
    return (
        REGISTRY.get_sample_value("backend_jobs_waiting", {"kind": kind}),
        REGISTRY.get_sample_value("backend_jobs_waiting_oldest_seconds", {"kind": kind}),
    )


async def execute(database: Database, statement: str) -> None:
    async with database.engine.begin() as connection:
        await connection.execute(text(statement))


async def test_nothing_waits_in_an_empty_queue(scratch_database: Database) -> None:
    await backlog.measure(scratch_database, [JOB])

    assert shown("job") == shown("schedule") == (0, 0)


async def test_jobs_that_are_due_and_not_taken_wait(scratch_database: Database) -> None:
    await execute(
        scratch_database,
        "INSERT INTO pgqueuer.pgqueuer (priority, status, entrypoint, execute_after) VALUES"
        " (0, 'queued', 'a', now() - interval '100 s'), (0, 'queued', 'a', now() - interval '9 s'),"
        " (0, 'picked', 'a', now() - interval '900 s'), (0, 'queued', 'a', now() + interval '1 h')",
    )

    await backlog.measure(scratch_database, [JOB])

    waiting, oldest = shown("job")
    assert waiting == 2
    assert oldest == pytest.approx(100, abs=5)


async def test_schedules_that_are_due_wait_unless_nobody_knows_them_any_more(
    scratch_database: Database,
) -> None:
    await execute(
        scratch_database,
        "INSERT INTO pgqueuer.pgqueuer_schedules (expression, entrypoint, next_run, status) VALUES"
        " ('7 * * * *', 'hourly', now() - interval '50 s', 'queued'),"
        " ('8 * * * *', 'hourly', now() - interval '9000 s', 'queued')",
    )

    await backlog.measure(scratch_database, [JOB])

    waiting, oldest = shown("schedule")
    assert waiting == 1
    assert oldest == pytest.approx(50, abs=5)


async def test_without_a_database_nobody_can_tell() -> None:
    engine = create_engine(make_settings())
    watching = asyncio.create_task(backlog.watch(Database.from_engine(engine), [JOB]))
    async with asyncio.timeout(10):
        while not math.isnan(shown("job")[0] or 0):  # noqa: ASYNC110  # sets no event
            await asyncio.sleep(0.02)
    watching.cancel()
    await asyncio.wait([watching])
    await engine.dispose()

    assert all(math.isnan(value or 0) for value in (*shown("job"), *shown("schedule")))
