"""What real rows keep of episodes, beside the rules.

The rules themselves: tests/unit, test_rules.py; and on real rows, test_random_histories.py.
"""

from datetime import UTC, datetime, timedelta

import pytest

from backend.alerts.errors import AlertNotFound
from backend.alerts.intake.rules import FLAP_WINDOW
from backend.alerts.schemas import AlertDetail
from tests.support.alertmanager import make_alert
from tests.support.intake import Intake

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def lives(alert: AlertDetail) -> list[tuple[datetime, datetime | None]]:
    """Return the episodes' begins and ends, oldest first."""
    return [(episode.opened_at, episode.closed_at) for episode in reversed(alert.episodes)]


async def test_an_episode_keeps_its_id_when_it_closes(intake: Intake) -> None:
    await intake.deliver(make_alert("f", starts_at=NOW), now=NOW)
    opened = (await intake.alert("f")).episodes

    await intake.deliver(
        make_alert("f", status="resolved", starts_at=NOW, ends_at=NOW + HOUR), now=NOW + HOUR
    )

    closed = (await intake.alert("f")).episodes
    assert [episode.id for episode in closed] == [episode.id for episode in opened]
    assert lives(await intake.alert("f")) == [(NOW, NOW + HOUR)]
    assert closed[0].resolved_by == "alertmanager"
    assert await intake.rows("open_episode") == []


async def test_a_resolved_report_without_annotations_keeps_those_of_the_firing_one(
    intake: Intake,
) -> None:
    said = {"summary": "5 % fail", "runbook_url": "https://wiki.example/errors"}
    await intake.deliver(make_alert("f", annotations=said), now=NOW)

    await intake.deliver(make_alert("f", status="resolved", annotations={}), now=NOW + MINUTE)
    kept = (await intake.alert("f")).annotations
    await intake.deliver(make_alert("f", annotations={}), now=NOW + HOUR)

    assert (kept, (await intake.alert("f")).annotations) == (said, {})


async def test_repeats_change_only_the_counters(intake: Intake) -> None:
    await intake.deliver(make_alert("f", starts_at=NOW - HOUR), now=NOW)
    (before,) = await intake.rows("alert")

    for minutes in (1, 2, 3):
        await intake.deliver(make_alert("f", starts_at=NOW - HOUR), now=NOW + minutes * MINUTE)

    (after,) = await intake.rows("alert")
    changed = {name for name, old in before._mapping.items() if after._mapping[name] != old}
    assert changed == {"last_seen_at", "times_seen"}
    assert (after.times_seen, after.last_seen_at) == (4, NOW + 3 * MINUTE)
    assert lives(await intake.alert("f")) == [(NOW - HOUR, None)]


async def test_a_delivery_that_arrives_late_does_not_turn_last_seen_back(intake: Intake) -> None:
    await intake.deliver(make_alert("f"), now=NOW)
    await intake.deliver(make_alert("f"), now=NOW - HOUR)

    assert (await intake.alert("f")).last_seen_at == NOW


async def test_a_repeat_with_other_annotations_shows_the_newer_ones(intake: Intake) -> None:
    await intake.deliver(make_alert("f", annotations={"summary": "90 % full"}), now=NOW)
    await intake.deliver(make_alert("f", annotations={"summary": "97 % full"}), now=NOW)

    alert = await intake.alert("f")
    assert alert.annotations == {"summary": "97 % full"}
    assert len(alert.episodes) == 1


