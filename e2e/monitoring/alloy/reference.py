"""The record of what Alloy documents: reference.txt, read. Pure, and stdlib alone."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_RECORD = Path(__file__).with_name("reference.txt")
# Functions of the standard library that a configuration of ours may call, and what they give.
FUNCTIONS: Mapping[str, str] = {"sys.env": "string"}


@dataclass(frozen=True, slots=True)
class Shape:
    """What one block may have: types by argument, and by export."""

    arguments: Mapping[str, str]
    required: frozenset[str]
    blocks: frozenset[str]
    exports: Mapping[str, str]


@functools.cache
def shapes() -> Mapping[str, Shape]:
    """Shapes by block: `loki.write`, `loki.write/endpoint`, and stages by their own name."""
    lines = _RECORD.read_text().splitlines()
    return dict(_shape(line) for line in lines if line and not line.startswith("#"))


def shape_of(name: str, parent: str) -> Shape | None:
    """Find an inner block's shape; `parent` is the key of the block around it."""
    return shapes().get(f"{parent}/{name}" if parent and not name.startswith("stage.") else name)


def _shape(line: str) -> tuple[str, Shape]:
    before, _, exports = line.partition(" -> ")
    head, _, inner = before.partition("[")
    name, *arguments = head.split()
    types = dict(each.rstrip("!").split(":") for each in arguments)
    required = frozenset(each.partition(":")[0] for each in arguments if each.endswith("!"))
    blocks = frozenset(inner.rstrip("] ").split())
    return name, Shape(types, required, blocks, dict(each.split(":") for each in exports.split()))
