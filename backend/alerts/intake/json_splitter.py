"""Finds where the alerts of a delivery begin and end, without building objects.

A body of 32 MiB would take several hundred MiB as Python objects. Split into one slice for each
alert, it is parsed a chunk at a time, an invalid alert does not affect the others, and the size of
each alert is known before it is parsed. A JSON parser reads the slices afterwards: this module only
decides where they are.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import orjson

from backend.alerts.errors import (
    MalformedJson,
    NestingTooDeep,
    NotAlertmanagerMessage,
    RefusedDelivery,
    TooManyAlerts,
)
from backend.alerts.intake.limits import LARGE_BODY_BYTES, MAX_ALERTS, MAX_DEPTH

Body = bytes | bytearray
Part = Body | memoryview
BOM = b"\xef\xbb\xbf"
Span = tuple[int, int]

_SPACE = re.compile(rb"[ \t\r\n]*+")
# Possessive quantifiers: linear in time and without backtracking states, whatever is in the string.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_STRING_OR_BRACKET = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}\[\]"]', re.DOTALL)
_SCALAR = re.compile(rb'[^\s{}\[\]",:]++')
_OPENING, _CLOSING = b"{[", b"}]"


@dataclass(frozen=True, slots=True)
class SplitBody:
    """`alerts` are byte ranges of the body; `envelope` is the body with `"alerts": []`."""

    envelope: bytes
    alerts: list[Span]


def split(body: Body) -> SplitBody:
    """Split a delivery; raise RefusedDelivery if the body cannot be one."""
    copied = len(BOM) if body.startswith(BOM) else 0
    position = _skip_space(body, copied)
    if body[position : position + 1] != b"{":
        raise _no_object(body)
    alerts: list[Span] = []
    kept: list[Body] = []
    position = _skip_space(body, position + 1)
    if body[position : position + 1] == b"}":
        return _finish(body, position + 1, SplitBody(bytes(body), alerts))
    while True:
        key, position = _key(body, position)
        if key == b'"alerts"' and body[position : position + 1] == b"[":
            kept += [body[copied:position], b"[]"]
            alerts, position = _elements(body, position)
            copied = position
        else:
            position = _value_end(body, position)
        position, closed = _next_member(body, position, b"}")
        if closed:
            kept.append(body[copied:])
            return _finish(body, position, SplitBody(b"".join(kept), alerts))


@dataclass(slots=True)
class Reader:
    """Reads one value after another, each of its bytes once."""

    body: Part
    position: int = 0

    def at(self, opening: bytes) -> bool:
        return self.body[self.position : self.position + 1] == opening

    def members(self) -> Iterator[bytes]:
        """Yield the keys of the object that begins here; skip the values that are not read."""
        self.position = _skip_space(self.body, self.position + 1)
        closed = self.at(b"}")
        self.position += closed
        while not closed:
            key, self.position = _key(self.body, self.position)
            begin = self.position
            yield key
            end = _value_end(self.body, begin) if self.position == begin else self.position
            self.position, closed = _next_member(self.body, end, b"}")

    def value(self) -> Part:
        begin, self.position = self.position, _value_end(self.body, self.position)
        return self.body[begin : self.position]


def _no_object(body: Body) -> RefusedDelivery:
    if len(body) <= LARGE_BODY_BYTES:
        try:
            orjson.loads(body)
        except ValueError:
            return MalformedJson()
    return NotAlertmanagerMessage("The body is not a JSON object.")


def _finish(body: Body, position: int, result: SplitBody) -> SplitBody:
    if _skip_space(body, position) != len(body):
        raise MalformedJson("The body continues after the end of the JSON object.")
    return result


def _skip_space(body: Part, position: int) -> int:
    match = _SPACE.match(body, position)
    return match.end() if match else position


def _key(body: Part, position: int) -> tuple[bytes, int]:
    match = _STRING.match(body, position)
    if match is None:
        raise MalformedJson(f"Expected a key at byte {position}.")
    position = _skip_space(body, match.end())
    if body[position : position + 1] != b":":
        raise MalformedJson(f"Expected a colon at byte {position}.")
    return bytes(match.group()), _skip_space(body, position + 1)


def _next_member(body: Part, position: int, closing: bytes) -> tuple[int, bool]:
    """Step over a comma, or over the closing bracket (then the second value is true)."""
    position = _skip_space(body, position)
    found = body[position : position + 1]
    if found == closing:
        return position + 1, True
    if found != b",":
        raise MalformedJson(f"Expected a comma at byte {position}.")
    return _skip_space(body, position + 1), False


def _elements(body: Body, position: int) -> tuple[list[Span], int]:
    spans: list[Span] = []
    position = _skip_space(body, position + 1)
    if body[position : position + 1] == b"]":
        return spans, position + 1
    while True:
        end = _value_end(body, position)
        if len(spans) == MAX_ALERTS:
            raise TooManyAlerts
        spans.append((position, end))
        position, closed = _next_member(body, end, b"]")
        if closed:
            return spans, position


def _value_end(body: Part, position: int) -> int:
    first = body[position : position + 1]
    if first and first in _OPENING:
        return _brackets_end(body, position)
    match = _STRING.match(body, position) if first == b'"' else _SCALAR.match(body, position)
    if match is None:
        raise MalformedJson(f"Expected a value at byte {position}.")
    return match.end()


def _brackets_end(body: Part, position: int) -> int:
    """Find the end of the object or array that begins here; brackets are matched by the parser."""
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(body, position):
        token = match.group()
        if token in (b"{", b"["):
            depth += 1
            if depth > MAX_DEPTH:
                raise NestingTooDeep
        elif token in (b"}", b"]"):
            depth -= 1
            if depth == 0:
                return match.end()
        elif token == b'"':
            break
    raise MalformedJson("The body ends in the middle of a value.")
