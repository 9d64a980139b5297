"""What the tables say about a type: its names and ids, what it refers to, what is fixed."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from e2e.deploy.cloud.cloud import Asked
from e2e.deploy.cloud.errors import Rejected
from e2e.deploy.cloud.records import Records, Resource
from e2e.deploy.cloud.values import Values, text

ACCOUNT = "123456789012"
PACKAGE = "aws"


@dataclass(frozen=True, slots=True)
class Account:
    """The account and region that a provider works in."""

    records: Records
    region: str

    def arn(self, service: str, resource: str, *, everywhere: bool = False) -> str:
        region = "" if everywhere else self.region
        return f"arn:aws:{service}:{region}:{ACCOUNT}:{resource}"

    def find(self, type_: str, reference: str) -> Resource | None:
        """Find a resource by id, name or ARN, whichever a reference uses."""
        if direct := self.records.get(type_, reference):
            return direct
        return next((one for one in self.all(type_) if one.goes_by(reference)), None)

    def all(self, type_: str) -> list[Resource]:
        return [one for one in self.records.all() if one.type == type_]

    def exists(self, type_: str, reference: str) -> bool:
        """Whether `reference` names something, also something that AWS made on its own."""
        return self.find(type_, reference) is not None or any(
            one.along.get(reference) == type_ for one in self.records.all()
        )


Identify = Callable[[Asked, Account], str]
Outputs = Callable[[Asked, str, Account], Values]
Check = Callable[[Asked, Account], None]


def _nothing(asked: Asked, identity: str, account: Account) -> Values:
    del asked, identity, account
    return {}


def _fine(asked: Asked, account: Account) -> None:
    del asked, account


def _alone(identity: str, outputs: Values) -> dict[str, str]:
    del identity, outputs
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    identity: Identify
    # Inputs that AWS cannot change in place.
    fixed: frozenset[str] = frozenset()
    # Path of an input (lists are walked through) -> the type that it refers to.
    refers: Mapping[str, str] = field(default_factory=dict)
    outputs: Outputs = _nothing
    # The input that Pulumi fills with a generated name, and how long that may be.
    names: str = ""
    longest: int = 255
    # Raises what AWS would refuse, at create and update.
    check: Check = _fine
    # Raises what protects a resource from being deleted.
    protect: Check = _fine
    # Ids of what AWS makes along with it -> their types.
    along: Callable[[str, Values], dict[str, str]] = _alone
    # Outputs that every update changes.
    anew: frozenset[str] = frozenset()
    # Inputs inside which AWS puts outputs.
    inside: frozenset[str] = frozenset()


def prefixed(prefix: str) -> Identify:
    """Make ids such as `vpc-0a1b2c3d4e5f67890`."""
    return lambda _asked, _account: new_id(prefix)


def new_id(prefix: str) -> str:
    return f"{prefix}-0{secrets.token_hex(8)}"


def named(key: str = "name") -> Identify:
    """Take an input as the id."""
    return lambda asked, _account: text(asked.inputs, key)


def joined(separator: str, *keys: str) -> Identify:
    """Make ids such as `cluster:node-group`."""
    return lambda asked, _account: separator.join(text(asked.inputs, key) for key in keys)


def token(length: int) -> str:
    """Make the lower-case hexadecimal ids that load balancers end with."""
    return secrets.token_hex(length)[:length]


def flagged(key: str, message: str) -> Check:
    """Refuse deletion while a property is true."""

    def protect(asked: Asked, account: Account) -> None:
        del account
        if asked.inputs.get(key) is True:
            raise Rejected(f"{message}: {asked.type} '{asked.id}' has {key}")

    return protect
