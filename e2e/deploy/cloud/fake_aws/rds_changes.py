"""What RDS refuses of a changed instance, and what it keeps for the maintenance window."""

import time

from e2e.deploy.cloud.errors import Rejected
from e2e.deploy.cloud.kinds import Asked
from e2e.deploy.cloud.records import Resource
from e2e.deploy.cloud.values import Properties
from infra.versions import POSTGRES

# Seconds in which RDS refuses a second change of storage.
OPTIMIZING = 6 * 60 * 60
_WAITING = ("allocatedStorage", "engineVersion", "instanceClass", "multiAz")
# Keys of an instance's state that Pulumi does not know: what waits, and when storage changed.
PENDING, _STORAGE_CHANGED = "__pending", "__storageChanged"


def actual_version(version: str) -> str:
    """Return the minor that a major stands for."""
    return version if "." in version else f"{version}.{POSTGRES[version].newest_minor}"


def is_offered(version: str) -> bool:
    major, _, minor = version.partition(".")
    return major in POSTGRES and (not minor or int(minor) >= POSTGRES[major].oldest_minor)


def check_version(asked: Asked, known: Resource | None) -> None:
    version = asked.inputs["engineVersion"]
    old = known.outputs["engineVersion"] if known else ""
    if asked.inputs["engine"] != "postgres" or (version != old and not is_offered(version)):
        raise Rejected(f"InvalidParameterCombination: Cannot find version {version} for postgres")
    if not old:
        return
    before, after = actual_version(old), actual_version(version)
    if _parts(after) < _parts(before):
        raise Rejected(
            f"InvalidParameterCombination: Cannot find upgrade path from {before} to {after}."
        )
    upgraded = _parts(after)[0] > _parts(before)[0]
    if upgraded and asked.inputs.get("allowMajorVersionUpgrade") is not True:
        raise Rejected(
            "InvalidParameterCombination: The AllowMajorVersionUpgrade flag must be present when"
            " upgrading to a new major version."
        )


def check_storage(asked: Asked, known: Resource | None) -> None:
    if known is None:
        return
    before, after = (one.get("allocatedStorage", 0) for one in (known.outputs, asked.inputs))
    if after < before:
        raise Rejected(f"InvalidParameterCombination: {before} GB of storage cannot become {after}")
    changed = time.time() - known.outputs.get(_STORAGE_CHANGED, 0)
    if after > before and changed < OPTIMIZING:
        raise Rejected(
            "InvalidParameterCombination: You can't currently modify the storage of this DB"
            " instance because the previous storage change is being optimized."
        )


def applied(inputs: Properties, old: Properties) -> Properties:
    """Return what an update makes of the state: at once, or later by `in_window`."""
    changed = {key: inputs[key] for key in _WAITING if key in old and inputs.get(key) != old[key]}
    if inputs.get("applyImmediately") is True:
        return {PENDING: {}, **_done(changed)}
    kept = {key: old[key] for key in changed}
    if "engineVersion" in changed:
        # The instance leaves its group with the upgrade.
        kept["parameterGroupName"] = old.get("parameterGroupName")
        changed["parameterGroupName"] = inputs.get("parameterGroupName")
    return {PENDING: changed, **kept}


def in_window(state: Properties) -> Properties:
    """Return what the maintenance window makes of a state."""
    return {PENDING: {}, **_done(state.get(PENDING, {}))}


def _done(changed: Properties) -> Properties:
    stamp = {_STORAGE_CHANGED: time.time()} if "allocatedStorage" in changed else {}
    return changed | stamp


def _parts(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
