"""Parses the bytes of a body into a Delivery.

Small valid bodies are parsed at once. Large bodies, and bodies with errors, are split first and
parsed a chunk at a time: memory stays bounded, the event loop runs between two chunks, and one
invalid alert does not affect the others.
"""

import asyncio
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from backend.alerts.errors import MalformedJson, NotAlertmanagerMessage
from backend.alerts.intake.delivery import Delivery, batches
from backend.alerts.intake.json_splitter import Body, Span, split
from backend.alerts.intake.limits import LARGE_BODY_BYTES, MAX_ALERT_BYTES, MAX_ENVELOPE_BYTES
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
from backend.alerts.schemas import RejectedAlert

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
    for index in slices.too_large():
        delivery.rejections.add(too_large(index, slices.size(index)))
    for indexes in batches(slices.of_legal_size(), slices.size):
        _note_slices(delivery, slices, indexes)
        await asyncio.sleep(0)
    delivery.rejections.listed.sort(key=lambda rejected: rejected.index)
    return delivery


@dataclass(frozen=True, slots=True)
class _Slices:
    body: Body
    spans: Sequence[Span]

    def __getitem__(self, index: int) -> Body:
        begin, end = self.spans[index]
        return self.body[begin:end]

    def size(self, index: int) -> int:
        begin, end = self.spans[index]
        return end - begin

    def too_large(self) -> list[int]:
        return [index for index in range(len(self.spans)) if self.size(index) > MAX_ALERT_BYTES]

    def of_legal_size(self) -> list[int]:
        return [index for index in range(len(self.spans)) if self.size(index) <= MAX_ALERT_BYTES]

    def joined(self, indexes: Iterable[int]) -> bytes:
        return b"[" + b",".join([self[index] for index in indexes]) + b"]"

    def parse(self, indexes: Iterable[int]) -> list[AlertMessage]:
        return ALERTS.validate_json(self.joined(indexes))


def _note_slices(delivery: Delivery, slices: _Slices, indexes: Sequence[int]) -> None:
    joined = slices.joined(indexes)
    if NUL_ESCAPE not in joined:
        try:
            alerts = ALERTS.validate_json(joined)
        except ValidationError:
            pass  # At least one of them is invalid: parse each.
        else:
            for index, alert in zip(indexes, alerts, strict=True):
                delivery.note(index, alert)
            return
    for index in indexes:
        parsed = _parse_alert(index, slices[index])
        if isinstance(parsed, RejectedAlert):
            delivery.rejections.add(parsed)
        else:
            delivery.note(index, parsed)


def _parse_alert(index: int, alert: Body) -> AlertMessage | RejectedAlert:
    try:
        message = ALERT.validate_json(alert)
    except ValidationError as error:
        return explain(index, alert, error)
    if NUL_ESCAPE in alert:
        return find_nul(index, message) or message
    return message


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
    """Repair half a surrogate pair, for example in the group key, to keep the alerts."""
    try:
        repaired = json.dumps(json.loads(envelope), ensure_ascii=False).encode("utf-8", "replace")
        return EmptiedMessage.model_validate_json(repaired)
    except ValidationError as error:
        raise NotAlertmanagerMessage(explain_envelope(error)) from error
    except ValueError as error:
        raise MalformedJson(f"The body is not valid JSON: {error}.") from error
