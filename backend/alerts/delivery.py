"""One delivery, read: what can be stored and what cannot, and in which order to store it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from backend.alerts.limits import CHUNK_ALERTS, CHUNK_BYTES, MAX_REPORTED_REJECTIONS
from backend.alerts.payload import AlertMessage, Envelope
from backend.alerts.schemas import RejectedAlert

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Appearance:
    """An alert as its delivery reports it last, and how often it appears there."""

    alert: AlertMessage
    times: int


@dataclass(slots=True)
class Rejections:
    """All are counted, for metrics and the delivery's row; the first thousand are listed."""

    total: int = 0
    by_code: dict[str, int] = field(default_factory=dict)
    listed: list[RejectedAlert] = field(default_factory=list)

    def add(self, rejected: RejectedAlert) -> None:
        self.total += 1
        self.by_code[rejected.code] = self.by_code.get(rejected.code, 0) + 1
        if len(self.listed) < MAX_REPORTED_REJECTIONS:
            self.listed.append(rejected)


@dataclass(slots=True)
class _Latest:
    """Of one fingerprint's appearances the last, by its own times, then by position."""

    event_time: datetime
    index: int
    times: int = 1


@dataclass(slots=True)
class Delivery:
    """`load` gives alerts by their positions in the body, `size` the bytes they take there."""

    envelope: Envelope
    load: Callable[[Sequence[int]], Sequence[AlertMessage]]
    size: Callable[[int], int]
    accepted: int = 0
    rejections: Rejections = field(default_factory=Rejections)
    _latest: dict[str, _Latest] = field(default_factory=dict)

    def note(self, index: int, alert: AlertMessage) -> None:
        """Count one sound alert."""
        self.accepted += 1
        event_time = alert.event_time()
        known = self._latest.get(alert.fingerprint)
        if known is None:
            self._latest[alert.fingerprint] = _Latest(event_time, index)
            return
        known.times += 1
        if event_time >= known.event_time:
            known.event_time, known.index = event_time, index

    def chunks(self) -> Iterator[list[Appearance]]:
        """Yield every fingerprint once, in ascending order over all chunks.

        Concurrent deliveries then lock rows in the same order and cannot deadlock.
        """
        ordered = [latest for _, latest in sorted(self._latest.items())]
        for chunk in batches(ordered, lambda latest: self.size(latest.index)):
            alerts = self.load([latest.index for latest in chunk])
            yield [
                Appearance(alert, latest.times) for alert, latest in zip(alerts, chunk, strict=True)
            ]


def batches(items: Sequence[Item], size: Callable[[Item], int]) -> Iterator[Sequence[Item]]:
    """Cut into runs of at most CHUNK_ALERTS items and, unless one is larger, CHUNK_BYTES bytes."""
    start, total = 0, 0
    for position, item in enumerate(items):
        total += size(item)
        if position - start == CHUNK_ALERTS or (total > CHUNK_BYTES and position > start):
            yield items[start:position]
            start, total = position, size(item)
    if start < len(items):
        yield items[start:]
