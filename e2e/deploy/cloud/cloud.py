"""What a stand-in plays: resources that are made, changed, deleted. It is asked by `protocol`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from e2e.deploy.cloud import sdk_types
from e2e.deploy.cloud.errors import Rejected
from e2e.deploy.cloud.records import Records, Resource
from e2e.deploy.cloud.sdk_types import Problem
from e2e.deploy.cloud.values import Properties, Value, Values


@dataclass(frozen=True, slots=True)
class Asked:
    """A resource that somebody asks for, with its inputs in clear."""

    type: str
    name: str
    urn: str
    inputs: Properties
    id: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """What the cloud made: an id, what it says about it, and what it made along with it."""

    id: str
    outputs: Mapping[str, Value] = field(default_factory=dict)
    along: Mapping[str, str] = field(default_factory=dict)


class Cloud:
    """One provider's part of the cloud. What `create` and `update` return is remembered for it."""

    package: ClassVar[str]
    # Whether what it makes exists anywhere but in Pulumi's state.
    outside: ClassVar[bool] = True

    def __init__(self, records: Records) -> None:
        self.records = records

    def configure(self, settings: Properties) -> None:
        """Take the provider's settings, or refuse them."""

    def problems(self, asked: Asked) -> list[Problem]:
        return sdk_types.problems(asked.type, asked.inputs)

    def complete(self, asked: Asked, inputs: Values, old: Values, seed: bytes) -> Values:
        """Add the inputs that nobody gave: generated names, default tags."""
        del asked, old, seed
        return inputs

    def fixed(self, type_: str) -> frozenset[str]:
        """Name the inputs that cannot change in place."""
        raise NotImplementedError

    def name_is_taken(self, type_: str, old: Values, new: Values) -> bool:
        """Whether a replacement can exist only after the old resource is gone."""
        del type_, old, new
        return False

    def foresee(self, asked: Asked, old: Properties) -> Mapping[str, Value]:
        """Say of an update what a preview knows; outputs that are not named here will stay."""
        del asked, old
        return {}

    def create(self, asked: Asked) -> Made:
        raise NotImplementedError

    def update(self, asked: Asked, known: Resource, old: Properties) -> Mapping[str, Value]:
        """Change in place; return the outputs that change along."""
        del asked, known, old
        return {}

    def delete(self, asked: Asked) -> None:
        """Delete; the inputs are the resource's properties."""

    def call(self, function: str, arguments: Properties) -> Mapping[str, Value]:
        """Answer a function of the provider."""
        raise Rejected(f"the stand-in has no answer for {function} with {sorted(arguments)}")
