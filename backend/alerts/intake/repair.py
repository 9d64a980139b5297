"""Repairs the decoration of an alert, so that no report of a status is lost for it.

Status, labels and times say what happened. Everything else only helps people, so it is converted,
cut or left out, and what was changed is named. Values are found by their place in the bytes: an
alert of many megabytes costs no more memory than what is kept of it.
"""

import json
from collections.abc import Iterator
from typing import NamedTuple

import orjson

from backend.alerts.errors import MalformedJson
from backend.alerts.intake.json_splitter import Part, Reader
from backend.alerts.intake.limits import (
    MAX_ANNOTATION_CHARACTERS,
    MAX_ANNOTATIONS,
    MAX_ANNOTATIONS_CHARACTERS,
    MAX_NAME_CHARACTERS,
)

CUT_MARK = "…"
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_TIMES = ("startsAt", "endsAt")
_FIELDS = ("status", "fingerprint", "labels", "annotations", *_TIMES)

# What was changed in one alert: a code, and a sentence for the sender.
Changes = dict[str, str]


class Repaired(NamedTuple):
    json: bytes
    changes: Changes


def repaired(alert: Part) -> Repaired:
    """Return the JSON of an alert with repaired decoration, and what was changed.

    Whatever is wrong with status, labels and times is left for the parser to explain. Raises
    MalformedJson for bytes that are no JSON.
    """
    changes: Changes = {}
    reader = Reader(alert)
    if not reader.at(b"{"):
        return Repaired(bytes(alert), changes)
    kept = dict(_fields(reader, changes))
    if kept.get("fingerprint", b"null") in (b"null", b'""') and "labels" in kept:
        changes["fingerprint_computed"] = "The fingerprint was computed from the labels."
        kept["fingerprint"] = b'"%b"' % _fingerprint(kept["labels"])
    members = {orjson.dumps(name): value for name, value in kept.items()}
    return Repaired(_object(members), changes)


def _fields(reader: Reader, changes: Changes) -> Iterator[tuple[str, bytes]]:
    for key in reader.members():
        name = _text(key, changes)
        if name == "labels" and reader.at(b"{"):
            yield name, _object(dict(_labels(reader, changes)))
        elif name == "annotations":
            yield name, orjson.dumps(dict(_annotations(reader, changes)))
        elif name in _FIELDS:
            value = bytes(reader.value())
            if name in _TIMES and value == b'""':
                changes["time_dropped"] = f"`{name}` is empty."
            else:
                yield name, value


def _fingerprint(labels: bytes) -> bytes:
    """Compute what Alertmanager would: FNV-1a of the sorted labels (prometheus/common, model)."""
    try:
        pairs = sorted(orjson.loads(labels).items())
    except (ValueError, AttributeError):
        return b"0"  # the parser explains these labels
    hashed = 0xCBF29CE484222325
    for byte in b"".join(b"%b\xff%b\xff" % (n.encode(), str(v).encode()) for n, v in pairs):
        hashed = (hashed ^ byte) * 0x100000001B3 % 2**64
    return b"%016x" % hashed


def _labels(reader: Reader, changes: Changes) -> Iterator[tuple[bytes, bytes]]:
    for name in reader.members():
        value = reader.value()
        if value == b"null":
            changes["label_dropped"] = "A label that is null is no label."
        elif value[:1] in (b'"', b"[", b"{"):
            yield name, bytes(value)
        else:
            # As it was written, which is how Go prints a json.Number and a boolean.
            changes["label_converted"] = "A label's value is a number or a boolean."
            yield name, b'"%b"' % bytes(value)


def _annotations(reader: Reader, changes: Changes) -> Iterator[tuple[str, str]]:
    if not reader.at(b"{"):
        if reader.value() != b"null":
            changes["annotation_dropped"] = "`annotations` is not an object."
        return
    number, left = 0, MAX_ANNOTATIONS_CHARACTERS
    for key in reader.members():
        name, value = _text(key, changes), reader.value()
        if value == b"null" or len(name) > MAX_NAME_CHARACTERS:
            changes["annotation_dropped"] = "An annotation is null, or its name is too long."
        elif number == MAX_ANNOTATIONS or left == 0:
            changes["annotation_dropped"] = "There are too many annotations."
        else:
            text = _cut(_annotation(value, changes), left, changes)
            number, left = number + 1, left - len(text)
            yield name, text


def _annotation(value: Part, changes: Changes) -> str:
    if value[:1] == b'"':
        return _text(value, changes)
    changes["annotation_converted"] = "The value of an annotation is not a text."
    # A character has four bytes at most: what is too long stays too long, and is cut.
    return bytes(value[: 4 * MAX_ANNOTATION_CHARACTERS + 4]).decode("utf-8", "replace")


def _cut(text: str, left: int, changes: Changes) -> str:
    longest = min(left, MAX_ANNOTATION_CHARACTERS)
    if len(text) <= longest:
        return text
    changes["annotation_cut"] = "An annotation is too long."
    return text[: longest - len(CUT_MARK)] + CUT_MARK


def _text(literal: Part, changes: Changes) -> str:
    """Read a text without what PostgreSQL or UTF-8 has no place for."""
    try:
        text: str = orjson.loads(literal)
        stored = text.replace("\x00", _REPLACEMENT)
    except orjson.JSONDecodeError:
        text, stored = "", _lenient_text(literal)
    if stored != text:
        changes["annotation_converted"] = "An annotation contains what is no character."
    return stored


def _lenient_text(literal: Part) -> str:
    """Read a text with bytes that are not UTF-8, or with half a surrogate pair."""
    try:
        text = str(json.loads(bytes(literal).decode("utf-8", "replace")))
    except ValueError as error:
        raise MalformedJson from error
    clean = text.replace("\x00", _REPLACEMENT)
    return clean.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _object(members: dict[bytes, bytes]) -> bytes:
    return b"{%b}" % b",".join(b"%b:%b" % member for member in members.items())
