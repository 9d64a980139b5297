"""Explains to the sender why an alert of a delivery was not stored.

Details end up in answers, rows and pages, so they repeat nothing of unbounded length.
"""

import json

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from backend.alerts.intake.limits import (
    MAX_ALERT_BYTES,
    MAX_FINGERPRINT_CHARACTERS,
    MAX_LABEL_VALUE_CHARACTERS,
    MAX_LABELS,
    MAX_NAME_CHARACTERS,
)
from backend.alerts.intake.payload import AlertMessage
from backend.alerts.schemas import RejectedAlert

MAX_QUOTED_CHARACTERS = 60

_FIELDS = {
    "status": ("invalid_status", "`status` must be firing or resolved."),
    "fingerprint": (
        "invalid_fingerprint",
        f"`fingerprint` must be 1 to {MAX_FINGERPRINT_CHARACTERS} visible ASCII characters.",
    ),
    "startsAt": ("invalid_time", "`startsAt` must be an RFC 3339 time with its offset from UTC."),
    "endsAt": ("invalid_time", "`endsAt` must be an RFC 3339 time with its offset from UTC."),
}


def rejection(index: int, code: str, detail: str) -> RejectedAlert:
    return RejectedAlert(index=index, code=code, detail=detail)


def too_large(index: int, size: int) -> RejectedAlert:
    detail = f"The alert has {size} bytes of JSON; at most {MAX_ALERT_BYTES} are allowed."
    return rejection(index, "alert_too_large", detail)


def explain(index: int, alert: bytes, error: ValidationError) -> RejectedAlert:
    """Turn the parser's errors about one alert into a rejection."""
    first = _first(error)
    if first["type"] == "json_invalid":
        return _unparsable(index, alert)
    code, detail = _describe(first)
    return rejection(index, code, detail)


def explain_envelope(error: ValidationError) -> str:
    """Return one sentence that says why the envelope is not an Alertmanager message."""
    first = _first(error)
    if not first["loc"]:
        return "The body is not a JSON object."
    field = first["loc"][0]
    if first["type"] == "missing":
        return f"`{field}` is missing: is this an Alertmanager webhook message?"
    return f"`{field}` has a wrong type."


def _first(error: ValidationError) -> ErrorDetails:
    return error.errors(include_url=False, include_input=False)[0]


def _unparsable(index: int, alert: bytes) -> RejectedAlert:
    # The standard parser accepts lone surrogates; what it rejects too is not JSON.
    try:
        json.loads(alert)
    except UnicodeDecodeError:
        return rejection(index, "invalid_utf8", "A text contains bytes that are not UTF-8.")
    except ValueError:
        detail = "A label, the status, a time or the fingerprint is not valid JSON."
        return rejection(index, "invalid_json", detail)
    detail = "A text contains half of a surrogate pair, which is not a character."
    return rejection(index, "lone_surrogate", detail)


def _describe(error: ErrorDetails) -> tuple[str, str]:
    if not error["loc"]:
        return "not_an_object", "An alert must be a JSON object."
    field = str(error["loc"][0])
    if error["type"] == "missing":
        return "missing_field", f"`{field}` is missing."
    if field in _FIELDS:
        return _FIELDS[field]
    return _describe_label(error)


def _describe_label(error: ErrorDetails) -> tuple[str, str]:
    if error["type"] == "too_long":
        return "too_many_labels", f"An alert may have at most {MAX_LABELS} labels."
    if len(error["loc"]) == 1:
        return "invalid_labels", "`labels` must be an object of texts."
    name = quoted(str(error["loc"][1]))
    if error["type"] != "string_too_long":
        return "invalid_labels", f"The value of label {name} must be a text."
    if error["loc"][-1] == "[key]":
        detail = f"The name of label {name} is longer than {MAX_NAME_CHARACTERS} characters."
        return "label_name_too_long", detail
    longest = MAX_LABEL_VALUE_CHARACTERS
    detail = f"The value of label {name} is longer than {longest} characters."
    return "label_value_too_long", detail


def quoted(name: str) -> str:
    """Return the name as an ASCII literal of bounded length."""
    shortened = name if len(name) <= MAX_QUOTED_CHARACTERS else name[:MAX_QUOTED_CHARACTERS] + "…"
    return json.dumps(shortened, ensure_ascii=False).replace("\x7f", "")


def find_nul(index: int, alert: AlertMessage) -> RejectedAlert | None:
    """Reject an alert with a NUL character in a label: PostgreSQL cannot store one in a text."""
    for name, value in alert.labels.items():
        if "\x00" in name or "\x00" in value:
            detail = f"The label {quoted(name)} contains a NUL character, which cannot be stored."
            return rejection(index, "nul_character", detail)
    return None
