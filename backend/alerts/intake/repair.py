"""Repairs the decoration of an alert, so that no report of a status is lost for it.

Status, labels and times say what happened. Everything else only helps people, so it is converted,
cut or left out, and what was changed is named. Values are found by their place in the bytes: an
alert of many megabytes costs no more memory than what is kept of it.
"""

import json
from collections.abc import Iterator
from typing import NamedTuple

import orjson

from backend.alerts.intake.json_reader import Part, Reader, name_of
from backend.alerts.intake.limits import (
    MAX_ALERT_BYTES,
    MAX_ANNOTATION_CHARACTERS,
    MAX_ANNOTATIONS,
    MAX_ANNOTATIONS_CHARACTERS,
    MAX_LABELS,
    MAX_LINK_CHARACTERS,
    MAX_NAME_CHARACTERS,
)
from backend.alerts.intake.texts import read_text, storable

CUT_MARK = "…"
_TIMES = ("startsAt", "endsAt")
_FIELDS = ("status", "fingerprint", "labels", "annotations", *_TIMES)
_LINKS = ("generatorURL", "dashboardURL", "panelURL", "silenceURL")
_NESTED = (b"[", b"{")

# What was changed in one alert: a code, and a sentence for the sender.
Changes = dict[str, str]


class Repaired(NamedTuple):
    json: bytes
    changes: Changes
    # Of the JSON without the annotations, which have a limit of their own.
    size: int


def repaired(alert: Part) -> Repaired:
    """Return the JSON of an alert with repaired decoration, and what was changed.

    Whatever is wrong with status, labels and times is left for the parser to explain; what is
    nested where nothing may be becomes an empty list. Raises MalformedJson for bytes that are no
    JSON.
    """
    changes: Changes = {}
    reader = Reader(alert)
    if not reader.at(b"{"):
        return Repaired(_flat(reader.value()), changes, 0)
    kept = dict(_fields(reader, changes))
    if kept.get("fingerprint", b"null") in (b"null", b'""') and "labels" in kept:
        changes["fingerprint_computed"] = "The fingerprint was computed from the labels."
        kept["fingerprint"] = b'"%b"' % _fingerprint(kept["labels"])
    json_ = _object({orjson.dumps(name): value for name, value in kept.items()})
    return Repaired(json_, changes, len(json_) - len(kept.get("annotations", b"")))


def _fields(reader: Reader, changes: Changes) -> Iterator[tuple[str, bytes]]:
    for key in reader.members():
        name = name_of(key)
        if name == "labels" and reader.at(b"{"):
            yield name, _object(_labels(reader, changes))
        elif name == "annotations":
            yield name, orjson.dumps(dict(_annotations(reader, changes)))
        elif name in _LINKS:
            yield name, _link(reader.value())
        elif name in _FIELDS:
            value = _flat(reader.value())
            if name in _TIMES and value == b'""':
                changes["time_dropped"] = f"`{name}` is empty."
            elif name == "labels" and value == b"null":
                changes["label_dropped"] = "`labels` is null: Go writes an empty map like this."
                yield name, b"{}"
            else:
                yield name, value


def _link(value: Part) -> bytes:
    """Return a text that is long enough for the expression in a link that is too long."""
    return (
        orjson.dumps(read_text(value, 8 * MAX_LINK_CHARACTERS)[0]) if value[:1] == b'"' else b"null"
    )


def _flat(value: Part) -> bytes:
    return b"[]" if value[:1] in _NESTED else bytes(value)


def _fingerprint(labels: bytes) -> bytes:
    """Compute what Alertmanager would: FNV-1a of the sorted labels (prometheus/common, model).

    It drops labels with an empty value before that.
    """
    try:
        pairs = sorted(orjson.loads(labels).items())
    except (ValueError, AttributeError):
        return b"0"  # the parser explains these labels
    hashed = 0xCBF29CE484222325
    for byte in b"".join(b"%b\xff%b\xff" % (n.encode(), str(v).encode()) for n, v in pairs if v):
        hashed = (hashed ^ byte) * 0x100000001B3 % 2**64
    return b"%016x" % hashed


def _labels(reader: Reader, changes: Changes) -> dict[bytes, bytes]:
    """Return the labels for the parser to judge; of too many, one more than there may be."""
    labels: dict[bytes, bytes] = {}
    for key in reader.members():
        if len(labels) > MAX_LABELS:
            continue
        name, value = _usual(key), _flat(reader.value())
        if value == b"null":
            changes["label_dropped"] = "A label that is null is no label."
            labels.pop(name, None)
        elif value[:1] in (b'"', b"["):
            labels[name] = _usual(value)
        else:
            # As it was written, which is how Go prints a json.Number and a boolean.
            changes["label_converted"] = "A label's value is a number or a boolean."
            labels[name] = b'"%b"' % value
    return labels


def _usual(literal: bytes) -> bytes:
    """Write a text without needless escapes and bare control characters, if it is one."""
    if len(literal) > MAX_ALERT_BYTES:
        return literal
    try:
        return orjson.dumps(json.loads(literal.decode(), strict=False))
    except (ValueError, orjson.JSONEncodeError):
        return literal  # the parser explains it


def _annotations(reader: Reader, changes: Changes) -> Iterator[tuple[str, str]]:
    if not reader.at(b"{"):
        if reader.value() != b"null":
            changes["annotation_dropped"] = "`annotations` is not an object."
        return
    number, left = 0, MAX_ANNOTATIONS_CHARACTERS
    for key in reader.members():
        name, value = _text(key, MAX_NAME_CHARACTERS, changes), reader.value()
        if value == b"null" or len(name) > MAX_NAME_CHARACTERS:
            changes["annotation_dropped"] = "An annotation is null, or its name is too long."
        elif number == MAX_ANNOTATIONS or left == 0:
            changes["annotation_dropped"] = "There are too many annotations."
        else:
            text = _annotation(value, min(left, MAX_ANNOTATION_CHARACTERS), changes)
            number, left = number + 1, left - len(text)
            yield name, text


def _annotation(value: Part, longest: int, changes: Changes) -> str:
    if value[:1] == b'"':
        text = _text(value, longest, changes)
    else:
        changes["annotation_converted"] = "The value of an annotation is not a text."
        # A character has four bytes at most: what is too long stays too long, and is cut.
        text = storable(bytes(value[: 4 * (longest + 1)]).decode("utf-8", "replace"))
    if len(text) <= longest:
        return text
    changes["annotation_cut"] = "An annotation is too long."
    return text[: longest - len(CUT_MARK)] + CUT_MARK


def _text(literal: Part, longest: int, changes: Changes) -> str:
    text, odd = read_text(literal, longest)
    if odd:
        changes["annotation_converted"] = "An annotation contains what is no character."
    return text


def _object(members: dict[bytes, bytes]) -> bytes:
    return b"{%b}" % b",".join(b"%b:%b" % member for member in members.items())
