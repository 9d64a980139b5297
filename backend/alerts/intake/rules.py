"""What a report about an alert means, given what we know: docs/adr/0010 explains each rule.

Pure: no clock, no database. Times of events come from the sender, `now` and `status_changed_at`
from us. Arrival order decides nothing by itself: reports come late, twice and out of order.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from backend.alerts.schemas import AlertStatus

# Event times further ahead of our clock come from a wrong clock and are clamped to this.
CLOCK_TOLERANCE = timedelta(minutes=2)
# The clocks of Prometheus replicas may differ by this much, so a resolved report may end before the
# known start and still belong to it.
SKEW = timedelta(minutes=5)
# How late a report arrives at most. Alertmanager retries within one group_interval (5 m), a second
# replica within the next. A firing report that comes later than this is a notification of its own.
LATE_WINDOW = timedelta(minutes=10)
# An alert that fires again within one evaluation interval (1 m unless configured) has flapped
# around its threshold: the same episode continues.
FLAP_WINDOW = timedelta(minutes=1)


class Step(Enum):
    COUNT = auto()  # an appearance that changes nothing: late, stale or already known
    REFRESH = auto()  # still firing; what it says about itself may be newer
    OPEN = auto()  # an episode opens
    REOPEN = auto()  # the last closed episode continues
    CONTEST = auto()  # the same, against the end that was reported: one of the two is wrong
    SETTLE = auto()  # still firing, and no longer contested
    CLOSE = auto()  # the open episode closes
    RECORD = auto()  # an episode of which we never saw the firing part


@dataclass(frozen=True, slots=True)
class Known:
    """Our current state of the alert.

    `closed_through` is the end of its newest closed episode; `firing_seen` is False if that end is
    all that was reported of it. `rivals` are hosts that may be two clusters.
    """

    status: AlertStatus
    starts_at: datetime | None
    closed_through: datetime | None
    status_changed_at: datetime
    contested_since: datetime | None = None
    firing_seen: bool = True
    rivals: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What a delivery says: times already clamped, and None where the sender did not say."""

    status: AlertStatus
    starts_at: datetime | None
    ends_at: datetime | None


def clamp(time: datetime | None, now: datetime) -> datetime | None:
    return None if time is None else min(time, now + CLOCK_TOLERANCE)


def decide(known: Known | None, report: Report, now: datetime) -> Step:
    firing = report.status is AlertStatus.FIRING
    if known is None:
        return Step.OPEN if firing else Step.RECORD
    if known.status is AlertStatus.RESOLVED:
        return _fires_again(known, report, now) if firing else _resolved_again(known, report, now)
    return _still_fires(known, report, now) if firing else _resolves(known, report, now)


def _still_fires(known: Known, report: Report, now: datetime) -> Step:
    if known.contested_since is not None:
        later = now - known.contested_since > LATE_WINDOW
        if later or _began_after_close(known, report):
            return Step.SETTLE
    overtaken = (
        report.starts_at is not None
        and known.starts_at is not None
        and report.starts_at < known.starts_at
    )
    if overtaken and known.status is AlertStatus.FIRING:
        return Step.COUNT
    return Step.REFRESH


def is_rival(known: Known, report: Report, now: datetime) -> bool:
    """Return whether an older life fires beside a newer one, no replica's and too late for news."""
    if known.starts_at is None or report.starts_at is None or known.rivals is not None:
        return False
    return report.starts_at < known.starts_at - SKEW and now - known.starts_at > LATE_WINDOW


def alternates(known: Known, report: Report) -> bool:
    """Return whether the newer life is back after its rival: Alertmanager would merge the two."""
    if known.starts_at is None or report.starts_at is None:
        return False
    return abs(report.starts_at - known.starts_at) <= SKEW


def _resolves(known: Known, report: Report, now: datetime) -> Step:
    ended_at = report.ends_at or now
    if known.contested_since is not None and known.closed_through is not None:
        # It settles the contest, even if it says nothing new: the later report counts.
        return Step.COUNT if _is_of_earlier_life(known, report, ended_at) else Step.CLOSE
    if known.closed_through is not None and ended_at <= known.closed_through:
        return Step.COUNT  # the resolved that closed the episode before, once more
    if known.starts_at is not None and ended_at < known.starts_at - SKEW:
        return Step.COUNT  # the end of an earlier episode: the alert has fired since
    return Step.CLOSE


def _is_of_earlier_life(known: Known, report: Report, ended_at: datetime) -> bool:
    if known.starts_at is None:
        return False
    begins_before = report.starts_at is not None and report.starts_at < known.starts_at
    skew = timedelta(0) if begins_before else SKEW
    return ended_at < known.starts_at - skew


def _resolved_again(known: Known, report: Report, now: datetime) -> Step:
    if report.starts_at is None or known.closed_through is None:
        return Step.COUNT
    if report.starts_at >= now + CLOCK_TOLERANCE:
        return Step.COUNT  # its clock is ahead, and its start moves with our time
    return Step.RECORD if report.starts_at > known.closed_through else Step.COUNT


def _fires_again(known: Known, report: Report, now: datetime) -> Step:
    started_at = report.starts_at or now
    if known.closed_through is None:
        return Step.OPEN
    if started_at <= known.closed_through:
        # Alertmanager may have timed the alert out by mistake (prometheus#5277), or a replica may
        # lag behind (alertmanager#2447). Both look the same, and only one of them is harmless.
        late = now - known.status_changed_at <= LATE_WINDOW
        return Step.COUNT if late and _is_its_beginning(known, started_at) else Step.CONTEST
    return Step.REOPEN if started_at - known.closed_through < FLAP_WINDOW else Step.OPEN


def _is_its_beginning(known: Known, started_at: datetime) -> bool:
    """Return whether an end was all that was known, and this is its start (of a replica)."""
    return not known.firing_seen and (
        known.starts_at is None or started_at <= known.starts_at + SKEW
    )


def _began_after_close(known: Known, report: Report) -> bool:
    if report.starts_at is None or known.closed_through is None:
        return False
    return report.starts_at > known.closed_through


def opening(known: Known | None, report: Report, now: datetime) -> datetime:
    """When an episode that begins with this report began: never inside the one before it."""
    started_at = report.starts_at or now
    if known is None or known.closed_through is None:
        return started_at
    return max(started_at, known.closed_through)


def recorded(report: Report, now: datetime) -> tuple[datetime, datetime]:
    """Begin and end of an episode of which only the end was reported."""
    closed_at = report.ends_at or now
    opened_at = report.starts_at or closed_at
    return opened_at, max(opened_at, closed_at)
