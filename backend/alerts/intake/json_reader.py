"""Finds where values begin and end in bytes of JSON, without building objects."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import orjson

from backend.alerts.errors import MalformedJson, TooManyAlerts
from backend.alerts.intake.limits import MAX_ALERTS

Body = bytes | bytearray
Part = Body | memoryview
Span = tuple[int, int]

_SPACE = re.compile(rb"[ \t\r\n]*+")
# Possessive quantifiers: linear in time and without backtracking states, whatever is in the string.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_STRING_OR_BRACKET = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}\[\]"]', re.DOTALL)
# Python writes the last two of these.
_SCALAR = re.compile(rb"-?\d[\d.eE+-]*+|true|false|null|NaN|-?Infinity")
_OPENING, _CLOSING = b"{[", b"}]"


@dataclass(slots=True)
class Reader:
    """Reads one value after another, each of its bytes once."""

    body: Part
    position: int = 0

    def at(self, opening: bytes) -> bool:
        return self.body[self.position : self.position + 1] == opening

    def members(self) -> Iterator[bytes]:
        """Yield the keys of the object that begins here; skip the values that are not read."""
        self.position = skip_space(self.body, self.position + 1)
        closed = self.at(b"}")
        self.position += closed
        while not closed:
            key, self.position = _key(self.body, self.position)
            begin = self.position
            yield key
            if self.position == begin:
                self.span()
            self.position, closed = _next_member(self.body, self.position, b"}")

    def span(self) -> Span:
        begin, self.position = self.position, _value_end(self.body, self.position)
        return begin, self.position

    def value(self) -> Part:
        begin, end = self.span()
        return self.body[begin:end]

    def elements(self) -> list[Span]:
        """Read the list that begins here."""
        spans: list[Span] = []
        self.position = skip_space(self.body, self.position + 1)
        closed = self.at(b"]")
        self.position += closed
        while not closed:
            if len(spans) == MAX_ALERTS:
                raise TooManyAlerts
            spans.append(self.span())
            self.position, closed = _next_member(self.body, self.position, b"]")
        return spans


def name_of(key: bytes) -> str:
    """Return what a key says: an escape may stand for any of its characters."""
    if b"\\" in key:
        with suppress(orjson.JSONDecodeError):
            return str(orjson.loads(key))
    return key[1:-1].decode("utf-8", "replace")


def skip_space(body: Part, position: int) -> int:
    match = _SPACE.match(body, position)
    return match.end() if match else position


def _key(body: Part, position: int) -> tuple[bytes, int]:
    match = _STRING.match(body, position)
    if match is None:
        raise MalformedJson(f"Expected a key at byte {position}.")
    position = skip_space(body, match.end())
    if body[position : position + 1] != b":":
        raise MalformedJson(f"Expected a colon at byte {position}.")
    return bytes(match.group()), skip_space(body, position + 1)


def _next_member(body: Part, position: int, closing: bytes) -> tuple[int, bool]:
    """Step over a comma, or over the closing bracket (then the second value is true)."""
    position = skip_space(body, position)
    found = body[position : position + 1]
    if found == closing:
        return position + 1, True
    if found != b",":
        raise MalformedJson(f"Expected a comma at byte {position}.")
    return skip_space(body, position + 1), False


def _value_end(body: Part, position: int) -> int:
    first = body[position : position + 1]
    if first and first in _OPENING:
        return _brackets_end(body, position)
    match = _STRING.match(body, position) if first == b'"' else _SCALAR.match(body, position)
    if match is None:
        raise MalformedJson(f"Expected a value at byte {position}.")
    return match.end()


def _brackets_end(body: Part, position: int) -> int:
    """Find the end of the object or array that begins here, however deep it is nested.

    Brackets are matched by the parser.
    """
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(body, position):
        token = match.group()
        if token in (b"{", b"["):
            depth += 1
        elif token in (b"}", b"]"):
            depth -= 1
            if depth == 0:
                return match.end()
        elif token == b'"':
            break
    raise MalformedJson("The body ends in the middle of a value.")
