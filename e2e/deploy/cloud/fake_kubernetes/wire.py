"""Properties as the engine sends them, and as Kubernetes and Helm want them."""

from collections.abc import Mapping
from typing import Any

from google.protobuf import json_format, struct_pb2
from pulumi.runtime.rpc import UNKNOWN

Properties = dict[str, Any]


def plain(message: struct_pb2.Struct) -> Properties:
    """Numbers of a Struct are floats; those without a fraction become integers again."""
    return {key: _whole(value) for key, value in json_format.MessageToDict(message).items()}


def struct(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    message = struct_pb2.Struct()
    message.update({key: value for key, value in properties.items() if value is not None})
    return message


def has_unknowns(value: object) -> bool:
    """Whether something in it will be known only during `up`."""
    match value:
        case dict():
            return any(has_unknowns(item) for item in value.values())
        case list():
            return any(has_unknowns(item) for item in value)
    return value == UNKNOWN


def _whole(value: Any) -> Any:
    match value:
        case dict():
            return {key: _whole(item) for key, item in value.items()}
        case list():
            return [_whole(item) for item in value]
        case float() if value.is_integer():
            return int(value)
    return value
