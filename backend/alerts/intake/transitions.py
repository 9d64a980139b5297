"""What a chunk of reports changes: decisions of rules.py, collected for set-based statements."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Self

from backend.alerts.intake.rows import AlertRow
from backend.alerts.intake.rules import (
    CLOCK_TOLERANCE,
    Known,
    Report,
    Step,
    decide,
    opening,
    recorded,
)
from backend.alerts.schemas import AlertStatus


class Opened(NamedTuple):
    fingerprint: str
    opened_at: datetime


class Reopened(NamedTuple):
    """`closed_at` finds the episode; `started_at` begins a new one should it be gone."""

    fingerprint: str
    closed_at: datetime
    started_at: datetime


class Closed(NamedTuple):
    row: AlertRow
    ended_at: datetime


class Recorded(NamedTuple):
    """A closed episode, in the column order of RECORD_EPISODES. `id`: None for a new one."""

    id: int | None
    fingerprint: str
    opened_at: datetime
    closed_at: datetime
    alertname: str | None
    service: str | None
    severity: str | None

    @classmethod
    def of(
        cls, row: AlertRow, opened_at: datetime, closed_at: datetime, *, id_: int | None = None
    ) -> Self:
        names = (row.alertname, row.service, row.severity)
        return cls(id_, row.fingerprint, opened_at, closed_at, *names)


class Updated(NamedTuple):
    """New state of an alert, in the column order of UPDATE_ALERTS."""

    fingerprint: str
    status: str
    labels: str
    annotations: str
    alertname: str | None
    service: str | None
    severity: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    closed_through: datetime | None
    changes: bool


@dataclass(slots=True)
class Transitions:
    now: datetime
    opened: list[Opened] = field(default_factory=list)
    reopened: list[Reopened] = field(default_factory=list)
    closed: list[Closed] = field(default_factory=list)
    recorded: list[Recorded] = field(default_factory=list)
    updated: list[Updated] = field(default_factory=list)

    def add(self, row: AlertRow, known: Known | None) -> None:
        report = Report(AlertStatus(row.status), row.starts_at, row.ends_at)
        step = decide(known, report, self.now)
        if known is None:
            self._first(row, report, step)
        elif step is Step.REFRESH:
            changes = known.status is not report.status
            self._update(row, starts_at=self._start(row, known), changes=changes)
        elif step is Step.OPEN:
            self.opened.append(Opened(row.fingerprint, opening(known, report, self.now)))
            self._update(row, starts_at=row.starts_at)
        elif step is Step.REOPEN and known.closed_through is not None:
            started_at = row.starts_at or self.now
            self.reopened.append(Reopened(row.fingerprint, known.closed_through, started_at))
            self._update(row, starts_at=row.starts_at)
        elif step is Step.CLOSE:
            self.closed.append(Closed(row, row.ends_at or self.now))
            self._update(row, starts_at=self._start(row, known))
        elif step is Step.RECORD:
            self._record(row, report, known)

    def oldest(self) -> datetime | None:
        """Return when the first of these changes happened, as far as the senders say."""
        times = [each.opened_at for each in self.opened]
        times += [each.started_at for each in self.reopened]
        times += [each.ended_at for each in self.closed]
        times += [each.closed_at for each in self.recorded]
        return min(times, default=None)

    def _first(self, row: AlertRow, report: Report, step: Step) -> None:
        if step is Step.OPEN:
            self.opened.append(Opened(row.fingerprint, opening(None, report, self.now)))
        else:
            self._record(row, report, None)

    def _record(self, row: AlertRow, report: Report, known: Known | None) -> None:
        opened_at, closed_at = recorded(report, self.now)
        self.recorded.append(Recorded.of(row, opened_at, closed_at))
        starts_at = self._start(row, known) if known else row.starts_at
        self._update(row, starts_at=starts_at, closed_through=closed_at)

    def _update(
        self,
        row: AlertRow,
        *,
        starts_at: datetime | None,
        closed_through: datetime | None = None,
        changes: bool = True,
    ) -> None:
        ends_at = row.ends_at or closed_through
        content = row[:7]  # fingerprint to severity
        self.updated.append(Updated(*content, starts_at, ends_at, closed_through, changes))

    def _start(self, row: AlertRow, known: Known) -> datetime | None:
        """Return the newest start known; one that a wrong clock moves with our time is not news."""
        if row.starts_at is None or row.starts_at == self.now + CLOCK_TOLERANCE:
            return known.starts_at or row.starts_at
        return max(row.starts_at, known.starts_at or row.starts_at)
