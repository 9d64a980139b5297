"""Runs the statements of sql.py, with one array for each column, on the session's connection.

They never use the driver's connection directly: the transaction begins with the session's first
statement, so the driver would commit its own statements before it at once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy import CursorResult
from sqlmodel.ext.asyncio.session import AsyncSession

from backend.alerts import sql
from backend.alerts.intake.rows import AlertColumns
from backend.alerts.intake.rules import Known
from backend.alerts.intake.transitions import Recorded, Transitions, Updated
from backend.alerts.schemas import AlertStatus, RejectedAlert, ResolvedBy

# The first columns of Updated: fingerprint to severity.
_UPDATED_TEXTS = 7


class ChangedAlert(NamedTuple):
    """An alert that a delivery changes; `known` is its state before, None for a new alert."""

    fingerprint: str
    known: Known | None


class Refusal(NamedTuple):
    code: str
    detail: str


@dataclass(slots=True)
class DeliveryRecord:
    """The stored record of a delivery. `refusal` is set when the whole body was refused."""

    body_sha256: bytes
    body_bytes: int
    group_key: str = ""
    receiver: str = ""
    truncated_alerts: int = 0
    accepted: int = 0
    rejected: int = 0
    repaired: int = 0
    rejections: Sequence[RejectedAlert] = ()
    refusal: Refusal | None = None
    evidence: bytes | None = None

    def arguments(self) -> tuple[object, ...]:
        """Return the values in the order of the statements that store a delivery."""
        return (
            self.group_key,
            self.receiver,
            self.truncated_alerts,
            self.body_sha256,
            self.body_bytes,
            self.accepted,
            self.rejected,
            self.repaired,
            self.refusal.code if self.refusal else None,
            self._rejections_json(),
            self.evidence,
        )

    def _rejections_json(self) -> str | None:
        if self.refusal is not None:
            return orjson.dumps([self.refusal._asdict()]).decode()
        if not self.rejections:
            return None
        return orjson.dumps([rejected.model_dump() for rejected in self.rejections]).decode()


async def upsert_alerts(
    session: AsyncSession,
    integration_id: int,
    alerts: AlertColumns,
    now: datetime,
    *,
    record: DeliveryRecord | None = None,
) -> list[ChangedAlert]:
    """Count every alert, insert the new ones, and return those that change.

    The alerts must be in ascending order of fingerprint, each once. They stay locked. A record of
    their delivery is stored by the same statement.
    """
    texts = [_joined(column) for column in alerts.texts]
    appearances = [None if times == 1 else times for times in alerts.appearances]
    others = [_padded(column) for column in (*alerts.times, appearances)]
    arguments = (integration_id, now, *texts, *others)
    if record is None:
        result = await _run(session, sql.UPSERT_ALERTS, *arguments)
    else:
        result = await _run(session, sql.UPSERT_AND_RECORD, *arguments, *record.arguments())
    return [
        ChangedAlert(
            row.fingerprint,
            None
            if row.is_new
            else Known(
                AlertStatus(row.status), row.starts_at, row.closed_through, row.status_changed_at
            ),
        )
        for row in result
    ]


async def apply(session: AsyncSession, integration_id: int, transitions: Transitions) -> None:
    """Write the changes, with one statement for each kind that occurs."""
    if transitions.opened:
        columns = _columns(transitions.opened)
        await _run(session, sql.OPEN_EPISODES, integration_id, *columns)
    if transitions.reopened:
        columns = _columns(transitions.reopened)
        await _run(session, sql.REOPEN_EPISODES, integration_id, *columns)
    closed = await _close(session, integration_id, transitions)
    if ended := [*transitions.recorded, *closed]:
        by = ResolvedBy.ALERTMANAGER.value
        await _run(session, sql.RECORD_EPISODES, integration_id, by, *_columns(ended))
    closed_through = {episode.fingerprint: episode.closed_at for episode in closed}
    updated = [_with_closing(update, closed_through) for update in transitions.updated]
    if updated:
        columns = _columns(updated)
        texts = [
            _joined([str(text or "") for text in column]) for column in columns[:_UPDATED_TEXTS]
        ]
        others = columns[_UPDATED_TEXTS:]
        await _run(session, sql.UPDATE_ALERTS, integration_id, transitions.now, *texts, *others)


async def _close(
    session: AsyncSession, integration_id: int, transitions: Transitions
) -> list[Recorded]:
    """Take the episodes that end out of the open ones."""
    if not transitions.closed:
        return []
    reports = {closed.row.fingerprint: closed for closed in transitions.closed}
    taken = await _run(session, sql.CLOSE_EPISODES, integration_id, list(reports))
    found = []
    for episode in taken:
        row, ended_at = reports[episode.fingerprint]
        # If clocks disagree and an end comes before its beginning, our own clock counts.
        if ended_at < episode.opened_at:
            ended_at = max(transitions.now, episode.opened_at)
        found.append(Recorded.of(row, episode.opened_at, ended_at, id_=episode.id))
    return found


def _with_closing(update: Updated, closed_through: dict[str, datetime]) -> Updated:
    closed_at = closed_through.get(update.fingerprint)
    if closed_at is None:
        return update
    return update._replace(ends_at=update.ends_at or closed_at, closed_through=closed_at)


async def record_delivery(
    session: AsyncSession, integration_id: int, record: DeliveryRecord, now: datetime
) -> None:
    """Store the record of a delivery without alerts to store."""
    await _run(session, sql.RECORD_DELIVERY, integration_id, now, *record.arguments())


def _columns(rows: Iterable[tuple[object, ...]]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _joined(column: Sequence[str]) -> str:
    """Join a column into one text: the driver encodes arrays five times as slowly, cell by cell.

    JSON escapes control characters, and fingerprints have none. A promoted label, which is only a
    copy, shows a separator as its symbol.
    """
    joined = sql.SEPARATOR.join(column)
    if joined.count(sql.SEPARATOR) < len(column):
        return joined
    symbol = "\N{SYMBOL FOR UNIT SEPARATOR}"
    return sql.SEPARATOR.join([cell.replace(sql.SEPARATOR, symbol) for cell in column])


def _padded(column: Sequence[object]) -> Sequence[object]:
    """Empty a column of nulls: `unnest` pads shorter arrays, and the driver is slow at nulls."""
    return () if column.count(None) == len(column) else column


async def _run(session: AsyncSession, statement: str, *arguments: object) -> CursorResult[Any]:
    return await (await session.connection()).exec_driver_sql(statement, arguments)
