"""How episodes open and close on real rows. The rules themselves: tests/unit, test_rules.py."""

from datetime import UTC, datetime, timedelta

from backend.alerts.intake.rules import FLAP_WINDOW, LATE_WINDOW, SKEW
from backend.alerts.schemas import AlertDetail, AlertStatus
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


async def test_resolved_for_an_unknown_alert_is_a_closed_episode(intake: Intake) -> None:
    await intake.deliver(
        make_alert("f", status="resolved", starts_at=NOW - HOUR, ends_at=NOW), now=NOW
    )

    alert = await intake.alert("f")
    assert alert.status is AlertStatus.RESOLVED
    assert (alert.starts_at, alert.ends_at) == (NOW - HOUR, NOW)
    assert lives(alert) == [(NOW - HOUR, NOW)]


async def test_a_firing_that_was_overtaken_by_its_resolved_does_not_open_again(
    intake: Intake,
) -> None:
    await intake.deliver(
        make_alert("f", status="resolved", starts_at=NOW - HOUR, ends_at=NOW), now=NOW
    )
    await intake.deliver(make_alert("f", starts_at=NOW - HOUR), now=NOW + LATE_WINDOW)

    alert = await intake.alert("f")
    assert (alert.status, alert.times_seen) == (AlertStatus.RESOLVED, 2)
    assert lives(alert) == [(NOW - HOUR, NOW)]


async def test_a_firing_that_is_repeated_long_after_the_close_is_believed(intake: Intake) -> None:
    # As after a wrong resolved: Prometheus was away, and Alertmanager gave the alert up by itself.
    await intake.deliver(
        make_alert("f", status="resolved", starts_at=NOW - HOUR, ends_at=NOW), now=NOW
    )
    await intake.deliver(make_alert("f", starts_at=NOW - HOUR), now=NOW + LATE_WINDOW + MINUTE)

    alert = await intake.alert("f")
    assert (alert.status, alert.ends_at) == (AlertStatus.FIRING, None)
    assert lives(alert) == [(NOW - HOUR, NOW), (NOW, None)]


async def test_a_late_resolved_does_not_close_the_episode_after_it(intake: Intake) -> None:
    first_end, second_start = NOW + HOUR, NOW + 2 * HOUR
    await intake.deliver(make_alert("f", starts_at=NOW), now=NOW)
    await intake.deliver(make_alert("f", starts_at=second_start), now=second_start)

    await intake.deliver(
        make_alert("f", status="resolved", starts_at=NOW, ends_at=first_end),
        now=second_start + MINUTE,
    )

    alert = await intake.alert("f")
    assert (alert.status, alert.times_seen) == (AlertStatus.FIRING, 3)
    assert lives(alert) == [(NOW, None)]


async def test_a_second_delivery_of_the_same_resolved_does_not_close_the_next_episode(
    intake: Intake,
) -> None:
    resolved = make_alert("f", status="resolved", starts_at=NOW, ends_at=NOW + MINUTE)
    again_at = NOW + MINUTE + FLAP_WINDOW
    await intake.deliver(make_alert("f", starts_at=NOW), now=NOW)
    await intake.deliver(resolved, now=NOW + MINUTE)
    await intake.deliver(make_alert("f", starts_at=again_at), now=again_at)

    await intake.deliver(resolved, now=again_at + MINUTE)

    alert = await intake.alert("f")
    assert alert.status is AlertStatus.FIRING
    assert lives(alert) == [(NOW, NOW + MINUTE), (again_at, None)]


async def test_flapping_with_another_start_in_the_resolved_closes_the_episode(
    intake: Intake,
) -> None:
    # Times as recorded from a real Alertmanager: the resolved names a start of its own.
    fired = datetime(2026, 11, 24, 11, 59, 41, 68000, tzinfo=UTC)
    resolved_start = datetime(2026, 11, 24, 11, 59, 51, 85000, tzinfo=UTC)
    resolved_end = resolved_start + timedelta(seconds=5)
    await intake.deliver(make_alert("f", starts_at=fired), now=NOW)
    await intake.deliver(
        make_alert("f", status="resolved", starts_at=resolved_start, ends_at=resolved_end), now=NOW
    )

    alert = await intake.alert("f")
    assert alert.status is AlertStatus.RESOLVED
    assert lives(alert) == [(fired, resolved_end)]


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


async def test_a_later_start_is_a_new_episode(intake: Intake) -> None:
    again = NOW + HOUR + FLAP_WINDOW
    await intake.deliver(make_alert("f", starts_at=NOW), now=NOW)
    await intake.deliver(
        make_alert("f", status="resolved", starts_at=NOW, ends_at=NOW + HOUR), now=NOW + HOUR
    )
    await intake.deliver(make_alert("f", starts_at=again), now=again)

    assert lives(await intake.alert("f")) == [(NOW, NOW + HOUR), (again, None)]


async def test_a_life_of_which_only_the_end_arrived_is_recorded_between_the_others(
    intake: Intake,
) -> None:
    await intake.deliver(
        make_alert("f", status="resolved", starts_at=NOW, ends_at=NOW + HOUR), now=NOW + HOUR
    )
    await intake.deliver(
        make_alert("f", status="resolved", starts_at=NOW + 2 * HOUR, ends_at=NOW + 3 * HOUR),
        now=NOW + 3 * HOUR,
    )

    alert = await intake.alert("f")
    assert lives(alert) == [(NOW, NOW + HOUR), (NOW + 2 * HOUR, NOW + 3 * HOUR)]
    assert alert.ends_at == NOW + 3 * HOUR


async def test_an_end_before_the_beginning_is_replaced_by_our_clock(intake: Intake) -> None:
    await intake.deliver(make_alert("f", starts_at=NOW), now=NOW)
    await intake.deliver(
        make_alert("f", status="resolved", starts_at=NOW, ends_at=NOW - SKEW / 2),
        now=NOW + MINUTE,
    )

    assert lives(await intake.alert("f")) == [(NOW, NOW + MINUTE)]


async def test_zero_times_are_unknown_and_episodes_take_ours(intake: Intake) -> None:
    zero = "0001-01-01T00:00:00Z"
    await intake.deliver(make_alert("f", starts_at=zero, ends_at=zero), now=NOW)
    firing = await intake.alert("f")
    await intake.deliver(
        make_alert("f", status="resolved", starts_at=zero, ends_at=zero), now=NOW + HOUR
    )
    resolved = await intake.alert("f")

    assert (firing.starts_at, firing.ends_at) == (None, None)
    assert (resolved.starts_at, resolved.ends_at) == (None, NOW + HOUR)
    assert lives(resolved) == [(NOW, NOW + HOUR)]


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
