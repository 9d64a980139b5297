"""The stages of `loki.process` that our configuration has; others are refused. Stdlib alone."""

import json
import re
from collections.abc import Callable, Sequence
from datetime import datetime

from e2e.monitoring import logql
from e2e.monitoring.alloy.entry import Entry
from e2e.monitoring.alloy.errors import AlloyError
from e2e.monitoring.alloy.syntax import Block
from e2e.monitoring.alloy.values import arguments, choice

# None: the line goes no further, for ever or until the rest of it is there.
Stage = Callable[[Entry], Entry | None]
# time, stream, F (whole, or its end) or P (more of it follows), text
_CRI = re.compile(r"(?s)(\S+) (stdout|stderr) (\S+) (.*)")
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)")
_FIELD = re.compile(r"[A-Za-z_]\w*")
_NAME_OF_LABEL = re.compile(r"[A-Za-z_]\w*")
_DIGITS = 9
_SECOND = 1_000_000_000


def pipeline(blocks: Sequence[Block]) -> Stage:
    """Chain the stages in their order."""
    steps = [_stage(block) for block in blocks]

    def run(entry: Entry) -> Entry | None:
        current: Entry | None = entry
        for step in steps:
            if current is None:
                break
            current = step(current)
        return current

    return run


def nanoseconds(time: str) -> int | None:
    """Read RFC 3339 with up to nine digits of a second, which `datetime` has no room for."""
    match = _TIME.fullmatch(time)
    if match is None:
        return None
    whole, fraction, zone = match.groups()
    seconds = int(datetime.fromisoformat(whole + zone.replace("Z", "+00:00")).timestamp())
    return seconds * _SECOND + int((fraction or "0").ljust(_DIGITS, "0"))


def _stage(block: Block) -> Stage:
    make = _STAGES.get(block.name)
    if make is None:
        raise AlloyError(f"line {block.line}: the stand-in executes no {block.name}")
    return make(block)


class _Cri:
    """Takes off what the container runtime wrote before a line, and puts parts together."""

    def __init__(self, block: Block) -> None:
        arguments(block, ())
        self._parts: dict[frozenset[tuple[str, str]], list[str]] = {}

    def __call__(self, entry: Entry) -> Entry | None:
        match = _CRI.fullmatch(entry.line)
        if match is None:  # as it is, which real Alloy does, too
            return entry
        time, stream, flag, text = match.groups()
        entry.labels["stream"] = entry.extracted["stream"] = stream
        entry.extracted |= {"timestamp": time, "flags": flag, "content": text}
        entry.timestamp = nanoseconds(time) or entry.timestamp
        parts = self._parts.setdefault(frozenset(entry.labels.items()), [])
        if flag == "P":
            parts.append(text)
            return None
        entry.line = "".join([*parts, text])
        parts.clear()
        return entry


def _match(block: Block) -> Stage:
    given = arguments(block, ("selector", "action"), blocks=_STAGES)
    choice(block, given.get("action", "keep"), ("keep",))
    query = logql.parse(given["selector"])
    if query.label_filters:
        raise AlloyError(f"line {block.line}: a selector of stage.match has no label filters")
    inner = pipeline(block.blocks)

    def run(entry: Entry) -> Entry | None:
        selected = query.selects(entry.labels) and query.keeps(entry.line, entry.labels)
        return inner(entry) if selected else entry

    return run


def _json(block: Block) -> Stage:
    expressions: dict[str, str] = arguments(block, ("expressions",))["expressions"]
    fields = {name: expression or name for name, expression in expressions.items()}
    for expression in fields.values():
        if not _FIELD.fullmatch(expression):
            raise AlloyError(f"line {block.line}: {expression!r} is more than a field's name")

    def run(entry: Entry) -> Entry:
        try:
            content = json.loads(entry.line)
        except ValueError:
            return entry
        if isinstance(content, dict):
            found = {name: content.get(field) for name, field in fields.items()}
            entry.extracted |= {name: _plain(value) for name, value in found.items()}
        return entry

    return run


def _plain(value: object) -> object:
    return json.dumps(value) if isinstance(value, dict | list) else value


def _extracted(block: Block) -> Callable[[Entry], dict[str, str]]:
    """Look up `values` of the stages that make something of what others have extracted."""
    values: dict[str, str] = arguments(block, ("values",)).get("values", {})
    for name in values:
        if not _NAME_OF_LABEL.fullmatch(name):
            raise AlloyError(f"line {block.line}: {name!r} can be no label")

    def find(entry: Entry) -> dict[str, str]:
        found = {name: entry.extracted.get(source or name) for name, source in values.items()}
        return {name: _text(value) for name, value in found.items() if value is not None}

    return find


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _labels(block: Block) -> Stage:
    find = _extracted(block)

    def run(entry: Entry) -> Entry:
        entry.labels |= find(entry)
        return entry

    return run


def _structured_metadata(block: Block) -> Stage:
    find = _extracted(block)

    def run(entry: Entry) -> Entry:
        entry.metadata |= find(entry)
        return entry

    return run


def _label_drop(block: Block) -> Stage:
    names: list[str] = arguments(block, ("values",))["values"]

    def run(entry: Entry) -> Entry:
        for name in names:
            entry.labels.pop(name, None)
        return entry

    return run


_STAGES: dict[str, Callable[[Block], Stage]] = {
    "stage.cri": _Cri,
    "stage.json": _json,
    "stage.label_drop": _label_drop,
    "stage.labels": _labels,
    "stage.match": _match,
    "stage.structured_metadata": _structured_metadata,
}
