"""Parses the bytes of a body into a Delivery.

Small valid bodies are parsed at once. Large bodies, and bodies with errors, are split first and
parsed a chunk at a time: memory stays bounded, the event loop runs between two chunks, and one
invalid alert does not affect the others. An invalid alert is repaired, or else rejected.
"""

import asyncio
import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from pydantic import ValidationError

from backend.alerts.errors import MalformedJson, NotAlertmanagerMessage
from backend.alerts.intake.delivery import Delivery, batches
from backend.alerts.intake.json_splitter import Body, Span, split
from backend.alerts.intake.limits import (
    LARGE_ALERT_BYTES,
    LARGE_BODY_BYTES,
    MAX_ALERT_BYTES,
    MAX_ENVELOPE_BYTES,
)
from backend.alerts.intake.payload import (
    ALERT,
    ALERTS,
    AlertMessage,
    DeliveryMessage,
    EmptiedMessage,
    Envelope,
)
from backend.alerts.intake.rejections import (
    explain,
    explain_envelope,
    find_nul,
    is_unparsable,
    too_large,
)
from backend.alerts.intake.repair import Repaired, repaired
from backend.alerts.schemas import RejectedAlert, RepairedAlert

NUL_ESCAPE = b"\\u0000"


async def parse_delivery(body: Body) -> Delivery:
    """Parse a body; raise RefusedDelivery if it is not an Alertmanager message."""
    if len(body) <= LARGE_BODY_BYTES and NUL_ESCAPE not in body:
        try:
            return _parse_whole(DeliveryMessage.model_validate_json(body))
        except ValidationError:
            pass  # Parsing alert by alert finds out which one is wrong, and why.
    return await _parse_slices(body)


def _parse_whole(message: DeliveryMessage) -> Delivery:
    alerts = message.alerts
    delivery = Delivery(message, lambda indexes: [alerts[index] for index in indexes], lambda _: 0)
    delivery.note_all(alerts)
    return delivery


async def _parse_slices(body: Body) -> Delivery:
    # Splitting a large body takes many milliseconds, so it runs in a thread beside the event loop.
    parts = split(body) if len(body) <= LARGE_BODY_BYTES else await asyncio.to_thread(split, body)
    slices = _Slices(body, parts.alerts)
    delivery = Delivery(_parse_envelope(parts.envelope), slices.parse, slices.size)
    for indexes in batches(range(len(slices.spans)), slices.size):
        await _note_slices(delivery, slices, indexes)
        await asyncio.sleep(0)
    return delivery


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


async def _note_slice(delivery: Delivery, slices: _Slices, index: int) -> None:
    if slices.size(index) <= MAX_ALERT_BYTES and NUL_ESCAPE not in slices[index]:
        with suppress(ValidationError):
            delivery.note(index, ALERT.validate_json(slices[index]))
            return
    large = slices.size(index) > LARGE_ALERT_BYTES
    repair = await asyncio.to_thread(slices.repair, index) if large else slices.repair(index)
    parsed = _parse_repaired(index, repair.json)
    if isinstance(parsed, RejectedAlert):
        delivery.rejections.add(parsed)
        return
    if repair.changes:
        slices.repaired[index] = repair.json
        delivery.repairs.add(
            *(RepairedAlert(index=index, code=c, detail=d) for c, d in repair.changes.items())
        )
    delivery.note(index, parsed)


def _parse_repaired(index: int, alert: bytes) -> AlertMessage | RejectedAlert:
    if len(alert) > MAX_ALERT_BYTES:
        return too_large(index, len(alert))
    try:
        message = ALERT.validate_json(alert)
    except ValidationError as error:
        return explain(index, alert, error)
    return find_nul(index, message) or message


def _parse_envelope(envelope: bytes) -> Envelope:
    if len(envelope) > MAX_ENVELOPE_BYTES:
        raise NotAlertmanagerMessage(
            f"The body has {len(envelope)} bytes beside its alerts;"
            f" at most {MAX_ENVELOPE_BYTES} are allowed."
        )
    try:
        return EmptiedMessage.model_validate_json(envelope)
    except ValidationError as error:
        if not is_unparsable(error):
            raise NotAlertmanagerMessage(explain_envelope(error)) from error
    return _parse_repaired_envelope(envelope)


def _parse_repaired_envelope(envelope: bytes) -> Envelope:
    """Repair what is no character, for example in the group key, to keep the alerts."""
    try:
        content = json.loads(envelope.decode("utf-8", "replace"))
        clean = json.dumps(content, ensure_ascii=False).encode("utf-8", "replace")
        return EmptiedMessage.model_validate_json(clean)
    except ValidationError as error:
        raise NotAlertmanagerMessage(explain_envelope(error)) from error
    except ValueError as error:
        raise MalformedJson(f"The body is not valid JSON: {error}.") from error