async def test_an_alert_that_flaps_back_goes_on_with_the_same_episode(intake: Intake) -> None:
    await intake.deliver(make_alert("f", starts_at=NOW), now=NOW)
    first = (await intake.alert("f")).episodes[0].id
    back = NOW + 5 * MINUTE + FLAP_WINDOW / 2
    end = back + 5 * MINUTE

    await intake.deliver(
        make_alert("f", status="resolved", starts_at=NOW, ends_at=NOW + 5 * MINUTE), now=back
    )
    await intake.deliver(make_alert("f", starts_at=back), now=back)
    reopened = await intake.alert("f")
    await intake.deliver(make_alert("f", status="resolved", starts_at=back, ends_at=end), now=end)

    closed = await intake.alert("f")
    assert (lives(reopened), reopened.episodes[0].id) == ([(NOW, None)], first)
    assert (lives(closed), closed.episodes[0].id) == ([(NOW, end)], first)


async def test_a_flap_after_retention_dropped_the_episode_begins_a_new_one(intake: Intake) -> None:
    back = NOW + FLAP_WINDOW / 2
    await intake.deliver(
        make_alert("f", status="resolved", starts_at=NOW - HOUR, ends_at=NOW), now=NOW
    )
    async with intake.database.engine.begin() as connection:
        await connection.exec_driver_sql("DELETE FROM episode")

    await intake.deliver(make_alert("f", starts_at=back), now=back)

    assert lives(await intake.alert("f")) == [(back, None)]


async def test_nanoseconds_are_cut_to_microseconds(intake: Intake) -> None:
    await intake.deliver(make_alert("f", starts_at="2026-11-24T11:00:08.326990857Z"), now=NOW)

    starts_at = (await intake.alert("f")).starts_at
    assert starts_at == datetime(2026, 11, 24, 11, 0, 8, 326990, tzinfo=UTC)


async def test_a_clock_from_the_future_is_clamped_and_its_repeats_stay_where_they_were(
    intake: Intake,
) -> None:
    future = make_alert("f", starts_at=NOW + 24 * HOUR)
    await intake.deliver(future, now=NOW)
    await intake.deliver(future, now=NOW + MINUTE)
    firing = await intake.alert("f")
    await intake.deliver(
        make_alert("f", status="resolved", starts_at=NOW + 24 * HOUR, ends_at=NOW + 25 * HOUR),
        now=NOW + HOUR,
    )
    resolved = await intake.alert("f")

    assert firing.starts_at == NOW + 2 * MINUTE
    assert lives(resolved) == [(NOW + 2 * MINUTE, NOW + HOUR + 2 * MINUTE)]


async def test_times_at_the_edge_of_the_calendar_are_stored(intake: Intake) -> None:
    await intake.deliver(
        make_alert("old", starts_at="0001-01-01T00:00:00+14:00"),
        make_alert("new", starts_at="9999-12-31T23:59:59.999999999-14:00"),
        make_alert("early", starts_at="1970-01-02T00:00:00Z"),
        now=NOW,
    )

    assert (await intake.alert("old")).starts_at is None
    assert (await intake.alert("new")).starts_at == NOW + 2 * MINUTE
    assert (await intake.alert("early")).starts_at == datetime(1970, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize("recorded", [True, False])
async def test_an_alert_that_has_left_the_lists_is_read_from_its_episodes(
    intake: Intake, *, recorded: bool
) -> None:
    labels = {"alertname": "A", "app": "shop", "severity": "page"}
    for start, end in ((0, 1), (2, 3)):
        begin, until = NOW + start * HOUR, NOW + end * HOUR
        report = make_alert("f", status="resolved", labels=labels, starts_at=begin, ends_at=until)
        await intake.deliver(report, now=until)
    before = await intake.alert("f")
    async with intake.database.engine.begin() as connection:
        await connection.exec_driver_sql("DELETE FROM alert")
        if not recorded:
            await connection.exec_driver_sql("UPDATE episode SET labels = NULL")

    alert = await intake.alert("f")

    copies = {"alertname": "A", "service": "shop", "severity": "page"}
    assert alert == before.model_copy(
        update={
            "labels": labels if recorded else copies,
            "first_seen_at": NOW,
            "times_seen": 2,
            "links": {},
            "expression": None,
        }
    )
    with pytest.raises(AlertNotFound):
        await intake.alert("g")
