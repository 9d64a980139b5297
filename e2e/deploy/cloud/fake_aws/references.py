"""What points at what: nothing may refer to something that is not there, nor lose what it needs."""

from collections.abc import Iterator

from e2e.deploy.cloud.cloud import Asked
from e2e.deploy.cloud.errors import Rejected
from e2e.deploy.cloud.fake_aws.catalogue import KINDS, kind_of
from e2e.deploy.cloud.fake_aws.kind import Account
from e2e.deploy.cloud.values import Json, Properties


def require(asked: Asked, account: Account) -> None:
    """Refuse an id, name or ARN that no resource has."""
    for path, reference, wanted in references(asked.type, asked.inputs):
        if not account.exists(wanted, reference):
            raise Rejected(
                f"{asked.type} '{asked.name}': {path} refers to '{reference}', which does not"
                f" exist ({wanted})"
            )


def refuse_if_needed(asked: Asked, account: Account) -> None:
    """Refuse to delete what others refer to. AWS is milder with some types, never stricter."""
    for other in account.records.all():
        if (other.type, other.id) == (asked.type, asked.id) or other.type not in KINDS:
            continue
        for path, reference, wanted in references(other.type, other.outputs):
            target = account.find(wanted, reference)
            if target is not None and (target.type, target.id) == (asked.type, asked.id):
                raise Rejected(
                    f"DependencyViolation: {asked.type} '{asked.name}' ({asked.id}) is in use by"
                    f" {path} of {other.type} '{other.name}'"
                )


def references(type_: str, properties: Properties) -> Iterator[tuple[str, str, str]]:
    """Yield path, reference and the type referred to."""
    for path, wanted in kind_of(type_).refers.items():
        for value in _values(properties, path.split(".")):
            yield path, value, wanted


def _values(value: Json, path: list[str]) -> Iterator[str]:
    if isinstance(value, list):
        for member in value:
            yield from _values(member, path)
    elif isinstance(value, dict) and path:
        yield from _values(value.get(path[0]), path[1:])
    elif isinstance(value, str) and value and not path:
        yield value
