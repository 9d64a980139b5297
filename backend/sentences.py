"""What is wrong with a value, as a sentence for its sender: no expression, no word of Python."""

from collections.abc import Mapping
from typing import Any

_BY_PATTERN: dict[str, str] = {}
# By pydantic's type of the error; the names in braces are in its context.
_BY_TYPE = {
    "missing": "It is missing.",
    "extra_forbidden": "This operation does not know it.",
    "string_type": "It must be a text.",
    "string_too_short": "It must have at least {min_length} characters.",
    "string_too_long": "It must have at most {max_length} characters.",
    "string_unicode": "It contains what is no character.",
    "int_type": "It must be a whole number.",
    "int_parsing": "It must be a whole number.",
    "int_parsing_size": "The number is too large.",
    "int_from_float": "It must be a whole number.",
    "bool_type": "It must be true or false.",
    "bool_parsing": "It must be true or false.",
    "float_type": "It must be a number.",
    "float_parsing": "It must be a number.",
    "finite_number": "It must be a finite number.",
    "greater_than_equal": "It must be at least {ge}.",
    "less_than_equal": "It must be at most {le}.",
    "greater_than": "It must be more than {gt}.",
    "less_than": "It must be less than {lt}.",
    "too_short": "It must have at least {min_length} members.",
    "too_long": "It must have at most {max_length} members.",
    "list_type": "It must be a list.",
    "dict_type": "It must be an object.",
    "model_type": "It must be an object.",
    "model_attributes_type": (
        "It must be a JSON object, sent with the header Content-Type: application/json."
    ),
    "enum": "It must be {expected}.",
    "literal_error": "It must be {expected}.",
    "json_invalid": "It is not valid JSON.",
    "timezone_aware": "It must say its offset from UTC, for example Z.",
    "datetime_parsing": "It must be an RFC 3339 time, for example 2026-11-30T14:00:00Z.",
    "datetime_from_date_parsing": "It must be an RFC 3339 time, for example 2026-11-30T14:00:00Z.",
}


def described(pattern: str, sentence: str) -> str:
    """Return the pattern; a value that does not match it is answered with the sentence."""
    _BY_PATTERN[pattern] = sentence
    return pattern


def sentence(error: Mapping[str, Any]) -> str:
    """Describe one of pydantic's errors; one that is not known keeps pydantic's words."""
    context = error.get("ctx", {})
    if error["type"] == "string_pattern_mismatch":
        return _BY_PATTERN.get(context["pattern"], "It has a character that is not allowed here.")
    if error["type"] == "value_error":
        text = str(context["error"])
        # A validator of one value says what it is, one of an object names the part.
        return f"It {text}." if text.startswith("is ") else f"{text}."
    known = _BY_TYPE.get(error["type"])
    return known.format(**context) if known else f"{error['msg']}."
