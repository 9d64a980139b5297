"""What a table says about a resource type, and what a fake provider knows of all of them."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from e2e.deploy.cloud import environment
from e2e.deploy.cloud.records import Records, Resource
from e2e.deploy.cloud.values import Properties

ACCOUNT = "123456789012"


@dataclass(frozen=True, slots=True)
class Asked:
    """A resource that somebody asks for, with its inputs in clear."""

    type: str
    name: str
    inputs: Properties
    id: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """The records, and the region that a provider works in."""

    records: Records
    region: str

    def find(self, type_: str, reference: str) -> Resource | None:
        """Find a resource by id, name or ARN, whichever a reference uses."""
        if direct := self.records.get(type_, reference):
            return direct
        return next((one for one in self.all(type_) if one.goes_by(reference)), None)

    def all(self, type_: str) -> list[Resource]:
        return self.records.all(type_)

    def fill(self, template: Any, asked: Asked, identity: str = "") -> Any:
        """Put inputs, id, region, account and new tokens into the texts of a template."""
        if isinstance(template, dict):
            return {key: self.fill(inside, asked, identity) for key, inside in template.items()}
        if not isinstance(template, str):
            return template
        return template.format_map(
            asked.inputs
            | {
                "id": identity,
                "suffix": identity.rpartition(":")[2].removeprefix("loadbalancer/"),
                "new": f"0{secrets.token_hex(8)}",
                "region": asked.inputs.get("region") or self.region,
                "account": ACCOUNT,
                "address": environment.address(),
            }
        )


Check: TypeAlias = Callable[[Asked, Account], None]
Make: TypeAlias = Callable[[Asked, str, Account], Properties]
# Gives the outputs that it changes along.
Change: TypeAlias = Callable[[Asked, Properties, Account], Properties | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Templates are texts for `Account.fill`."""

    identity: str | Callable[[Asked, Account], str]  # a template, or what finds one
    # Templates. One inside an object is put into the input of the same name.
    outputs: Mapping[str, Any] = field(default_factory=dict)
    # Outputs that begin with 1 and grow with every update.
    counts: tuple[str, ...] = ()
    # Inputs that AWS cannot change in place.
    fixed: tuple[str, ...] = ()
    # Path of an input (lists are walked through) -> the type that it refers to.
    refers: Mapping[str, str] = field(default_factory=dict)
    # Path of an output -> the type of what AWS makes along with it, and Pulumi does not know.
    along: Mapping[str, str] = field(default_factory=dict)
    # The input that Pulumi fills with a generated name, and how long that may be.
    names: str = ""
    longest: int = 255
    # The property that forbids deletion while it is true, and AWS's error.
    protection: tuple[str, str] = ("", "")
    # What AWS refuses at create and update, and at delete; they raise `Rejected`.
    check: Check | None = None
    check_delete: Check | None = None
    # What stands behind a resource: made (with more outputs), changed (with the old state), ended.
    make: Make | None = None
    change: Change | None = None
    end: Callable[[Asked, Account], None] | None = None


def arn(service: str, resource: str) -> str:
    """Make a template of an ARN."""
    return f"arn:aws:{service}:{{region}}:{{account}}:{resource}"


def texts_at(value: Any, path: str) -> Iterator[str]:
    """Yield the texts at a path; lists on the way are walked through."""
    if isinstance(value, list):
        for member in value:
            yield from texts_at(member, path)
    elif isinstance(value, dict) and path:
        key, _, rest = path.partition(".")
        yield from texts_at(value.get(key), rest)
    elif isinstance(value, str) and value and not path:
        yield value
