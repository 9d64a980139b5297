"""The engine's property values (protobuf) as plain JSON values.

Secrets, references to resources and assets travel as structs with a marker; the markers are those
of the Pulumi SDK.
"""

from collections.abc import Iterable
from typing import cast

from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime import rpc

from infra.plan.model import SECRET, Json

MARKER = rpc._special_sig_key  # noqa: SLF001  # the wire format has no public names
SECRET_MARK = rpc._special_secret_sig  # noqa: SLF001  # as above
RESOURCE_MARK = rpc._special_resource_sig  # noqa: SLF001  # as above


def plain_properties(properties: Struct) -> dict[str, Json]:
    """Convert a resource's properties; secrets are replaced by "[secret]"."""
    raw = cast("dict[str, Json]", json_format.MessageToDict(properties))
    return {key: _plain(raw[key]) for key in sorted(raw)}


def with_secrets(properties: Struct, names: Iterable[str]) -> Struct:
    """Mark the named properties as secrets, as the engine does for outputs declared secret."""
    marked = Struct()
    marked.CopyFrom(properties)
    for name in set(names) & set(properties):
        wrapped = Struct()
        wrapped[MARKER] = SECRET_MARK
        wrapped.fields["value"].CopyFrom(properties.fields[name])
        marked.fields[name].struct_value.CopyFrom(wrapped)
    return marked


def resource_reference(urn: str, identity: str) -> dict[str, str]:
    """Build the value by which a remote component hands out one of its children."""
    return {MARKER: RESOURCE_MARK, "urn": urn, "id": identity, "packageVersion": ""}


def _plain(value: Json) -> Json:
    match value:
        case dict() if value.get(MARKER) == SECRET_MARK:
            return SECRET
        case dict() if value.get(MARKER) == RESOURCE_MARK:
            return f"<{str(value['urn']).rsplit('::', 1)[-1]}>"
        case dict():
            return {key: _plain(value[key]) for key in sorted(value)}
        case list():
            return [_plain(member) for member in value]
        case float() if value.is_integer():
            return int(value)
        case _:
            return value
