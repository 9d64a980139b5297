"""One parsed delivery: its alerts in the order of storing, and its rejections."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import Generic, TypeVar

from backend.alerts.intake.limits import CHUNK_ALERTS, CHUNK_BYTES, MAX_REPORTED_NOTES
from backend.alerts.intake.payload import BEGINNING_OF_TIME, AlertMessage, Envelope
from backend.alerts.schemas import AlertNote, RejectedAlert, RepairedAlert

Item = TypeVar("Item")
Note = TypeVar("Note", bound=AlertNote)


@dataclass(frozen=True, slots=True)
class Chunk:
    """The last report of each alert in a delivery, and how often the alert appears there."""

    alerts: Sequence[AlertMessage]
    times: Sequence[int]
    # The address of the Alertmanager that sent them.
    sender: str = ""


@dataclass(slots=True)
class Notes(Generic[Note]):
    """All alerts are counted, for metrics and the record; the first thousand notes are listed."""

    total: int = 0
    by_code: dict[str, int] = field(default_factory=dict)
    listed: list[Note] = field(default_factory=list)

    def add(self, *notes: Note) -> None:
        """Note one alert, with one note or several."""
        self.total += 1
        for note in notes:
            self.by_code[note.code] = self.by_code.get(note.code, 0) + 1
            if len(self.listed) < MAX_REPORTED_NOTES:
                self.listed.append(note)


# A fingerprint's last appearance, by event time and then by position: event time, position and the
# number of appearances. A plain tuple, because there is one for every alert.
_Latest = tuple[datetime, int, int]


@dataclass(slots=True)
class Delivery:
    """`load` returns alerts by their positions in the body, `size` the bytes of one there."""

    envelope: Envelope
    load: Callable[[Sequence[int]], Sequence[AlertMessage]]
    size: Callable[[int], int]
    untimed: datetime = BEGINNING_OF_TIME
    accepted: int = 0
    rejections: Notes[RejectedAlert] = field(default_factory=Notes)
    repairs: Notes[RepairedAlert] = field(default_factory=Notes)
    _latest: dict[str, _Latest] = field(default_factory=dict)

    def note(self, index: int, alert: AlertMessage) -> None:
        """Count one valid alert."""
        self.accepted += 1
        event_time = alert.event_time() or self.untimed
        known = self._latest.get(alert.fingerprint)
        if known is None:
            self._latest[alert.fingerprint] = (event_time, index, 1)
        elif event_time >= known[0]:
            self._latest[alert.fingerprint] = (event_time, index, known[2] + 1)
        else:
            self._latest[alert.fingerprint] = (known[0], known[1], known[2] + 1)

    def note_all(self, alerts: Sequence[AlertMessage]) -> None:
        """Count the alerts at the positions from 0 on. Their fingerprints are usually distinct."""
        fingerprints = [alert.fingerprint for alert in alerts]
        if len(set(fingerprints)) < len(fingerprints):
            for index, alert in enumerate(alerts):
                self.note(index, alert)
            return
        self.accepted = len(alerts)
        self._latest = {
            fingerprint: (BEGINNING_OF_TIME, index, 1)
            for index, fingerprint in enumerate(fingerprints)
        }

    def chunks(self) -> Iterator[Chunk]:
        """Yield every fingerprint once, in ascending order over all chunks.

        Concurrent deliveries then lock rows in the same order and cannot deadlock.
        """
        ordered = [
            (index, times)
            for _, (_, index, times) in sorted(self._latest.items(), key=itemgetter(0))
        ]
        for chunk in batches(ordered, lambda latest: self.size(latest[0])):
            alerts = self.load([index for index, _ in chunk])
            yield Chunk(alerts, [times for _, times in chunk], self.envelope.external_url)


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
