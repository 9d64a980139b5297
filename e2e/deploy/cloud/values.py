"""Property values as the engine sends them: JSON, in which a secret is a marked object."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime import rpc

# Whatever JSON can say: what is in it depends on the resource's type.
Properties: TypeAlias = dict[str, Any]

_MARKER = rpc._special_sig_key
_SECRET = rpc._special_secret_sig
_RESOURCE = rpc._special_resource_sig
# How a preview says that it does not know a value yet.
UNKNOWN: str = rpc.UNKNOWN


def decode(properties: Struct) -> Properties:
    return {key: _decode(value) for key, value in json_format.MessageToDict(properties).items()}


def encode(values: Mapping[str, Any]) -> Struct:
    properties = Struct()
    properties.update({key: value for key, value in values.items() if value is not None})
    return properties


def secret(value: object) -> Properties:
    """Mark a value that may be written nowhere."""
    return {_MARKER: _SECRET, "value": value}


def is_secret(value: object) -> bool:
    return isinstance(value, dict) and value.get(_MARKER) == _SECRET


def holds_secret(value: object) -> bool:
    """Whether a secret is anywhere inside."""
    if isinstance(value, dict):
        return is_secret(value) or any(map(holds_secret, value.values()))
    return isinstance(value, list) and any(map(holds_secret, value))


def reveal(value: Any) -> Any:
    """Take secrets out of their marked objects, for whoever needs them."""
    if isinstance(value, dict):
        if is_secret(value):
            return reveal(value["value"])
        return {key: reveal(member) for key, member in value.items()}
    return [reveal(member) for member in value] if isinstance(value, list) else value


def conceal(value: Any) -> Any:
    """Leave secrets out, for what is written down."""
    if isinstance(value, dict):
        return {key: conceal(inside) for key, inside in value.items() if not is_secret(inside)}
    if isinstance(value, list):
        return [conceal(member) for member in value if not is_secret(member)]
    return value


def _decode(value: Any) -> Any:
    if isinstance(value, dict):
        if value.get(_MARKER) == _RESOURCE:
            return value.get("id") or value["urn"]
        return {key: _decode(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_decode(member) for member in value]
    # Protobuf has no integers.
    return int(value) if isinstance(value, float) and value.is_integer() else value
