"""Partitions come before they are needed and go when they are old, beside a running intake."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from backend.alerts import service as alerts
from backend.alerts.errors import AlertNotFound
from backend.db.engine import Database, create_engine
from backend.jobs.periodic import JobContext
from backend.migrate import migrate
from backend.retention import partitions, service
from backend.retention.partitions import Postponed
from backend.retention.service import DELIVERIES, EPISODES, apply_retention
from backend.settings import Settings
from backend.worker import JOBS
from tests.support.alertmanager import make_alert, make_group
from tests.support.intake import Intake

NOW = datetime(2031, 3, 15, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest_asyncio.fixture
async def database(scratch_settings: Settings) -> AsyncIterator[Database]:
    engine = create_engine(scratch_settings)
    yield Database.from_engine(engine)
    await engine.dispose()


@pytest.fixture
def intake(database: Database) -> Intake:
    return Intake(database)


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


async def test_two_runs_at_once_do_no_harm(
    scratch_settings: Settings, database: Database, intake: Intake
) -> None:
    await apply_retention(database, scratch_settings, now=NOW)
    await deliver_life(intake, "f", NOW)
    later = NOW + 600 * DAY

    outcomes = await asyncio.gather(
        *(apply_retention(database, scratch_settings, now=later) for _ in range(3))
    )

    assert sum(outcome.postponed for outcome in outcomes) == 0
    assert await rows_by_partition(intake, "episode") == {}
    assert len(await names(database, "delivery")) == 8
    assert len(await names(database, "episode")) == 4


async def test_what_is_old_is_dropped_and_what_is_not_stays(
    scratch_settings: Settings, database: Database, intake: Intake
) -> None:
    for days in (0, 7, 8):
        await apply_retention(database, scratch_settings, now=NOW + days * DAY)
        await deliver_life(intake, f"f{days}", NOW + days * DAY)

    outcome = await apply_retention(database, scratch_settings, now=NOW + 8 * DAY)

    # The partition of the 15th ends with the 16th, and the 16th at noon is seven days back.
    assert outcome.dropped == 0
    assert await rows_by_partition(intake, "delivery") == {
        "delivery_p20310322": 1,
        "delivery_p20310323": 1,
    }
    assert len(await rows_by_partition(intake, "episode")) == 1


async def test_episodes_stay_for_more_than_a_year(
    scratch_settings: Settings, database: Database, intake: Intake
) -> None:
    await apply_retention(database, scratch_settings, now=NOW)
    await deliver_life(intake, "f", NOW)

    await apply_retention(database, scratch_settings, now=NOW + 399 * DAY)
    kept = await rows_by_partition(intake, "episode")
    await apply_retention(database, scratch_settings, now=NOW + 440 * DAY)

    assert kept == {"episode_p203103": 1}
    assert await rows_by_partition(intake, "episode") == {}


async def test_nothing_fails_to_be_stored_when_the_clock_jumps(
    scratch_settings: Settings, database: Database, intake: Intake
) -> None:
    await apply_retention(database, scratch_settings, now=NOW)
    jumps = [NOW, NOW + 3650 * DAY, NOW - 3650 * DAY, NOW + HOUR]

    for number, now in enumerate(jumps):
        await deliver_life(intake, f"f{number}", now)

    assert (await rows_by_partition(intake, "delivery"))["delivery_default"] == 2
    assert (await rows_by_partition(intake, "episode"))["episode_default"] == 2


async def test_rows_of_a_jumped_clock_are_kept_in_the_default_partition_until_they_are_old(
    scratch_settings: Settings, database: Database, intake: Intake
) -> None:
    jumped = NOW + 20 * DAY
    await deliver_life(intake, "f", jumped)

    at_that_time = await apply_retention(database, scratch_settings, now=jumped)
    await deliver_life(intake, "g", jumped)
    await deliver_life(intake, "h", jumped + DAY)
    stored = await rows_by_partition(intake, "delivery")
    afterwards = await apply_retention(database, scratch_settings, now=jumped + 8 * DAY)

    assert at_that_time.postponed == 2
    assert stored == {"delivery_default": 2, f"delivery_p{jumped + DAY:%Y%m%d}": 1}
    assert afterwards.deleted == 2
    assert await rows_by_partition(intake, "delivery") == {f"delivery_p{jumped + DAY:%Y%m%d}": 1}


async def test_old_rows_of_the_default_partition_are_deleted_in_batches(
    scratch_settings: Settings, intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partitions, "DELETE_BATCH_ROWS", 2)
    for number in range(5):
        await deliver_life(intake, f"f{number}", NOW)

    await apply_retention(intake.database, scratch_settings, now=NOW + 30 * DAY)

    assert await intake.rows("delivery") == []
    assert len(await intake.rows("episode")) == 5


async def test_a_table_in_use_postpones_the_drop_and_the_intake_goes_on(
    scratch_settings: Settings,
    database: Database,
    intake: Intake,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(partitions, "LOCK_TIMEOUT", "100ms")
    await apply_retention(database, scratch_settings, now=NOW)
    later = NOW + 9 * DAY

    async with database.engine.begin() as reader:
        await reader.execute(text("SELECT count(*) FROM delivery"))
        in_use, _ = await asyncio.gather(
            apply_retention(database, scratch_settings, now=later),
            intake.deliver(make_alert("f"), now=later),
        )
    free = await apply_retention(database, scratch_settings, now=later)

    assert (in_use.dropped, free.dropped) == (0, 2)
    assert in_use.postponed > 0
    assert len(await intake.rows("delivery")) == 1


async def test_a_drop_that_fails_halfway_leaves_the_partition_attached(
    scratch_settings: Settings, database: Database, intake: Intake
) -> None:
    await apply_retention(database, scratch_settings, now=NOW)
    await deliver_life(intake, "f", NOW)
    (partition, *_) = await partitions.partitions_of(database, DELIVERIES)
    async with database.engine.begin() as connection:
        await connection.execute(text(f"CREATE VIEW looks AS TABLE {partition.name}"))

    with pytest.raises(DBAPIError, match="other objects depend on it"):
        await partitions.drop(database, partition)

    assert partition in await partitions.partitions_of(database, DELIVERIES)


async def test_alerts_that_resolved_long_ago_are_forgotten_and_their_episodes_are_not(
    intake: Intake,
) -> None:
    await intake.deliver(
        *make_group(20, status="resolved", starts_at=NOW - HOUR, ends_at=NOW), now=NOW
    )
    await intake.deliver(make_alert("firing", starts_at=NOW), now=NOW)
    recent = NOW + 20 * DAY
    await deliver_life(intake, "recent", recent)

    before = NOW + 10 * DAY
    pruned = await alerts.prune_resolved(intake.database, before=before, batch_rows=3)

    assert pruned == 20
    assert [row.fingerprint for row in await intake.rows("alert")] == ["firing", "recent"]
    assert len(await intake.rows("episode")) == 21
    with pytest.raises(AlertNotFound):
        await intake.alert(f"{0:016x}")


async def test_an_alert_that_is_being_delivered_is_neither_waited_for_nor_pruned(
    database: Database, intake: Intake
) -> None:
    await intake.deliver(
        *make_group(3, status="resolved", starts_at=NOW - HOUR, ends_at=NOW), now=NOW
    )

    async with database.engine.begin() as delivery:
        await delivery.execute(text("SELECT 1 FROM alert WHERE id = 2 FOR UPDATE"))
        async with asyncio.timeout(5):
            pruned = await alerts.prune_resolved(database, before=NOW + DAY)

    assert pruned == 2


async def test_retention_runs_while_alerts_are_delivered(
    scratch_settings: Settings, database: Database, intake: Intake
) -> None:
    async def deliver(worker: int) -> None:
        for number in range(20):
            await deliver_life(intake, f"{worker}-{number}", NOW + number * DAY)

    async def retain() -> None:
        for number in range(0, 20, 4):
            await apply_retention(database, scratch_settings, now=NOW + number * DAY)

    await asyncio.gather(deliver(0), deliver(1), retain(), retain())

    assert len(await intake.rows("episode")) == 40
    assert len(await intake.rows("alert")) == 40


async def test_a_delivery_that_meets_the_making_of_its_own_partition_is_stored(
    database: Database, intake: Intake
) -> None:
    # It was on its way into the default partition when that stopped to be the place for it.
    for days in range(40):
        now = NOW + days * DAY
        (partition, *_) = DELIVERIES.wanted(now)
        made = partitions.create(database, partition)
        stored = [intake.deliver(make_alert(f"{days}-{n}"), now=now) for n in range(4)]

        outcome, *_ = await asyncio.gather(made, *stored, return_exceptions=True)
        assert outcome is None or isinstance(outcome, Postponed)

    assert len(await intake.rows("delivery")) == 160


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
