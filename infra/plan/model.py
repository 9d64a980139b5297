"""The resources that a run of the program declares, as plain values."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

# Every JSON value.
Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"

SECRET = "[secret]"  # noqa: S105  what stands in place of one


@dataclass(frozen=True, slots=True)
class PlannedResource:
    """One registration, as the engine receives it.

    `depends_on` holds the names of all resources that it waits for: those it names, those whose
    outputs it uses, and its provider. Secret inputs are the text "[secret]".
    """

    type: str
    name: str
    parent: str | None
    inputs: Mapping[str, Json]
    depends_on: tuple[str, ...]
    provider: str | None = None
    protect: bool = False
    retain_on_delete: bool = False
    ignore_changes: tuple[str, ...] = ()
    delete_before_replace: bool = False
    # The id of what exists in the cloud already and is taken over; empty for what is created.
    import_id: str = ""
    replace_on_changes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Json]:
        return {
            "type": self.type,
            "name": self.name,
            "parent": self.parent,
            "inputs": self.inputs,
            "depends_on": self.depends_on,
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """All registrations of one run.

    They are in an order in which they could be created, which is the same in every run. The order
    of registration depends on when outputs resolve.
    """

    stack: str
    resources: tuple[PlannedResource, ...]
    outputs: Mapping[str, Json]
    _by_name: dict[str, PlannedResource] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {r.name: r for r in self.resources})
        depths: dict[str, int] = {}
        ordered = sorted(self.resources, key=lambda r: (self._depth(r, depths), r.name))
        object.__setattr__(self, "resources", tuple(ordered))

    def __getitem__(self, name: str) -> PlannedResource:
        return self._by_name[name]

    def of_type(self, type_token: str) -> list[PlannedResource]:
        return [resource for resource in self.resources if resource.type == type_token]

    def components(self) -> dict[str, list[PlannedResource]]:
        """Group the resources by outermost component, in the order in which these are completed."""
        components: dict[str, list[PlannedResource]] = {}
        for resource in reversed(self.resources):
            components.setdefault(self._component(resource), []).insert(0, resource)
        return dict(reversed(components.items()))

    def _component(self, resource: PlannedResource) -> str:
        while resource.parent is not None:
            resource = self._by_name[resource.parent]
        return resource.name

    def _depth(self, resource: PlannedResource, known: dict[str, int]) -> int:
        """Count the steps that must come before this resource, with a cache."""
        if resource.name not in known:
            edges = (self._by_name[name] for name in self._edges(resource))
            known[resource.name] = max((self._depth(edge, known) + 1 for edge in edges), default=0)
        return known[resource.name]

    def waits_for(self, name: str) -> set[str]:
        """Return everything that must exist before a resource and be deleted after it."""
        seen: set[str] = set()
        waiting = [name]
        while waiting:
            for other in self._edges(self._by_name[waiting.pop()]):
                if other not in seen:
                    seen.add(other)
                    waiting.append(other)
        return seen

    def _edges(self, resource: PlannedResource) -> Iterator[str]:
        yield from resource.depends_on
        if resource.parent is not None:
            yield resource.parent
