"""POST /loki/api/v1/push as JSON, with what Loki refuses. Pure, and stdlib alone."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from e2e.monitoring.loki.configuration import Limits
from e2e.monitoring.loki.errors import Refused
from e2e.monitoring.loki.store import Line, Stream

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NANOSECONDS = 1_000_000_000


def entries(content: Any, limits: Limits, *, now: int) -> list[tuple[Stream, Line]]:
    """Read a push; `now` in nanoseconds. Refuses all of it where Loki would keep a part."""
    try:
        streams = [(each["stream"], each["values"]) for each in content["streams"]]
        found = [
            (_stream(labels, limits), line)
            for labels, values in streams
            for line in _lines(values, limits, now)
        ]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Refused(400, f"the body is no push of streams: {error!r}") from None
    if any(line.metadata for _, line in found) and not limits.allow_structured_metadata:
        raise Refused(400, "structured metadata is not allowed: see allow_structured_metadata")
    return found


def _stream(labels: Mapping[str, str], limits: Limits) -> Stream:
    if not labels:
        raise Refused(400, "error at least one label pair is required per stream")
    if len(labels) > limits.max_label_names:
        raise Refused(
            400,
            f"entry for stream {dict(labels)} has {len(labels)} label names; limit "
            f"{limits.max_label_names}",
        )
    _check_pairs(labels)
    return tuple(sorted(labels.items()))


def _lines(values: list[list[Any]], limits: Limits, now: int) -> Iterator[Line]:
    for time, text, *rest in values:
        metadata: Mapping[str, str] = rest[0] if rest else {}
        _check_pairs(metadata)
        line = Line(int(time), _text(text), tuple(sorted(metadata.items())))
        if len(line.text.encode()) > limits.max_line_bytes:
            raise Refused(400, f"max entry size {limits.max_line_bytes} bytes exceeded")
        if limits.too_old is not None and line.time < now - limits.too_old * _NANOSECONDS:
            raise Refused(400, f"entry has timestamp too old: {line.time}")
        if line.time > now + limits.too_new * _NANOSECONDS:
            raise Refused(400, f"entry has timestamp too new: {line.time}")
        yield line


def _check_pairs(pairs: Mapping[str, str]) -> None:
    for name, value in pairs.items():
        if not _NAME.fullmatch(name):
            raise Refused(400, f"{name!r} is no label's name")
        _text(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no string")
    return value
