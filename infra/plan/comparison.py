"""`make plan SINCE=<plan.json>`: what changed since another plan, and what of it is refused."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from infra.guard import NAME as GUARD
from infra.plan.model import Json, Plan
from infra.settings import Settings
from infra.validation.changes import refusals

Resource: TypeAlias = Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Comparison:
    added: tuple[str, ...]
    removed: tuple[str, ...]
    # Resource name -> paths of inputs that differ.
    changed: Mapping[str, tuple[str, ...]]
    # One sentence for each change that infra/validation/changes.py refuses.
    refused: tuple[str, ...]


def compare(old: Mapping[str, Json], plan: Plan, settings: Settings) -> Comparison:
    """Compare the document of an earlier `plan.json` with a plan and its settings."""
    before = {str(resource["name"]): resource for resource in _resources(old)}
    after = {resource.name: resource.as_json() for resource in plan.resources}
    changed = {
        name: tuple(sorted(set(_paths(before[name]["inputs"], after[name]["inputs"]))))
        for name in after
        if name in before and before[name]["inputs"] != _plain(after[name]["inputs"])
    }
    return Comparison(
        added=tuple(name for name in after if name not in before),
        removed=tuple(name for name in before if name not in after),
        changed={name: paths for name, paths in changed.items() if name != GUARD},
        refused=tuple(refusals(_guarded(before), settings.options, settings.names)),
    )


def _resources(document: Mapping[str, Json]) -> Sequence[Resource]:
    found = document["resources"]
    assert isinstance(found, Sequence)  # noqa: S101  `read_plan` made sure
    return [resource for resource in found if isinstance(resource, Mapping)]


def _guarded(before: Mapping[str, Resource]) -> Mapping[str, Json]:
    inputs = before.get(GUARD, {}).get("inputs")
    held = inputs.get("settings") if isinstance(inputs, Mapping) else None
    return held if isinstance(held, Mapping) else {}


def _plain(value: Json) -> Json:
    """Give tuples as lists, as JSON does."""
    if isinstance(value, Mapping):
        return {key: _plain(below) for key, below in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(member) for member in value]
    return value


def _paths(before: Json, after: Json, path: str = "") -> Iterator[str]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in before.keys() | after.keys():
            yield from _paths(before.get(key), after.get(key), f"{path}.{key}" if path else key)
    elif _plain(before) != _plain(after):
        yield path
