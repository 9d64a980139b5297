"""The intake: one delivery, one transaction. The caller commits; a 2xx means that it has."""

import hashlib
from datetime import datetime

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from backend.alerts import metrics, repository
from backend.alerts.errors import RefusedDelivery
from backend.alerts.intake.delivery import Chunk, Delivery
from backend.alerts.intake.json_reader import Body
from backend.alerts.intake.limits import (
    MAX_EVIDENCE_BYTES,
    MAX_GROUP_KEY_CHARACTERS,
    MAX_RECEIVER_CHARACTERS,
    MAX_STORED_REJECTIONS,
)
from backend.alerts.intake.parsing import parse_delivery
from backend.alerts.intake.rows import alert_columns
from backend.alerts.intake.transitions import Transitions
from backend.alerts.repository import DeliveryRecord, Refusal
from backend.alerts.schemas import IngestResult

log = structlog.get_logger()

MAX_BIGINT = 2**63 - 1


async def ingest(
    session: AsyncSession, integration_id: int, body: Body, now: datetime
) -> IngestResult:
    """Store the alerts of a body; raise RefusedDelivery if it is not an Alertmanager message."""
    return await store(session, integration_id, await parse_delivery(body), body, now)


async def store(
    session: AsyncSession, integration_id: int, delivery: Delivery, body: Body, now: datetime
) -> IngestResult:
    """Store a delivery in the session's transaction, a thousand alerts at a time."""
    record: DeliveryRecord | None = _record_of(delivery, body)
    tally = metrics.Tally(delivery.accepted, delivery.rejections.by_code, delivery.repairs.by_code)
    tally.truncated = delivery.envelope.truncated_alerts
    shared_by: list[str] = []
    for chunk in delivery.chunks():
        transitions = await _store(session, integration_id, chunk, now, record)
        record = None  # stored with the first chunk
        tally.opened += len(transitions.opened) + len(transitions.reopened)
        tally.closed += len(transitions.ended)
        tally.contested += transitions.contested
        shared_by += transitions.shared_by
        if (oldest := transitions.oldest()) is not None:
            # At least 0: a sender's clock may be ahead of ours.
            tally.lag_seconds = max((now - oldest).total_seconds(), tally.lag_seconds or 0)
    if record is not None:
        await repository.record_delivery(session, integration_id, record, now)
    if shared_by:
        tally.shared = len(shared_by)
        slug = await repository.name_rivals(session, integration_id, shared_by[0], now)
        log.warning("integration_shared", integration=slug, hosts=shared_by[0])
    metrics.count_after_commit(session, tally)
    return IngestResult(
        accepted=delivery.accepted,
        rejected=delivery.rejections.listed,
        repaired=delivery.repairs.listed or None,
    )


async def record_refusal(
    session: AsyncSession,
    integration_id: int,
    body: Body,
    refused: RefusedDelivery,
    now: datetime,
    *,
    size: int | None = None,
) -> None:
    """Record a body that is not a message, so that operators can find its sender.

    The body may be only the beginning of one of this size.
    """
    record = _record(body)
    record.body_bytes = len(body) if size is None else size
    record.refusal = Refusal(refused.code, refused.detail)
    record.evidence = bytes(body[:MAX_EVIDENCE_BYTES])
    await repository.record_delivery(session, integration_id, record, now)
    metrics.count_refusal_after_commit(session)


async def _store(
    session: AsyncSession,
    integration_id: int,
    chunk: Chunk,
    now: datetime,
    record: DeliveryRecord | None,
) -> Transitions:
    alerts = alert_columns(chunk, now)
    changed = await repository.upsert_alerts(session, integration_id, alerts, now, record=record)
    transitions = Transitions(alerts, now)
    if changed:
        transitions.add_all(changed)
        await repository.apply(session, integration_id, transitions)
    return transitions


def _record_of(delivery: Delivery, body: Body) -> DeliveryRecord:
    record = _record(body)
    envelope, rejections = delivery.envelope, delivery.rejections
    record.group_key = _storable(envelope.group_key, MAX_GROUP_KEY_CHARACTERS)
    record.receiver = _storable(envelope.receiver, MAX_RECEIVER_CHARACTERS)
    record.truncated_alerts = min(envelope.truncated_alerts, MAX_BIGINT)
    record.accepted, record.repaired = delivery.accepted, delivery.repairs.total
    if rejections.total:
        record.rejected = rejections.total
        record.rejections = rejections.listed[:MAX_STORED_REJECTIONS]
        record.evidence = bytes(body[:MAX_EVIDENCE_BYTES])
    return record


def _record(body: Body) -> DeliveryRecord:
    return DeliveryRecord(body_sha256=hashlib.sha256(body).digest(), body_bytes=len(body))


def _storable(value: str, characters: int) -> str:
    """Cut and repair a text that is only displayed, so that it never causes a rejection."""
    return value[:characters].replace("\x00", "\N{REPLACEMENT CHARACTER}")
