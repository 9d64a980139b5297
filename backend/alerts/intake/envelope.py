"""Reads what is around the alerts of a split body: it is only displayed, so it never costs one."""

import orjson
from pydantic import ValidationError

from backend.alerts.errors import NotAlertmanagerMessage
from backend.alerts.intake.json_reader import Body, Part
from backend.alerts.intake.json_splitter import ALERTS, SplitBody
from backend.alerts.intake.payload import EmptiedMessage, Envelope
from backend.alerts.intake.rejections import explain_envelope
from backend.alerts.intake.texts import read_text

NAMES = frozenset(field.alias or name for name, field in Envelope.model_fields.items())
# More than is kept of any; cut to its own length where it is stored.
_CHARACTERS = 4096
_DIGITS = 100


def parse_envelope(body: Body, parts: SplitBody) -> Envelope:
    """Return the envelope, or raise NotAlertmanagerMessage if it has no list of alerts."""
    view = memoryview(body)
    members = {name: _value(view[begin:end]) for name, (begin, end) in parts.envelope.items()}
    if parts.alerts is not None:
        members[ALERTS] = b"[]"
    message = b",".join(orjson.dumps(name) + b":" + value for name, value in members.items())
    try:
        return EmptiedMessage.model_validate_json(b"{" + message + b"}")
    except ValidationError as error:
        raise NotAlertmanagerMessage(explain_envelope(error)) from error


def _value(literal: Part) -> bytes:
    if literal[:1] == b'"':
        return orjson.dumps(read_text(literal, _CHARACTERS)[0])
    # Nothing that is nested is read, and no number is that long.
    return b"null" if literal[:1] in (b"[", b"{") or len(literal) > _DIGITS else bytes(literal)
