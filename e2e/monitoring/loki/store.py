"""Streams in memory, and on the volume as one JSON line for each entry. Stdlib alone."""

import json
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

# A stream's labels, sorted.
Stream: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Line:
    """`time` in nanoseconds since 1970."""

    time: int
    text: str
    metadata: Stream = ()


class Store:
    """Everything that was taken, also after a restart."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "stand-in.jsonl"
        self._lock = threading.Lock()
        self.taken = 0
        # Each line once: a client that got no answer sends it again.
        self._streams: dict[Stream, dict[Line, None]] = {}
        if self._path.exists():
            for row in self._path.read_text().splitlines():
                stream, line = _read(row)
                self._streams.setdefault(stream, {})[line] = None

    def add(self, entries: Iterable[tuple[Stream, Line]]) -> None:
        """Keep, on disk as well, before this returns."""
        with self._lock, self._path.open("a") as file:
            for stream, line in entries:
                known = self._streams.setdefault(stream, {})
                if line not in known:
                    known[line] = None
                    self.taken += 1
                    file.write(_row(stream, line) + "\n")

    def streams(self) -> list[Stream]:
        with self._lock:
            return list(self._streams)

    def entries(self, start: int, end: int) -> Iterator[tuple[Stream, list[Line]]]:
        """Give what lies in [start, end), by stream and unordered."""
        with self._lock:
            copies = [(stream, list(lines)) for stream, lines in self._streams.items()]
        for stream, lines in copies:
            yield stream, [line for line in lines if start <= line.time < end]

    def forget(self, before: int) -> None:
        """Delete what is older, from the disk as well."""
        with self._lock:
            for stream, lines in list(self._streams.items()):
                kept = {line: None for line in lines if line.time >= before}
                if kept:
                    self._streams[stream] = kept
                else:
                    del self._streams[stream]
            rows = [_row(stream, line) for stream, lines in self._streams.items() for line in lines]
            partial = self._path.with_suffix(".partial")
            partial.write_text("".join(f"{row}\n" for row in rows))
            partial.rename(self._path)


def _row(stream: Stream, line: Line) -> str:
    return json.dumps([dict(stream), line.time, line.text, dict(line.metadata)])


def _read(row: str) -> tuple[Stream, Line]:
    stream, time, text, metadata = json.loads(row)
    return tuple(sorted(stream.items())), Line(time, text, tuple(sorted(metadata.items())))
