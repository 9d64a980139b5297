"""Retention, deliveries and another retention at the same time."""

import asyncio

import pytest
from sqlalchemy import text

from backend.alerts.pruning import prune_resolved
from backend.db.engine import Database
from backend.retention import partitions
from backend.retention.partitions import Postponed
from backend.retention.service import DELIVERIES, apply_retention
from backend.settings import Settings
from tests.integration.retention.histories import (
    DAY,
    HOUR,
    NOW,
    deliver_life,
    names,
    rows_by_partition,
)
from tests.support.alertmanager import make_alert, make_group
from tests.support.intake import Intake


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


async def test_an_alert_that_is_being_delivered_is_neither_waited_for_nor_pruned(
    database: Database, intake: Intake
) -> None:
    await intake.deliver(
        *make_group(3, status="resolved", starts_at=NOW - HOUR, ends_at=NOW), now=NOW
    )

    async with database.engine.begin() as delivery:
        await delivery.execute(text("SELECT 1 FROM alert WHERE id = 2 FOR UPDATE"))
        async with asyncio.timeout(5):
            pruned = await prune_resolved(database, before=NOW + DAY)

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
