"""What is old goes, and only that."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from backend.alerts.pruning import prune_resolved
from backend.db.engine import Database
from backend.retention import partitions
from backend.retention.service import DELIVERIES, apply_retention
from backend.settings import Settings
from tests.integration.retention.histories import DAY, HOUR, NOW, deliver_life, rows_by_partition
from tests.support.alertmanager import make_alert, make_group
from tests.support.intake import Intake


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
    pruned = await prune_resolved(intake.database, before=before, batch_rows=3)

    assert pruned == 20
    assert [row.fingerprint for row in await intake.rows("alert")] == ["firing", "recent"]
    assert len(await intake.rows("episode")) == 21
    # Their pages open as long as an episode is there.
    assert (await intake.alert(f"{0:016x}")).status == "resolved"
