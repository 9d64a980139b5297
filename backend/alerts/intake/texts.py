"""Reads the texts of JSON that only help people, whatever is wrong with them."""

import json
import re

import orjson

from backend.alerts.intake.json_reader import Part

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
# One character may be written as two escaped surrogates: twelve bytes.
_BYTES_OF_A_CHARACTER = 12
# An escape, or a backslash that begins none.
_ESCAPE = re.compile(r'\\(["\\/bfnrt]|u[0-9a-fA-F]{4})?')


def read_text(literal: Part, characters: int) -> tuple[str, bool]:
    """Return a text, and whether a part of it was not what JSON or PostgreSQL calls a character.

    Of a text that is longer, more than so many characters come back, but not all.
    """
    longest = _BYTES_OF_A_CHARACTER * (characters + 1)
    cut = len(literal) > longest
    if cut:
        literal = _closed(bytes(literal[:longest]))
    try:
        text: str = orjson.loads(literal)
    except orjson.JSONDecodeError:
        # The cut itself may have broken a character.
        return storable(_lenient(bytes(literal))), not cut
    return storable(text), "\x00" in text


def storable(text: str) -> str:
    """Replace the one character that PostgreSQL has no place for."""
    return text.replace("\x00", REPLACEMENT)


def _closed(begin: bytes) -> bytes:
    """End a text here, without the first half of an escaped backslash or quote."""
    backslashes = len(begin) - len(begin.rstrip(b"\\"))
    return begin[: len(begin) - backslashes % 2] + b'"'


def _lenient(literal: bytes) -> str:
    """Read bytes that are not UTF-8, bare control characters, half surrogates, unknown escapes."""
    text = literal.decode("utf-8", "replace")
    try:
        text = json.loads(text, strict=False)
    except ValueError:
        text = json.loads(_ESCAPE.sub(_literally, text), strict=False)
    return str(text).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _literally(escape: re.Match[str]) -> str:
    return escape.group() if escape.group(1) else r"\\"
