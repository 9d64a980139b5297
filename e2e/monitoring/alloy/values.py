"""The arguments of a block, evaluated; what the stand-in does not execute is an error. Pure."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from e2e.monitoring.alloy.errors import AlloyError
from e2e.monitoring.alloy.syntax import (
    Array,
    Block,
    Call,
    Expression,
    Literal,
    Object,
    Reference,
    Sum,
)


def arguments(
    block: Block,
    known: Iterable[str],
    *,
    environment: Mapping[str, str] | None = None,
    blocks: Iterable[str] = (),
) -> dict[str, Any]:
    """Evaluate arguments; one that real Alloy documents and this does not execute is an error.

    References stay the path that they are: what they lead to changes while the program runs.
    """
    names = {*block.attributes, *(inner.name for inner in block.blocks)}
    if unknown := sorted(names - {*known, *blocks}):
        raise AlloyError(
            f"line {block.line}: the stand-in executes no {', '.join(unknown)} of {block.name}: "
            "teach it (e2e/monitoring/alloy)"
        )
    get = (environment or {}).get
    return {name: _value(each.value, get) for name, each in block.attributes.items()}


def choice(block: Block, value: str, known: Iterable[str]) -> str:
    """Refuse a documented choice that is not executed here, such as a relabelling action."""
    if value not in known:
        raise AlloyError(f"line {block.line}: the stand-in knows no {value!r} of {block.name}")
    return value


def _value(value: Expression, variable: Callable[[str], str | None]) -> Any:
    match value:
        case Literal():
            return value.value
        case Array(items):
            return [_value(item, variable) for item in items]
        case Object(fields):
            return {name: _value(item, variable) for name, item in fields.items()}
        case Reference(path, _):
            return path
        case Sum(left, right):
            return _value(left, variable) + _value(right, variable)
        case Call():
            return _called(value, [_value(each, variable) for each in value.arguments], variable)


def _called(call: Call, given: list[Any], variable: Callable[[str], str | None]) -> str:
    if call.function != "sys.env" or len(given) != 1:
        raise AlloyError(f"line {call.line}: the stand-in knows no {call.function} of {given}")
    found = variable(str(given[0]))
    if found is None:
        raise AlloyError(f"line {call.line}: the environment has no {given[0]}")
    return found
