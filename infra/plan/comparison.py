"""`make plan SINCE=<plan.json>`: what changed since another plan, and what of it is refused."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeGuard

from infra.config.options import Options
from infra.config.zones import is_zone_id
from infra.guard import NAME as GUARD
from infra.guard import guarded_settings
from infra.plan.model import Json
from infra.settings import Settings
from infra.validation.changes import refusals
from infra.validation.waiting import Running, changes

Document: TypeAlias = Mapping[str, Json]
_Resources: TypeAlias = Mapping[str, Mapping[str, Json]]
_INSTANCE = "aws:rds/instance:Instance"
_ZONES = "network.zones"
_COMPARED = {"instanceClass", "allocatedStorage", "multiAz", "engineVersion"}


@dataclass(frozen=True, slots=True)
class Comparison:
    added: tuple[str, ...]
    removed: tuple[str, ...]
    # Resource name -> paths of inputs that differ.
    changed: Mapping[str, tuple[str, ...]]
    # One sentence for each change that infra/validation/changes.py refuses; None if the old plan is
    # from a version of the program that did not write down the guarded settings.
    refused: tuple[str, ...] | None
    # One sentence for each change of the database that waits, or is made at once.
    database: tuple[str, ...]


def compare(old: Document, new: Document, settings: Settings) -> Comparison:
    """Compare the documents of two `plan.json`; `settings` are those of the new one."""
    before, after = _resources(old), _resources(new)
    changed = {
        name: tuple(sorted(_paths(before[name]["inputs"], after[name]["inputs"])))
        for name in after
        if name in before and name != GUARD
    }
    guard = before.get(GUARD)
    return Comparison(
        added=tuple(name for name in after if name not in before),
        removed=tuple(name for name in before if name not in after),
        changed={name: paths for name, paths in changed.items() if paths},
        refused=(
            tuple(refusals(_held(guard, settings.options), settings.options, settings.names))
            if guard
            else None
        ),
        database=tuple(_of_database(before, after, settings)),
    )


def is_document(found: object) -> TypeGuard[dict[str, Json]]:
    """Whether a JSON value has the shape of a `plan.json`."""
    return (
        isinstance(found, dict)
        and isinstance(found.get("stack"), str)
        and isinstance(found.get("resources"), list)
        and all(
            isinstance(one, dict)
            and isinstance(one.get("name"), str)
            and isinstance(one.get("inputs"), dict)
            for one in found["resources"]
        )
    )


def _held(guard: Mapping[str, Json], options: Options) -> Mapping[str, object]:
    inputs = guard["inputs"]
    held = guarded_settings(inputs if isinstance(inputs, Mapping) else None)
    zones = held.get(_ZONES)
    by_id = isinstance(zones, Sequence) and any(is_zone_id(str(zone)) for zone in zones)
    if by_id == any(map(is_zone_id, options.network.zones)):
        return held
    # Which zone has which name in this account, only AWS knows: `pulumi preview` compares them.
    return {setting: value for setting, value in held.items() if setting != _ZONES}


def _of_database(before: _Resources, after: _Resources, settings: Settings) -> Sequence[str]:
    """Compare with what the other plan wrote: without credentials, nobody knows what runs."""
    [name] = [name for name, resource in after.items() if resource["type"] == _INSTANCE]
    inputs = before[name]["inputs"] if name in before else None
    if not isinstance(inputs, Mapping) or not inputs.keys() >= _COMPARED:
        return ()
    running = Running(
        instance_class=str(inputs["instanceClass"]),
        storage_gb=int(str(inputs["allocatedStorage"])),
        multi_az=inputs["multiAz"] is True,
        version=str(inputs["engineVersion"]),
    )
    return changes(settings.options.database, running)


def _resources(document: Document) -> _Resources:
    found = document["resources"]
    assert isinstance(found, Sequence)  # noqa: S101  `read_plan` made sure
    return {str(one["name"]): one for one in found if isinstance(one, Mapping)}


def _paths(before: Json, after: Json, path: str = "") -> Iterator[str]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in before.keys() | after.keys():
            yield from _paths(before.get(key), after.get(key), f"{path}.{key}" if path else key)
    elif before != after:
        yield path
