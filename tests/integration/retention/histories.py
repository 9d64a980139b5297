"""Alerts that lived once, and where their rows lie."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from backend.db.engine import Database
from backend.retention import partitions
from backend.retention.service import DELIVERIES, EPISODES
from tests.support.alertmanager import make_alert
from tests.support.intake import Intake

NOW = datetime(2031, 3, 15, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


async def rows_by_partition(intake: Intake, table: str) -> dict[str, int]:
    async with intake.database.engine.connect() as connection:
        found = await connection.execute(
            text(f"SELECT tableoid::regclass::text AS name, count(*) FROM {table} GROUP BY 1")  # noqa: S608  # a test's own words
        )
        return {row[0]: row[1] for row in found}


async def names(database: Database, table: str) -> list[str]:
    tables = {"delivery": DELIVERIES, "episode": EPISODES}
    return [found.name for found in await partitions.partitions_of(database, tables[table])]


async def deliver_life(intake: Intake, fingerprint: str, end: datetime) -> None:
    await intake.deliver(
        make_alert(fingerprint, status="resolved", starts_at=end - HOUR, ends_at=end), now=end
    )
