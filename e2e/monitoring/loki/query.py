"""GET /loki/api/v1/query_range and the labels, as Grafana asks. Pure, and stdlib alone."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from e2e.monitoring import logql
from e2e.monitoring.loki.configuration import Limits
from e2e.monitoring.loki.errors import Refused
from e2e.monitoring.loki.store import Line, Store, Stream

CATEGORIZE = "categorize-labels"
_NANOSECONDS = 1_000_000_000
_HOUR = 3600 * _NANOSECONDS
_LIMIT, _MAX_LIMIT = 100, 5000


def query_range(
    store: Store, limits: Limits, asked: Mapping[str, str], *, now: int, categorize: bool
) -> dict[str, Any]:
    """Answer a log query with `query`, `start`, `end`, `limit` and `direction`.

    Structured metadata are labels of the answer's streams, unless `categorize`: then they stand
    beside each line, which is what Grafana asks for.
    """
    try:
        query = logql.parse_as_loki(asked.get("query", ""))
    except logql.LogqlError as error:
        raise Refused(400, f"parse error: {error}") from None
    start, end = _time(asked.get("start"), now - _HOUR), _time(asked.get("end"), now)
    if limits.max_lookback is not None:
        start = max(start, now - int(limits.max_lookback * _NANOSECONDS))
    limit = int(asked.get("limit", _LIMIT))
    if limit > _MAX_LIMIT:
        raise Refused(400, f"max entries limit per query exceeded, limit > {_MAX_LIMIT}")
    found = [
        (stream, line)
        for stream, lines in store.entries(start, end)
        if query.selects(dict(stream))
        for line in lines
        if query.keeps(line.text, dict((*stream, *line.metadata)))
    ]
    backward = asked.get("direction", "backward").lower() == "backward"
    found.sort(key=lambda each: each[1].time, reverse=backward)
    return _answer(found[:limit], categorize=categorize)


def labels(store: Store) -> list[str]:
    return sorted({name for stream in store.streams() for name, _ in stream})


def label_values(store: Store, wanted: str) -> list[str]:
    return sorted({text for stream in store.streams() for name, text in stream if name == wanted})


def _answer(found: list[tuple[Stream, Line]], *, categorize: bool) -> dict[str, Any]:
    streams: dict[Stream, list[list[Any]]] = {}
    for stream, line in found:
        key = stream if categorize else tuple(sorted(dict((*stream, *line.metadata)).items()))
        value: list[Any] = [str(line.time), line.text]
        if categorize:
            value.append({"structuredMetadata": dict(line.metadata)} if line.metadata else {})
        streams.setdefault(key, []).append(value)
    result = [{"stream": dict(stream), "values": values} for stream, values in streams.items()]
    data: dict[str, Any] = {"resultType": "streams", "result": result, "stats": {}}
    return data | ({"encodingFlags": [CATEGORIZE]} if categorize else {})


def _time(text: str | None, default: int) -> int:
    """Read nanoseconds, seconds with a point, or RFC 3339."""
    if not text:
        return default
    try:
        if "T" in text:
            moment = datetime.fromisoformat(text)
            return int(moment.timestamp() * _NANOSECONDS)
        # As Loki: a number of up to ten digits, or with a point, is seconds.
        is_seconds = "." in text or len(text) <= len("1700000000")
        return int(float(text) * _NANOSECONDS) if is_seconds else int(text)
    except ValueError:
        raise Refused(400, f"{text!r} is no time") from None
