"""Which inputs changed, and how the engine wants to hear it."""

from collections.abc import Collection

from pulumi.runtime.proto import provider_pb2
from pulumi.runtime.proto.provider_pb2 import DiffResponse, PropertyDiff

from e2e.deploy.cloud.values import Values, reveal


def answer(old: Values, new: Values, fixed: Collection[str]) -> DiffResponse:
    """Compare inputs with inputs: what the cloud computed is no reason to change anything."""
    before, after = reveal(old), reveal(new)
    # A value that a preview does not know yet differs from every other.
    changed = [key for key in sorted({*before, *after}) if before.get(key) != after.get(key)]
    response = DiffResponse(
        changes=DiffResponse.DIFF_SOME if changed else DiffResponse.DIFF_NONE,
        diffs=changed,
        replaces=[key for key in changed if key in fixed],
        hasDetailedDiff=True,
    )
    for key in changed:
        how = "ADD" if key not in before else "DELETE" if key not in after else "UPDATE"
        kind = PropertyDiff.Kind.Value(f"{how}_REPLACE" if key in fixed else how)
        response.detailedDiff[key].CopyFrom(provider_pb2.PropertyDiff(kind=kind, inputDiff=True))
    return response
