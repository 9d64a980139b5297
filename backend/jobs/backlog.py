"""Measures the jobs and schedules that are due and that no worker has taken.

Every worker measures for itself: the gauge of a worker that stopped would keep its old value.
"""

import asyncio
import math
from collections.abc import Sequence

import structlog
from prometheus_client import Gauge
from sqlalchemy import text

from backend.db.engine import Database
from backend.jobs.periodic import PeriodicJob

log = structlog.get_logger()

EVERY_SECONDS = 30.0

WAITING = Gauge(
    "backend_jobs_waiting",
    "Jobs and schedules that are due and that no worker has taken.",
    ["kind"],
)
OLDEST = Gauge(
    "backend_jobs_waiting_oldest_seconds",
    "For how long the oldest of them has been due; 0 when none is.",
    ["kind"],
)
KINDS = ("job", "schedule")

# Only current schedules: one whose expression was changed stays, and stays due.
_BACKLOG = text("""
    SELECT 'job' AS kind, count(*) AS waiting, min(execute_after) AS since, now() AS now
    FROM pgqueuer.pgqueuer
    WHERE status = 'queued' AND execute_after <= now()
    UNION ALL
    SELECT 'schedule', count(*), min(next_run), now()
    FROM pgqueuer.pgqueuer_schedules
    JOIN unnest(CAST(:names AS text[]), CAST(:crons AS text[])) AS known (name, cron)
        ON entrypoint = known.name AND expression = known.cron
    WHERE status = 'queued' AND next_run <= now()
""")


async def watch(database: Database, jobs: Sequence[PeriodicJob]) -> None:
    """Update the gauges until cancelled; without an answer of the database they are NaN."""
    while True:
        try:
            await measure(database, jobs)
        except Exception as error:  # noqa: BLE001  # logged; the next attempt follows
            log.warning("backlog_unknown", error=repr(error))
            for kind in KINDS:
                WAITING.labels(kind).set(math.nan)
                OLDEST.labels(kind).set(math.nan)
        await asyncio.sleep(EVERY_SECONDS)


async def measure(database: Database, jobs: Sequence[PeriodicJob]) -> None:
    wanted = {"names": [job.name for job in jobs], "crons": [job.cron for job in jobs]}
    async with database.read_sessions() as session:
        rows = await (await session.connection()).execute(_BACKLOG, wanted)
    for row in rows:
        WAITING.labels(row.kind).set(row.waiting)
        age = 0.0 if row.since is None else (row.now - row.since).total_seconds()
        OLDEST.labels(row.kind).set(age)
