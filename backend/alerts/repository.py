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
from backend.alerts.intake.transitions import ChangedAlert, Transitions
from backend.alerts.schemas import AlertStatus, RejectedAlert


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
    *texts, links = alerts.texts
    own, shared = _shared(links)
    joined = [_joined(column) for column in (*texts, own)]
    appearances = [None if times == 1 else times for times in alerts.appearances]
    others = [_padded(column) for column in (*alerts.times, appearances)]
    arguments = (integration_id, now, *joined, *others, shared)
    if record is None:
        result = await _run(session, sql.UPSERT_ALERTS, *arguments)
    else:
        result = await _run(session, sql.UPSERT_AND_RECORD, *arguments, *record.arguments())
    return [
        ChangedAlert(
            fingerprint, None if is_new else Known(AlertStatus(status), *state), rewritten, links
        )
        for fingerprint, is_new, rewritten, links, status, *state in map(tuple, result)
    ]


async def apply(session: AsyncSession, integration_id: int, transitions: Transitions) -> None:
    """Write the changes, with one statement for each kind that occurs."""
    now = transitions.now
    if transitions.rewritten:
        # First: a closed episode takes its labels from the alert.
        texts = (
            _joined([column[position] for position in transitions.rewritten])
            for column in transitions.alerts.texts
        )
        await _run(session, sql.REWRITE_ALERTS, integration_id, *texts)
    if transitions.opened:
        columns = _columns(transitions.opened)
        await _run(session, sql.OPEN_EPISODES, integration_id, *columns)
    if transitions.reopened:
        columns = _columns(transitions.reopened)
        await _run(session, sql.REOPEN_EPISODES, integration_id, *columns)
    if transitions.ended:
        fingerprints, *times = _columns(transitions.ended)
        await _run(session, sql.END_EPISODES, integration_id, now, _joined(fingerprints), *times)
    if transitions.fired:
        fingerprints, *states = _columns(transitions.fired)
        await _run(session, sql.FIRE_ALERTS, integration_id, now, _joined(fingerprints), *states)
    if transitions.suspected:
        columns = _columns(transitions.suspected)
        await _run(session, sql.SUSPECT_RIVALS, integration_id, *columns)


async def name_rivals(session: AsyncSession, integration_id: int, hosts: str, now: datetime) -> str:
    """Record that two clusters share an integration, and return its slug."""
    result = await _run(session, sql.NAME_RIVALS, integration_id, now, hosts)
    return str(result.scalar_one())


async def record_delivery(
    session: AsyncSession, integration_id: int, record: DeliveryRecord, now: datetime
) -> None:
    """Store the record of a delivery without alerts to store."""
    await _run(session, sql.RECORD_DELIVERY, integration_id, now, *record.arguments())


def _columns(rows: Iterable[tuple[Any, ...]]) -> list[list[Any]]:
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


def _shared(links: Sequence[str]) -> tuple[Sequence[str], str | None]:
    """Divide links into those of single alerts and those of all others, which are sent once."""
    shared = links[0]
    if links.count(shared) == len(links):
        return (), shared or None
    return ["" if own == shared else own or "{}" for own in links], shared or None


def _padded(column: Sequence[object]) -> Sequence[object]:
    """Empty a column of nulls: `unnest` pads shorter arrays, and the driver is slow at nulls."""
    return () if column.count(None) == len(column) else column


async def _run(session: AsyncSession, statement: str, *arguments: object) -> CursorResult[Any]:
    return await (await session.connection()).exec_driver_sql(statement, arguments)
