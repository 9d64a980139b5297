"""What a report means: one case for each rule of docs/adr/0010."""

from datetime import UTC, datetime, timedelta

import pytest

from backend.alerts.intake.rules import (
    CLOCK_TOLERANCE,
    FLAP_WINDOW,
    LATE_WINDOW,
    SKEW,
    Known,
    Report,
    Step,
    decide,
    opening,
    recorded,
)
from backend.alerts.schemas import AlertStatus

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def firing(starts_at: datetime | None) -> Report:
    return Report(AlertStatus.FIRING, starts_at, None)


def resolved(starts_at: datetime | None, ends_at: datetime | None) -> Report:
    return Report(AlertStatus.RESOLVED, starts_at, ends_at)


def known_firing(
    starts_at: datetime | None = NOW - HOUR, closed_through: datetime | None = None
) -> Known:
    return Known(AlertStatus.FIRING, starts_at, closed_through, NOW - HOUR)


def known_resolved(
    closed_through: datetime = NOW - HOUR, recorded_at: datetime = NOW - MINUTE
) -> Known:
    return Known(AlertStatus.RESOLVED, closed_through - HOUR, closed_through, recorded_at)


def test_an_unknown_firing_opens_an_episode() -> None:
    assert decide(None, firing(NOW - HOUR), NOW) is Step.OPEN


def test_an_unknown_resolved_is_recorded_as_a_closed_episode() -> None:
    assert decide(None, resolved(NOW - HOUR, NOW), NOW) is Step.RECORD


def test_a_repeat_with_a_later_start_keeps_the_episode_open() -> None:
    assert decide(known_firing(), firing(NOW - MINUTE), NOW) is Step.REFRESH


def test_an_overtaken_firing_changes_nothing() -> None:
    assert decide(known_firing(NOW - MINUTE), firing(NOW - HOUR), NOW) is Step.COUNT


def test_a_suppressed_alert_that_is_delivered_fires_again() -> None:
    known = Known(AlertStatus.SUPPRESSED, NOW - MINUTE, None, NOW - HOUR)

    assert decide(known, firing(NOW - HOUR), NOW) is Step.REFRESH


def test_resolved_closes_whatever_start_it_names() -> None:
    started = NOW - HOUR

    for starts_at in (started - MINUTE, started, started + 10 * SECOND, None):
        assert decide(known_firing(started), resolved(starts_at, NOW), NOW) is Step.CLOSE


def test_resolved_without_an_end_closes_now() -> None:
    assert decide(known_firing(), resolved(NOW - HOUR, None), NOW) is Step.CLOSE


@pytest.mark.parametrize(
    ("before_start", "step"), [(SKEW, Step.CLOSE), (SKEW + SECOND, Step.COUNT)]
)
def test_an_end_before_the_start_closes_only_within_the_skew(
    before_start: timedelta, step: Step
) -> None:
    started = NOW - HOUR

    late = resolved(started - 2 * HOUR, started - before_start)

    assert decide(known_firing(started), late, NOW) is step


def test_the_resolved_of_the_episode_before_does_not_close_the_next_one() -> None:
    # Alertmanager notifies the same resolved twice; meanwhile the alert fires again.
    closed_through = NOW - 3 * MINUTE
    again = known_firing(NOW - 2 * MINUTE, closed_through)

    assert decide(again, resolved(NOW - HOUR, closed_through), NOW) is Step.COUNT


def test_a_repeated_resolved_changes_nothing() -> None:
    closed = NOW - HOUR

    assert decide(known_resolved(closed), resolved(closed - HOUR, closed), NOW) is Step.COUNT


def test_a_life_of_which_only_the_end_was_delivered_is_recorded() -> None:
    closed = NOW - HOUR

    later = resolved(closed + MINUTE, closed + 2 * MINUTE)

    assert decide(known_resolved(closed), later, NOW) is Step.RECORD


@pytest.mark.parametrize(
    ("ago", "step"), [(LATE_WINDOW, Step.COUNT), (LATE_WINDOW + SECOND, Step.OPEN)]
)
def test_a_firing_from_before_the_close_is_stale_for_a_while(ago: timedelta, step: Step) -> None:
    closed = NOW - HOUR

    assert decide(known_resolved(closed, NOW - ago), firing(closed - MINUTE), NOW) is step


@pytest.mark.parametrize(
    ("gap", "step"),
    [(SECOND, Step.REOPEN), (FLAP_WINDOW - SECOND, Step.REOPEN), (FLAP_WINDOW, Step.OPEN)],
)
def test_an_alert_that_is_back_at_once_goes_on_with_its_episode(gap: timedelta, step: Step) -> None:
    closed = NOW - HOUR

    assert decide(known_resolved(closed), firing(closed + gap), NOW) is step


def test_episodes_never_overlap() -> None:
    closed = NOW - HOUR

    assert opening(known_resolved(closed), firing(closed - MINUTE), NOW) == closed
    assert opening(known_resolved(closed), firing(closed + MINUTE), NOW) == closed + MINUTE


def test_unknown_times_are_replaced_by_ours() -> None:
    assert opening(None, firing(None), NOW) == NOW
    assert recorded(resolved(None, None), NOW) == (NOW, NOW)


def test_a_recorded_episode_never_ends_before_it_began() -> None:
    assert recorded(resolved(NOW, NOW - HOUR), NOW) == (NOW, NOW)


def test_the_windows_keep_their_order() -> None:
    # A clamped time must count as inside the skew, and a flap as something other than a late retry.
    assert CLOCK_TOLERANCE < SKEW <= LATE_WINDOW
    assert FLAP_WINDOW < LATE_WINDOW
