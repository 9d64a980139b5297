"""Counters of the intake. Labels are bounded: never a fingerprint, a name or a text of a sender."""

from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_client import Counter, Histogram
from sqlmodel.ext.asyncio.session import AsyncSession

from backend.db.session import after_commit

DELIVERIES = Counter(
    "backend_deliveries_total",
    "Deliveries by outcome: stored, or refused because they are not Alertmanager messages.",
    ["outcome"],
)
ACCEPTED = Counter("backend_alerts_accepted_total", "Alerts stored or counted, repeats included.")
REJECTED = Counter(
    "backend_alerts_rejected_total", "Alerts in valid deliveries that were not stored.", ["code"]
)
REPAIRED = Counter(
    "backend_alerts_repaired_total",
    "Alerts that were stored with a part converted, cut or left out, by what was done.",
    ["code"],
)
TRUNCATED = Counter(
    "backend_alerts_truncated_total",
    "Alerts that Alertmanager left out of deliveries, because its receiver has `max_alerts`.",
)
SHARED = Counter(
    "backend_alerts_shared_total",
    "Alerts that two clusters behind one integration were found to report in turn.",
)
OPENED = Counter("backend_episodes_opened_total", "Episodes opened or reopened by the intake.")
CLOSED = Counter(
    "backend_episodes_closed_total",
    "Episodes closed by a report, by revoking their integration, or by their time when contested.",
)
CONTESTED = Counter(
    "backend_episodes_contested_total",
    "Episodes that a firing report continues after another report has closed them.",
)
INGEST_SECONDS = Histogram(
    "backend_ingest_duration_seconds",
    "Time to read, check and write one delivery, without its commit.",
    # Alertmanager gives a delivery 10 s at least; an ordinary one takes milliseconds.
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
LAG_SECONDS = Histogram(
    "backend_intake_lag_seconds",
    "Time from the oldest change in a delivery, a start or an end, until it is stored.",
    # Alertmanager delays a change by group_wait (30 s) or group_interval (5 m). A longer lag means
    # a retry after a failure, or an alert that began before Alertmanager knew the backend.
    buckets=(1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600, 21_600, 86_400),
)

_STORED = DELIVERIES.labels("stored")
_REFUSED = DELIVERIES.labels("refused")


@dataclass(slots=True)
class Tally:
    """What one delivery adds to the counters."""

    accepted: int
    rejected_by_code: Mapping[str, int]
    repaired_by_code: Mapping[str, int]
    truncated: int = 0
    shared: int = 0
    opened: int = 0
    closed: int = 0
    contested: int = 0
    lag_seconds: float | None = None


def count_after_commit(session: AsyncSession, tally: Tally) -> None:
    """Count a delivery when, and only when, it has been committed: it may be sent again."""
    after_commit(session, lambda: _count(tally))


def count_refusal_after_commit(session: AsyncSession) -> None:
    after_commit(session, _REFUSED.inc)


def _count(tally: Tally) -> None:
    _STORED.inc()
    ACCEPTED.inc(tally.accepted)
    TRUNCATED.inc(tally.truncated)
    SHARED.inc(tally.shared)
    OPENED.inc(tally.opened)
    CLOSED.inc(tally.closed)
    CONTESTED.inc(tally.contested)
    if tally.lag_seconds is not None:
        LAG_SECONDS.observe(tally.lag_seconds)
    for code, number in tally.rejected_by_code.items():
        REJECTED.labels(code).inc(number)
    for code, number in tally.repaired_by_code.items():
        REPAIRED.labels(code).inc(number)
