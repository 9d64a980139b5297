"""Whether a configuration is one that Alloy documents. Pure, and stdlib alone.

It knows names and types of reference.txt, not what Alloy does with the values; what real Alloy says
is `alloy validate` (docs/operations.md).
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from e2e.monitoring.alloy.reference import FUNCTIONS, Shape, shape_of, shapes
from e2e.monitoring.alloy.syntax import (
    Array,
    Attribute,
    Block,
    Call,
    Expression,
    Literal,
    Object,
    Reference,
    Sum,
)

_DURATION = re.compile(r"(\d+(\.\d+)?(ns|us|ms|s|m|h))+")
# Of a list, what its items are; of a map, what its values are.
_ITEMS = {"strings": "string", "receivers": "receiver", "targets": "map"}


def problems(configuration: Block) -> list[str]:
    """Say what is wrong, by line; nothing when all is documented."""
    return list(_Check(configuration).all())


class _Check:
    def __init__(self, configuration: Block) -> None:
        self._blocks = configuration.blocks
        self._stray = configuration.attributes.values()
        self._exports: Mapping[str, Mapping[str, str]] = {
            block.identity: shape.exports
            for block in self._blocks
            if (shape := shape_of(block.name, "")) is not None
        }

    def all(self) -> Iterator[str]:
        for attribute in self._stray:
            yield f"line {attribute.line}: {attribute.name} stands outside of every block"
        seen: set[str] = set()
        for block in self._blocks:
            if block.identity in seen:
                yield f"line {block.line}: {block.identity} is there twice"
            seen.add(block.identity)
            is_component = "." in block.name
            if is_component != bool(block.label):
                need = "a label" if is_component else "no label"
                yield f"line {block.line}: {block.name} needs {need}"
            yield from self._block(block, "")

    def _block(self, block: Block, parent: str) -> Iterator[str]:
        shape = shape_of(block.name, parent)
        if shape is None:
            yield f"line {block.line}: {block.name} is not in reference.txt"
            return
        yield from self._arguments(block, shape)
        key = block.name if block.name in shapes() else f"{parent}/{block.name}"
        for inner in block.blocks:
            if inner.name not in shape.blocks:
                yield f"line {inner.line}: {block.name} has no block {inner.name}"
            else:
                yield from self._block(inner, key)

    def _arguments(self, block: Block, shape: Shape) -> Iterator[str]:
        for name in sorted(shape.required - block.attributes.keys()):
            yield f"line {block.line}: {block.name} needs {name}"
        for attribute in block.attributes.values():
            wanted = shape.arguments.get(attribute.name)
            if wanted is None:
                yield f"line {attribute.line}: {block.name} has no argument {attribute.name}"
            else:
                yield from self._value(attribute, attribute.value, wanted)

    def _value(self, at: Attribute, value: Expression, wanted: str) -> Iterator[str]:
        match value:
            case Array(items) if wanted in _ITEMS:
                yield from self._values(at, items, _ITEMS[wanted])
            case Object(fields) if wanted == "map":
                yield from self._values(at, fields.values(), "string")
            case Reference(path, line):
                yield from self._reference(path, line, wanted)
            case Call():
                yield from self._call(at, value, wanted)
            case Sum(left, right):
                yield from self._value(at, left, wanted)
                yield from self._value(at, right, wanted)
            case _ if not _fits(value, wanted):
                yield f"line {at.line}: {at.name} is no {wanted}"

    def _values(self, at: Attribute, values: Iterable[Expression], wanted: str) -> Iterator[str]:
        for value in values:
            yield from self._value(at, value, wanted)

    def _call(self, at: Attribute, call: Call, wanted: str) -> Iterator[str]:
        given = FUNCTIONS.get(call.function)
        if given is None:
            yield f"line {call.line}: the function {call.function} is not known here"
        elif given != wanted:
            yield f"line {call.line}: {at.name} is a {wanted}, {call.function} gives a {given}"
        yield from self._values(at, call.arguments, "string")

    def _reference(self, path: str, line: int, wanted: str) -> Iterator[str]:
        component, _, export = path.rpartition(".")
        exports = self._exports.get(component)
        if exports is None:
            yield f"line {line}: {path} leads to no component of this configuration"
        elif export not in exports:
            yield f"line {line}: {component} exports no {export}"
        elif exports[export] != wanted:
            yield f"line {line}: {path} is {exports[export]}, not {wanted}"


def _fits(value: Expression, wanted: str) -> bool:
    if not isinstance(value, Literal):
        return False
    match wanted:
        case "string":
            return isinstance(value.value, str)
        case "duration":
            return isinstance(value.value, str) and _DURATION.fullmatch(value.value) is not None
        case "bool":
            return isinstance(value.value, bool)
        case "number":
            return isinstance(value.value, float)
    return False
