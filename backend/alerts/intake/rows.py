"""Alerts of a delivery as columns, ready for the statements of sql.py."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson

from backend.alerts.intake.delivery import Chunk
from backend.alerts.intake.links import link_texts
from backend.alerts.intake.payload import ZERO_TIMES_END
from backend.alerts.intake.rules import CLOCK_TOLERANCE, Report
from backend.alerts.labels import promoted, service_of
from backend.alerts.schemas import AlertStatus


@dataclass(frozen=True, slots=True)
class AlertColumns:
    """A chunk of reported alerts in ascending order of fingerprint, one list for each column.

    The columns have the order of UPSERT_ALERTS: fingerprint, status and the texts that a person
    reads; start and end. They are built by column, not by row: an ordinary delivery changes
    nothing, so its rows are never needed. An empty text stands for null; fingerprints and JSON are
    never empty.
    """

    texts: Sequence[Sequence[str]]
    times: Sequence[Sequence[datetime | None]]
    appearances: Sequence[int]

    def positions(self) -> dict[str, int]:
        """Return the position of each fingerprint."""
        return {fingerprint: position for position, fingerprint in enumerate(self.texts[0])}

    def report(self, position: int) -> Report:
        starts_at, ends_at = (column[position] for column in self.times)
        return Report(AlertStatus(self.texts[1][position]), starts_at, ends_at)


def alert_columns(chunk: Chunk, now: datetime) -> AlertColumns:
    alerts = chunk.alerts
    labels = [alert.labels for alert in alerts]
    texts = (
        [alert.fingerprint for alert in alerts],
        [alert.status for alert in alerts],
        [orjson.dumps(each).decode() for each in labels],
        [orjson.dumps(alert.annotations or {}).decode() for alert in alerts],
        [promoted(each, "alertname") for each in labels],
        [service_of(each) for each in labels],
        [promoted(each, "severity") for each in labels],
        link_texts(alerts, chunk.sender),
    )
    latest = now + CLOCK_TOLERANCE
    times = (
        _believable([alert.starts_at for alert in alerts], latest),
        # `endsAt` of a firing alert is when Alertmanager would give it up: it has not ended.
        _believable(
            [None if alert.status == "firing" else alert.ends_at for alert in alerts], latest
        ),
    )
    return AlertColumns(texts, times, chunk.times)


def _believable(times: list[datetime | None], latest: datetime) -> list[datetime | None]:
    """Drop zero times, clamp what a wrong clock put into the future."""
    known = [time for time in times if time is not None]
    # Checked together first: comparing each with both limits is slow between time zones.
    if not known or (min(known) > ZERO_TIMES_END and max(known) <= latest):
        return times
    return [None if time is None or time <= ZERO_TIMES_END else min(time, latest) for time in times]
