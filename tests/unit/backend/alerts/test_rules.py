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
CLOSED = NOW - HOUR


def firing(starts_at: datetime | None) -> Report:
    return Report(AlertStatus.FIRING, starts_at, None)


def resolved(starts_at: datetime | None, ends_at: datetime | None) -> Report:
    return Report(AlertStatus.RESOLVED, starts_at, ends_at)


def known_firing(
    starts_at: datetime | None = NOW - HOUR, closed_through: datetime | None = None
) -> Known:
    return Known(AlertStatus.FIRING, starts_at, closed_through, NOW - HOUR)


def known_resolved(
    closed_through: datetime = NOW - HOUR,
    recorded_at: datetime = NOW - MINUTE,
    *,
    firing_seen: bool = True,
) -> Known:
    started_at = closed_through - HOUR
    return Known(
        AlertStatus.RESOLVED, started_at, closed_through, recorded_at, firing_seen=firing_seen
    )


def contested(since: datetime = NOW - MINUTE) -> Known:
    return Known(AlertStatus.FIRING, CLOSED - HOUR, CLOSED, since, since)


CASES: dict[str, tuple[Known | None, Report, Step]] = {
    "an unknown firing": (None, firing(NOW - HOUR), Step.OPEN),
    "an unknown resolved": (None, resolved(NOW - HOUR, NOW), Step.RECORD),
    "a repeat with a later start": (known_firing(), firing(NOW - MINUTE), Step.REFRESH),
    "an overtaken firing": (known_firing(NOW - MINUTE), firing(NOW - HOUR), Step.COUNT),
    "a suppressed alert that is delivered": (
        Known(AlertStatus.SUPPRESSED, NOW - MINUTE, None, NOW - HOUR),
        firing(NOW - HOUR),
        Step.REFRESH,
    ),
    "resolved with an earlier start": (
        known_firing(),
        resolved(NOW - HOUR - MINUTE, NOW),
        Step.CLOSE,
    ),
    "resolved with its start": (known_firing(), resolved(NOW - HOUR, NOW), Step.CLOSE),
    "resolved with a later start": (known_firing(), resolved(NOW - MINUTE, NOW), Step.CLOSE),
    "resolved without a start": (known_firing(), resolved(None, NOW), Step.CLOSE),
    "resolved without an end": (known_firing(), resolved(NOW - HOUR, None), Step.CLOSE),
    "an end before the start, within the skew": (
        known_firing(),
        resolved(NOW - 3 * HOUR, NOW - HOUR - SKEW),
        Step.CLOSE,
    ),
    "an end before the start, beyond the skew": (
        known_firing(),
        resolved(NOW - 3 * HOUR, NOW - HOUR - SKEW - SECOND),
        Step.COUNT,
    ),
    # Alertmanager notifies the same resolved twice; meanwhile the alert fires again.
    "the resolved of the episode before": (
        known_firing(NOW - 2 * MINUTE, NOW - 3 * MINUTE),
        resolved(NOW - HOUR, NOW - 3 * MINUTE),
        Step.COUNT,
    ),
    "a repeated resolved": (known_resolved(), resolved(CLOSED - HOUR, CLOSED), Step.COUNT),
    "a life of which only the end was delivered": (
        known_resolved(),
        resolved(CLOSED + MINUTE, CLOSED + 2 * MINUTE),
        Step.RECORD,
    ),
    # prometheus#5277: the end was a mistake. alertmanager#2447: the firing report is.
    "a firing report after the close": (known_resolved(), firing(CLOSED - HOUR), Step.CONTEST),
    "the late beginning of an end": (
        known_resolved(recorded_at=NOW - LATE_WINDOW, firing_seen=False),
        firing(CLOSED - HOUR),
        Step.COUNT,
    ),
    "an end, and a start that is not its own": (
        known_resolved(firing_seen=False),
        firing(CLOSED - SECOND),
        Step.CONTEST,
    ),
    # The start moves with our time, and the same report arrives again.
    "resolved again by a clock that is ahead": (
        known_resolved(NOW + CLOCK_TOLERANCE - MINUTE),
        resolved(NOW + CLOCK_TOLERANCE, NOW + CLOCK_TOLERANCE),
        Step.COUNT,
    ),
    "a beginning that is too late to be one": (
        known_resolved(recorded_at=NOW - LATE_WINDOW - SECOND, firing_seen=False),
        firing(CLOSED - HOUR),
        Step.CONTEST,
    ),
    "contested, the firing report once more": (
        contested(NOW - LATE_WINDOW),
        firing(CLOSED - HOUR),
        Step.REFRESH,
    ),
    "contested, and notified again": (
        contested(NOW - LATE_WINDOW - SECOND),
        firing(CLOSED - 2 * HOUR),
        Step.SETTLE,
    ),
    "contested, and it fires anew": (contested(), firing(CLOSED + SECOND), Step.SETTLE),
    "contested, and resolved as before": (contested(), resolved(CLOSED - HOUR, CLOSED), Step.CLOSE),
    "contested, and resolved by a replica": (
        contested(),
        resolved(CLOSED - HOUR, CLOSED - SKEW),
        Step.CLOSE,
    ),
    "contested, and resolved with the wrong end as before": (
        contested(),
        resolved(CLOSED - HOUR, CLOSED - HOUR - SKEW),
        Step.CLOSE,
    ),
    "contested, and the end of an earlier life": (
        contested(),
        resolved(CLOSED - HOUR - SECOND, CLOSED - HOUR - SECOND),
        Step.COUNT,
    ),
    "back at once": (known_resolved(), firing(CLOSED + SECOND), Step.REOPEN),
    "back just within the window": (
        known_resolved(),
        firing(CLOSED + FLAP_WINDOW - SECOND),
        Step.REOPEN,
    ),
    "back later": (known_resolved(), firing(CLOSED + FLAP_WINDOW), Step.OPEN),
}


@pytest.mark.parametrize(("known", "report", "step"), CASES.values(), ids=CASES.keys())
def test_a_report_means(known: Known | None, report: Report, step: Step) -> None:
    assert decide(known, report, NOW) is step


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
