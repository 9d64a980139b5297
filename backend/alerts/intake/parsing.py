"""From the bytes of a body to a Delivery.

Small sound bodies are parsed at once. Large ones, and those in which anything is wrong, are split
first and parsed a chunk at a time: memory stays bounded, the event loop gets its turn between two
chunks, and a broken alert costs only itself.
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


async def read_delivery(body: Body) -> Delivery:
    """Read a body; raises a RefusedDelivery when it is no Alertmanager message."""
    if len(body) <= LARGE_BODY_BYTES and NUL_ESCAPE not in body:
        try:
            return _whole(DeliveryMessage.model_validate_json(body))
        except ValidationError:
            pass  # The careful way finds out what is wrong, and with which alert.
    return await _sliced(body)


def _whole(message: DeliveryMessage) -> Delivery:
    alerts = message.alerts
    delivery = Delivery(message, lambda indexes: [alerts[index] for index in indexes], lambda _: 0)
    delivery.note_all(alerts)
    return delivery


async def _sliced(body: Body) -> Delivery:
    # In a thread of its own a scan of many milliseconds lets the event loop have its turns.
    parts = split(body) if len(body) <= LARGE_BODY_BYTES else await asyncio.to_thread(split, body)
    slices = _Slices(body, parts.alerts)
    delivery = Delivery(_read_envelope(parts.envelope), slices.parse, slices.size)
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
            pass  # At least one of them is broken: look at each.
        else:
            for index, alert in zip(indexes, alerts, strict=True):
                delivery.note(index, alert)
            return
    for index in indexes:
        read = _read_alert(index, slices[index])
        if isinstance(read, RejectedAlert):
            delivery.rejections.add(read)
        else:
            delivery.note(index, read)


def _read_alert(index: int, alert: Body) -> AlertMessage | RejectedAlert:
    try:
        message = ALERT.validate_json(alert)
    except ValidationError as error:
        return explain(index, alert, error)
    if NUL_ESCAPE in alert:
        return find_nul(index, message) or message
    return message


def _read_envelope(envelope: bytes) -> Envelope:
    if len(envelope) > MAX_ENVELOPE_BYTES:
        raise NotAlertmanagerMessage(
            f"The body has {len(envelope)} bytes beside its alerts;"
            f" {MAX_ENVELOPE_BYTES} may be sent."
        )
    try:
        return EmptiedMessage.model_validate_json(envelope)
    except ValidationError as error:
        if not is_unparsable(error):
            raise NotAlertmanagerMessage(explain_envelope(error)) from error
    return _read_repaired_envelope(envelope)


def _read_repaired_envelope(envelope: bytes) -> Envelope:
    """Half a surrogate pair in, say, the group key is no reason to refuse the alerts."""
    try:
        repaired = json.dumps(json.loads(envelope), ensure_ascii=False).encode("utf-8", "replace")
        return EmptiedMessage.model_validate_json(repaired)
    except ValidationError as error:
        raise NotAlertmanagerMessage(explain_envelope(error)) from error
    except ValueError as error:
        raise MalformedJson(f"The body is not valid JSON: {error}.") from error
