"""Alerts of a delivery as columns, ready for the statements of sql.py."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import orjson

from backend.alerts.delivery import Chunk
from backend.alerts.labels import promoted, service_of
from backend.alerts.payload import ZERO_TIMES_END, AlertMessage
from backend.alerts.rules import CLOCK_TOLERANCE


class AlertRow(NamedTuple):
    """One reported alert, in the column order of COUNT_APPEARANCES. JSON is text here."""

    fingerprint: str
    status: str
    labels: str
    annotations: str
    alertname: str | None
    service: str | None
    severity: str | None
    starts_at: datetime | None
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class AlertColumns:
    """A chunk of reported alerts in ascending order of fingerprint, one list for each column.

    Made by column and not by row: an ordinary delivery says nothing new, so no row is ever needed.
    """

    columns: Sequence[Sequence[str | datetime | None]]
    times: Sequence[int]

    def rows(self) -> dict[str, AlertRow]:
        """Return the alerts as rows, by fingerprint."""
        return {row[0]: AlertRow(*row) for row in zip(*self.columns, strict=True)}


def alert_columns(chunk: Chunk, now: datetime) -> AlertColumns:
    alerts = chunk.alerts
    latest = now + CLOCK_TOLERANCE
    labels = [alert.labels for alert in alerts]
    columns = (
        [alert.fingerprint for alert in alerts],
        [alert.status for alert in alerts],
        [orjson.dumps(texts).decode() for texts in labels],
        [orjson.dumps(alert.annotations or {}).decode() for alert in alerts],
        [promoted(texts, "alertname") for texts in labels],
        [service_of(texts) for texts in labels],
        [promoted(texts, "severity") for texts in labels],
        [_believable(alert.starts_at, latest) for alert in alerts],
        [_ended_at(alert, latest) for alert in alerts],
    )
    return AlertColumns(columns, chunk.times)


def _ended_at(alert: AlertMessage, latest: datetime) -> datetime | None:
    """Of a firing alert, `endsAt` is when Alertmanager would give it up: nothing has ended."""
    return None if alert.status == "firing" else _believable(alert.ends_at, latest)


def _believable(time: datetime | None, latest: datetime) -> datetime | None:
    """Drop zero times, clamp what a wrong clock put into the future."""
    if time is None or time <= ZERO_TIMES_END:
        return None
    return min(time, latest)
