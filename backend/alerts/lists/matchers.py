"""Matchers on labels, as Alertmanager writes and understands them.

Alertmanager has two grammars: the classic one, and since 0.27 one with names of any characters in
quotes. It takes what the classic one says if both accept a text, so this does, too.
"""

import re
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict

from backend.alerts.errors import InvalidMatcher


class Operator(StrEnum):
    EQUAL = "="
    NOT_EQUAL = "!="
    MATCH = "=~"
    NO_MATCH = "!~"


_CLASSIC = re.compile(
    r'\s*([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(=~|=|!=|!~)\s*(".*"|[^"].*?|)\s*', re.DOTALL
)
# A quote must be escaped, and a backslash is one unless it escapes something.
_CLASSIC_VALUE = re.compile(r'(?:\\.|[^"\\]|\\$)*', re.DOTALL)
_CLASSIC_ESCAPE = re.compile(r'\\(["\\n])')

_QUOTED = r'"(?:\\.|[^"\\\n])*"'
_UNQUOTED = r"[^\s{}!=~,\\\"'`]+"
_ANY_NAME = re.compile(
    rf"\s*({_QUOTED}|{_UNQUOTED})\s*(=~|=|!=|!~)\s*({_QUOTED}|{_UNQUOTED})\s*,?\s*"
)
_ESCAPE = re.compile(
    r'\\(?:([abfnrtv\\"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|(.))'
)
_CONTROLS = dict(zip('abfnrtv\\"', '\a\b\f\n\r\t\v\\"', strict=True))


class Matcher(BaseModel):
    """A condition on one label; as in Prometheus, an absent label is an empty one."""

    model_config = ConfigDict(frozen=True)

    name: str
    operator: Operator
    value: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a matcher, or raise InvalidMatcher."""
        name, operator, value = _classic(text) or _with_any_name(text) or _refuse(text)
        return cls(name=name, operator=Operator(operator), value=value)

    @property
    def is_expression(self) -> bool:
        return self.operator in {Operator.MATCH, Operator.NO_MATCH}

    @property
    def is_negative(self) -> bool:
        return self.operator in {Operator.NOT_EQUAL, Operator.NO_MATCH}

    def __str__(self) -> str:
        return f"{_quoted(self.name)}{self.operator}{_quoted(self.value, always=True)}"


def _refuse(text: str) -> tuple[str, str, str]:
    raise InvalidMatcher(
        f'The filter {text[:80]!r} is not a matcher: write name="value", or with !=, =~ or !~, for'
        ' example service=~"pay.*".'
    )


def _classic(text: str) -> tuple[str, str, str] | None:
    found = _CLASSIC.fullmatch(text)
    if found is None:
        return None
    name, operator, value = found.groups()
    inner = value[1:-1] if value.startswith('"') else value
    if _CLASSIC_VALUE.fullmatch(inner) is None or (
        value.startswith('"') and len(value) < len('""')
    ):
        return None
    unescaped = _CLASSIC_ESCAPE.sub(lambda escape: "\n" if escape[1] == "n" else escape[1], inner)
    return name, operator, unescaped


def _with_any_name(text: str) -> tuple[str, str, str] | None:
    found = _ANY_NAME.fullmatch(text)
    if found is None:
        return None
    name, value = _unquoted(found[1]), _unquoted(found[3])
    return None if not name or value is None else (name, found[2], value)


def _unquoted(text: str) -> str | None:
    """Return the content of a text in quotes, as Go understands it; None if it does not."""
    if not text.startswith('"'):
        return text
    escapes = list(_ESCAPE.finditer(text[1:-1]))
    if any(escape[6] is not None for escape in escapes):
        return None
    try:
        packed = _ESCAPE.sub(_character, text[1:-1]).encode("utf-8", "surrogateescape")
        return packed.decode()
    except (OverflowError, UnicodeError, ValueError):
        return None


def _character(escape: re.Match[str]) -> str:
    control, byte, short, long, octal, _ = escape.groups()
    if control is not None:
        return _CONTROLS[control]
    if short is not None or long is not None:
        return chr(int(short or long, 16))
    # A byte of a character's UTF-8.
    return bytes([int(byte, 16) if byte else int(octal, 8)]).decode("utf-8", "surrogateescape")


def _quoted(text: str, *, always: bool = False) -> str:
    if not always and re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
