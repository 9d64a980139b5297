"""Parses the bytes of a body into a Delivery.

Small valid bodies are parsed at once. Large bodies, and bodies with errors, are split first and
parsed a chunk at a time: memory stays bounded, the event loop runs between two chunks, and one
invalid alert does not affect the others. An invalid alert is repaired, or else rejected.
"""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import ValidationError

from backend.alerts.errors import MalformedJson
from backend.alerts.intake import envelope
from backend.alerts.intake.delivery import Delivery, batches
from backend.alerts.intake.json_reader import Body, Span
from backend.alerts.intake.json_splitter import SplitBody, split
from backend.alerts.intake.limits import (
    LARGE_ALERT_BYTES,
    LARGE_BODY_BYTES,
    MAX_ALERT_BYTES,
)
from backend.alerts.intake.payload import (
    ALERT,
    ALERTS,
    BEGINNING_OF_TIME,
    AlertMessage,
    DeliveryMessage,
)
from backend.alerts.intake.rejections import explain, find_nul, too_large
from backend.alerts.intake.repair import Repaired, repaired
from backend.alerts.schemas import RejectedAlert, RepairedAlert

NUL_ESCAPE = b"\\u0000"


async def parse_delivery(body: Body, *, untimed: datetime = BEGINNING_OF_TIME) -> Delivery:
    """Parse a body; raise RefusedDelivery if it is not an Alertmanager message.

    `untimed` is when a report that says no time happened, compared with others in the body.
    """
    if len(body) <= LARGE_BODY_BYTES and NUL_ESCAPE not in body:
        try:
            return _parse_whole(DeliveryMessage.model_validate_json(body), untimed)
        except ValidationError:
            pass  # Parsing alert by alert finds out which one is wrong, and why.
    return await _parse_slices(body, untimed)


def _parse_whole(message: DeliveryMessage, untimed: datetime) -> Delivery:
    alerts = message.alerts
    delivery = Delivery(
        message, lambda indexes: [alerts[index] for index in indexes], lambda _: 0, untimed
    )
    delivery.note_all(alerts)
    return delivery


async def _parse_slices(body: Body, untimed: datetime = BEGINNING_OF_TIME) -> Delivery:
    # Splitting a large body takes many milliseconds, so it runs in a thread beside the event loop.
    large = len(body) > LARGE_BODY_BYTES
    parts = await asyncio.to_thread(_split, body) if large else _split(body)
    slices = _Slices(body, parts.alerts or [])
    delivery = Delivery(envelope.parse_envelope(body, parts), slices.parse, slices.size, untimed)
    for indexes in batches(range(len(slices.spans)), slices.size):
        await _note_slices(delivery, slices, indexes)
        await asyncio.sleep(0)
    return delivery


def _split(body: Body) -> SplitBody:
    return split(body, envelope.NAMES)


@dataclass(frozen=True, slots=True)
class _Slices:
    body: Body
    spans: Sequence[Span]
    # The JSON of the alerts that were repaired, together no larger than the body.
    repaired: dict[int, bytes] = field(default_factory=dict)

    def __getitem__(self, index: int) -> Body:
        begin, end = self.spans[index]
        return self.body[begin:end]

    def repair(self, index: int) -> Repaired:
        begin, end = self.spans[index]
        return repaired(memoryview(self.body)[begin:end])

    def size(self, index: int) -> int:
        begin, end = self.spans[index]
        return end - begin

    def joined(self, indexes: Iterable[int]) -> bytes:
        alerts = [self.repaired.get(index) or self[index] for index in indexes]
        return b"[" + b",".join(alerts) + b"]"

    def parse(self, indexes: Iterable[int]) -> list[AlertMessage]:
        return ALERTS.validate_json(self.joined(indexes))


async def _note_slices(delivery: Delivery, slices: _Slices, indexes: Sequence[int]) -> None:
    if max(map(slices.size, indexes)) <= MAX_ALERT_BYTES:
        joined = slices.joined(indexes)
        with suppress(ValidationError):  # At least one of them is invalid: parse each.
            if NUL_ESCAPE not in joined:
                alerts = ALERTS.validate_json(joined)
                for index, alert in zip(indexes, alerts, strict=True):
                    delivery.note(index, alert)
                return
    for index in indexes:
        await _note_slice(delivery, slices, index)
        await asyncio.sleep(0)


async def _note_slice(delivery: Delivery, slices: _Slices, index: int) -> None:
    if slices.size(index) <= MAX_ALERT_BYTES and NUL_ESCAPE not in slices[index]:
        with suppress(ValidationError):
            delivery.note(index, ALERT.validate_json(slices[index]))
            return
    large = slices.size(index) > LARGE_ALERT_BYTES
    try:
        repair = await asyncio.to_thread(slices.repair, index) if large else slices.repair(index)
    except MalformedJson as error:
        raise MalformedJson(f"Alert {index} is not valid JSON.") from error
    parsed = _parse_repaired(index, repair)
    if isinstance(parsed, RejectedAlert):
        delivery.rejections.add(parsed)
        return
    # Without a change, too: what is not kept, and so not named, may be what the parser refuses.
    slices.repaired[index] = repair.json
    if repair.changes:
        delivery.repairs.add(
            *(RepairedAlert(index=index, code=c, detail=d) for c, d in repair.changes.items())
        )
    delivery.note(index, parsed)


def _parse_repaired(index: int, repair: Repaired) -> AlertMessage | RejectedAlert:
    if repair.size > MAX_ALERT_BYTES:
        return too_large(index, repair.size)
    try:
        message = ALERT.validate_json(repair.json)
    except ValidationError as error:
        return explain(index, repair.json, error)
    return find_nul(index, message) or message
