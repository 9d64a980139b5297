"""Alerts of a delivery as rows, ready for the statements of sql.py."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import orjson

from backend.alerts.delivery import Appearance
from backend.alerts.labels import promoted, service_of
from backend.alerts.payload import ZERO_TIMES_END
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
    times: int


def alert_rows(appearances: Iterable[Appearance], now: datetime) -> list[AlertRow]:
    latest = now + CLOCK_TOLERANCE
    return [_row(appearance, latest) for appearance in appearances]


def _row(appearance: Appearance, latest: datetime) -> AlertRow:
    alert = appearance.alert
    labels = alert.labels
    return AlertRow(
        alert.fingerprint,
        alert.status,
        orjson.dumps(labels).decode(),
        orjson.dumps(alert.annotations or {}).decode(),
        promoted(labels, "alertname"),
        service_of(labels),
        promoted(labels, "severity"),
        _believable(alert.starts_at, latest),
        # Of a firing alert, `endsAt` is when Alertmanager would give it up: no end has happened.
        _believable(alert.ends_at, latest) if alert.status == "resolved" else None,
        appearance.times,
    )


def _believable(time: datetime | None, latest: datetime) -> datetime | None:
    """Drop zero times, clamp what a wrong clock put into the future."""
    if time is None or time <= ZERO_TIMES_END:
        return None
    return min(time, latest)
