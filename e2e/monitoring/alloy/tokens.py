"""Words of Alloy's configuration language. Pure, and stdlib alone.

As in Go, the end of a line ends a statement where the line's last word could end one: that is the
token `end`. Comments are nothing.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from e2e.monitoring.alloy.errors import AlloyError

_PATTERN = re.compile(
    r"(?P<space>[ \t\r]+)"
    r"|(?P<newline>\n)"
    r"|(?P<comment>//[^\n]*|/\*.*?\*/)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<number>\d+(?:\.\d+)?)"
    r'|(?P<string>"(?:[^"\\\n]|\\[^\n])*")'
    r"|(?P<raw>`[^`]*`)"
    r"|(?P<sign>==|!=|<=|>=|&&|\|\||[{}\[\]()=,.+\-*/%^<>!])",
    re.DOTALL,
)
_ENDS = {"name", "number", "string"}
_CLOSING = {"}", "]", ")"}
# What Go's strings escape and JSON's do not is not known here, and refused.
_ESCAPES = re.compile(r'\\[^"\\nrtbf/u]')


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is name, number, string, end, eof, or the sign; a string's text is its value."""

    kind: str
    text: str
    line: int


def tokens(text: str) -> Iterator[Token]:
    """Give the words of a file, last of all `eof`."""
    position, line, last = 0, 1, ""
    while position < len(text):
        match = _PATTERN.match(text, position)
        if match is None:
            raise AlloyError(f"line {line}: {text[position : position + 10]!r} starts no word")
        kind, word = str(match.lastgroup), match.group()
        ends_line = kind == "newline" or (kind == "comment" and "\n" in word)
        if ends_line and (last in _ENDS or last in _CLOSING):
            yield Token("end", "\n", line)
            last = "end"
        elif kind not in {"space", "newline", "comment"}:
            token = _token(kind, word, line)
            last = token.kind
            yield token
        position, line = match.end(), line + word.count("\n")
    yield Token("eof", "", line)


def _token(kind: str, word: str, line: int) -> Token:
    if kind == "string":
        if _ESCAPES.search(word.replace("\\\\", "")):
            raise AlloyError(f"line {line}: {word} has an escape that is not known here")
        return Token("string", json.loads(word, strict=False), line)
    if kind == "raw":
        return Token("string", word[1:-1], line)
    return Token(word if kind == "sign" else kind, word, line)
