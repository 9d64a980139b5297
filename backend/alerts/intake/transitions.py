"""What a chunk of reports changes: decisions of rules.py, collected for set-based statements."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from backend.alerts.intake.links import different_hosts
from backend.alerts.intake.rows import AlertColumns
from backend.alerts.intake.rules import (
    CLOCK_TOLERANCE,
    Known,
    Report,
    Step,
    alternates,
    decide,
    is_rival,
    opening,
    recorded,
)
from backend.alerts.schemas import AlertStatus


class ChangedAlert(NamedTuple):
    """An alert that a delivery changes; `known` is its state before, None for a new alert.

    `rewritten` says that the report has other labels or annotations than the alert. `links` are
    those of the alert, if the report fires with an earlier start.
    """

    fingerprint: str
    known: Known | None
    rewritten: bool
    links: str | None


class Opened(NamedTuple):
    fingerprint: str
    opened_at: datetime


class Reopened(NamedTuple):
    """`closed_at` finds the episode; `started_at` begins a new one should it be gone."""

    fingerprint: str
    closed_at: datetime
    started_at: datetime


class Ended(NamedTuple):
    """An episode that ends, in the column order of END_EPISODES.

    `opened_at` counts if no episode is open: then its end is all that was reported.
    """

    fingerprint: str
    opened_at: datetime
    ended_at: datetime
    starts_at: datetime | None


class Fired(NamedTuple):
    """New state of a known alert that fires, in the column order of FIRE_ALERTS."""

    fingerprint: str
    starts_at: datetime | None
    contested: bool
    changes: bool


@dataclass(slots=True)
class Transitions:
    alerts: AlertColumns
    now: datetime
    opened: list[Opened] = field(default_factory=list)
    reopened: list[Reopened] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)
    fired: list[Fired] = field(default_factory=list)
    contested: int = 0
    # Fingerprints with hosts that may be two clusters, and hosts that are.
    suspected: list[tuple[str, str]] = field(default_factory=list)
    shared_by: list[str] = field(default_factory=list)
    # Positions of the alerts whose texts change.
    rewritten: list[int] = field(default_factory=list)

    def add_all(self, changed: list[ChangedAlert]) -> None:
        positions = self.alerts.positions()
        for fingerprint, known, rewritten, links in changed:
            position = positions[fingerprint]
            report = self.alerts.report(position)
            step = decide(known, report, self.now)
            if step is Step.COUNT:
                if known and links and is_rival(known, report, self.now):
                    hosts = different_hosts(links, self.alerts.texts[-1][position])
                    if hosts:
                        self.suspected.append((fingerprint, hosts))
                continue
            if rewritten:
                self.rewritten.append(position)
            if report.status is AlertStatus.RESOLVED:
                self._end(fingerprint, known, report, step)
            else:
                self._fire(fingerprint, known, report, step)

    def oldest(self) -> datetime | None:
        """Return when the first of these changes happened, as far as the senders say."""
        times = [each.opened_at for each in self.opened]
        # What contests an end began long ago, and is no news of that time.
        times += [each.started_at for each in self.reopened if each.started_at > each.closed_at]
        times += [each.ended_at for each in self.ended]
        return min(times, default=None)

    def _end(self, fingerprint: str, known: Known | None, report: Report, step: Step) -> None:
        starts_at = self._start(report, known)
        if step is Step.RECORD:
            opened_at, ended_at = recorded(report, self.now)
        else:
            opened_at = ended_at = report.ends_at or self.now
            if known and known.contested_since and known.closed_through:
                ended_at = max(ended_at, known.closed_through)
        self.ended.append(Ended(fingerprint, opened_at, ended_at, starts_at))

    def _fire(self, fingerprint: str, known: Known | None, report: Report, step: Step) -> None:
        started_at = report.starts_at or self.now
        starts_at = report.starts_at
        if step is Step.OPEN:
            self.opened.append(Opened(fingerprint, opening(known, report, self.now)))
        elif step in (Step.REOPEN, Step.CONTEST) and known and known.closed_through:
            self.reopened.append(Reopened(fingerprint, known.closed_through, started_at))
            self.contested += step is Step.CONTEST
        if step is not Step.OPEN and step is not Step.REOPEN:
            starts_at = self._start(report, known)
        if known is not None:
            if known.rivals and alternates(known, report):
                self.shared_by.append(known.rivals)
            changes = known.status is not AlertStatus.FIRING
            contested = step is Step.CONTEST or (
                step is Step.REFRESH and known.contested_since is not None
            )
            self.fired.append(Fired(fingerprint, starts_at, contested, changes))

    def _start(self, report: Report, known: Known | None) -> datetime | None:
        """Return the newest start known; one that a wrong clock moves with our time is not news."""
        known_start = known.starts_at if known else None
        if report.starts_at is None or report.starts_at == self.now + CLOCK_TOLERANCE:
            return known_start or report.starts_at
        return max(report.starts_at, known_start or report.starts_at)
