"""Partitions come before they are needed."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from backend.db.engine import Database
from backend.jobs.periodic import JobContext
from backend.migrate import migrate
from backend.retention import partitions, service
from backend.retention.service import DELIVERIES, apply_retention
from backend.settings import Settings
from backend.worker import JOBS
from tests.integration.retention.histories import (
    DAY,
    HOUR,
    NOW,
    deliver_life,
    names,
    rows_by_partition,
)
from tests.support.intake import Intake


async def test_a_new_installation_has_partitions_from_the_first_moment(
    scratch_settings: Settings, database: Database
) -> None:
    await migrate(scratch_settings)

    today = datetime.now(UTC)
    assert f"delivery_p{today:%Y%m%d}" in await names(database, "delivery")
    assert f"episode_p{today:%Y%m}" in await names(database, "episode")


async def test_partitions_are_made_ahead_and_rows_find_them(
    scratch_settings: Settings, database: Database, intake: Intake
) -> None:
    outcome = await apply_retention(database, scratch_settings, now=NOW)

    for days in (0, 1, 7, 8):
        await deliver_life(intake, f"f{days}", NOW + days * DAY)
    assert (outcome.postponed, outcome.created) == (0, 8 + 4)
    assert await rows_by_partition(intake, "delivery") == {
        "delivery_p20310315": 1,
        "delivery_p20310316": 1,
        "delivery_p20310322": 1,
        "delivery_default": 1,
    }
    assert await rows_by_partition(intake, "episode") == {"episode_p203103": 4}


async def test_a_second_run_changes_nothing(scratch_settings: Settings, database: Database) -> None:
    await apply_retention(database, scratch_settings, now=NOW)

    again = await apply_retention(database, scratch_settings, now=NOW)

    assert again == service.Outcome()


async def test_nothing_fails_to_be_stored_when_the_clock_jumps(
    scratch_settings: Settings, database: Database, intake: Intake
) -> None:
    await apply_retention(database, scratch_settings, now=NOW)
    jumps = [NOW, NOW + 3650 * DAY, NOW - 3650 * DAY, NOW + HOUR]

    for number, now in enumerate(jumps):
        await deliver_life(intake, f"f{number}", now)

    assert (await rows_by_partition(intake, "delivery"))["delivery_default"] == 2
    assert (await rows_by_partition(intake, "episode"))["episode_default"] == 2


async def test_the_worker_runs_retention_and_it_uses_the_settings(
    scratch_settings: Settings, database: Database
) -> None:
    (job,) = [job for job in JOBS if job.name == "retention"]

    await job.run(JobContext(database, scratch_settings))

    tomorrow = datetime.now(UTC) + DAY
    assert f"delivery_p{tomorrow:%Y%m%d}" in await names(database, "delivery")


async def test_a_foreign_table_in_the_way_is_an_error_and_not_postponed(
    database: Database,
) -> None:
    async with database.engine.begin() as connection:
        await connection.execute(text("CREATE TABLE delivery_p20310315 (id integer)"))
    (partition, *_) = DELIVERIES.wanted(NOW)

    with pytest.raises(ProgrammingError, match="already exists"):
        await partitions.create(database, partition)
