"""Property values as the engine sends them (protobuf) and as the stand-ins handle them (Python)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias, cast

from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime import rpc

MARKER = rpc._special_sig_key
SECRET_MARK = rpc._special_secret_sig
RESOURCE_MARK = rpc._special_resource_sig

# What JSON can say: the form in which the world remembers resources.
Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
Properties: TypeAlias = dict[str, Json]
# What the engine can say: also secrets, at any depth.
Value: TypeAlias = "bool | int | float | str | list[Value] | dict[str, Value] | Secret | None"
Values: TypeAlias = dict[str, Value]

# How a preview says that it does not know a value yet.
UNKNOWN: str = rpc.UNKNOWN


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A value that may be written nowhere."""

    value: Value


def decode(properties: Struct) -> Values:
    raw = cast("Properties", json_format.MessageToDict(properties))
    return {key: _decode(value) for key, value in raw.items()}


def encode(values: Mapping[str, Value]) -> Struct:
    properties = Struct()
    properties.update({key: _encode(item) for key, item in values.items() if item is not None})
    return properties


def as_values(properties: Mapping[str, Json]) -> Values:
    """Everything that JSON can say, the engine can; only a type checker cannot see it."""
    return cast("Values", dict(properties))


def reveal(values: Mapping[str, Value]) -> Properties:
    """Take the secrets out of their wrapping, for the one who needs them."""
    return {key: _plain(value, secrets=True) for key, value in values.items()}


def conceal(values: Mapping[str, Value]) -> Properties:
    """Leave the secrets out, for what is written down."""
    plain = {key: _plain(value, secrets=False) for key, value in values.items()}
    return {key: value for key, value in plain.items() if value is not None}


def holds_secret(value: Value) -> bool:
    match value:
        case Secret():
            return True
        case dict():
            return any(map(holds_secret, value.values()))
        case list():
            return any(map(holds_secret, value))
        case _:
            return False


def text(properties: Mapping[str, Json], key: str) -> str:
    """Return a text property; a missing one is empty."""
    value = properties.get(key)
    return "" if value is None else str(value)


def section(properties: Mapping[str, Json], key: str) -> Properties:
    """Return a nested object; a missing one is empty."""
    value = properties.get(key)
    return value if isinstance(value, dict) else {}


def entries(properties: Mapping[str, Json], key: str) -> list[Json]:
    """Return a list; a missing one is empty."""
    value = properties.get(key)
    return value if isinstance(value, list) else []


def _decode(value: Json) -> Value:
    match value:
        case dict() if value.get(MARKER) == SECRET_MARK:
            return Secret(_decode(value.get("value")))
        case dict() if value.get(MARKER) == RESOURCE_MARK:
            return text(value, "id") or text(value, "urn")
        case dict():
            return {key: _decode(member) for key, member in value.items()}
        case list():
            return [_decode(member) for member in value]
        case float() if value.is_integer():  # protobuf has no integers
            return int(value)
        case _:
            return value


def _encode(value: Value) -> Json:
    match value:
        case Secret():
            return {MARKER: SECRET_MARK, "value": _encode(value.value)}
        case dict():
            return {key: _encode(member) for key, member in value.items() if member is not None}
        case list():
            return [_encode(member) for member in value]
        case _:
            return value


def _plain(value: Value, *, secrets: bool) -> Json:
    match value:
        case Secret():
            return _plain(value.value, secrets=True) if secrets else None
        case dict():
            return {key: _plain(member, secrets=secrets) for key, member in value.items()}
        case list():
            return [_plain(member, secrets=secrets) for member in value]
        case _:
            return value
