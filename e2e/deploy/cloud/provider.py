"""A fake provider: what its table of kinds says, asked by `protocol.py`."""

import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from e2e.deploy.cloud import sdk_types
from e2e.deploy.cloud.errors import Rejected
from e2e.deploy.cloud.kinds import ACCOUNT, Account, Asked, Kind, texts_at
from e2e.deploy.cloud.records import Records, Resource
from e2e.deploy.cloud.values import UNKNOWN, Properties, holds_secret, reveal, secret

Function: TypeAlias = Callable[[Properties], Properties]

REGION = "us-east-1"
_SUFFIX_LENGTH = 7


class Provider:
    """`remembers` is False for what exists in Pulumi's state alone."""

    def __init__(
        self,
        package: str,
        records: Records,
        kinds: Mapping[str, Kind],
        functions: Mapping[str, Function] | None = None,
        *,
        remembers: bool = True,
    ) -> None:
        self.package = package
        self.remembers = remembers
        self.records = records
        self._kinds = kinds
        self._functions = functions or {}
        self._account = Account(records, REGION)
        self._default_tags: Properties = {}
        self.output_names = sdk_types.output_names(package, kinds)

    def configure(self, settings: Properties) -> None:
        # The SDK sends everything that is not a text as JSON.
        plain = {key: _parsed(value) for key, value in settings.items()}
        if ACCOUNT not in plain.get("allowedAccountIds", [ACCOUNT]):
            raise Rejected(f"AWS account ID not allowed: {ACCOUNT} (this is a fake)")
        self._account = Account(self.records, plain.get("region", REGION))
        self._default_tags = plain.get("defaultTags", {}).get("tags", {})

    def complete(self, asked: Asked, inputs: Properties, old: Properties, seed: bytes) -> None:
        """Add the inputs that nobody gave: a generated name, default tags."""
        kind = self._kind(asked.type)
        if kind.names and kind.names not in inputs:
            inputs[kind.names] = old.get(kind.names) or _name(asked.name, seed, kind.longest)
            inputs["__autonamed"] = True
        if "tagsAll" in self.output_names[asked.type]:
            inputs["tagsAll"] = self._all_tags(inputs.get("tags") or {})

    def _all_tags(self, own: Any) -> Any:
        if own == UNKNOWN:
            return own
        every = self._default_tags | reveal(own)
        return secret(every) if holds_secret(own) else every

    def fixed(self, type_: str) -> tuple[str, ...]:
        return self._kind(type_).fixed

    def name_is_taken(self, type_: str, old: Properties, new: Properties) -> bool:
        """Whether a replacement can exist only after the old resource is gone."""
        name = self._kind(type_).names
        given = name and "__autonamed" not in new
        return bool(given and name in old and old[name] == new.get(name))

    def create(self, asked: Asked) -> tuple[str, Properties]:
        """Give the id and the outputs."""
        kind = self._kind(asked.type)
        self._check(kind, asked)
        if callable(kind.identity):
            identity = kind.identity(asked, self._account)
        else:
            identity = self._account.fill(kind.identity, asked)
        if self.records.get(asked.type, identity):
            raise Rejected(f"{asked.type} '{asked.name}': '{identity}' already exists")
        outputs = self._account.fill(dict(kind.outputs), asked, identity)
        for key, value in outputs.items():
            if isinstance(value, dict):
                outputs[key] = asked.inputs.get(key, {}) | value
        outputs |= dict.fromkeys(kind.counts, 1)
        if kind.make:
            outputs |= kind.make(asked, identity, self._account)
        return identity, outputs

    def foresee(self, asked: Asked, old: Properties) -> Properties:
        """Say which outputs change in an update, as far as a preview knows."""
        kind = self._kind(asked.type)
        inside = (key for key, value in kind.outputs.items() if isinstance(value, dict))
        kept = {key: old.get(key, {}) | asked.inputs.get(key, {}) for key in inside}
        return kept | dict.fromkeys(kind.counts, UNKNOWN)

    def update(self, asked: Asked, known: Resource, old: Properties) -> Properties:
        """Change in place; give the outputs that change along."""
        kind = self._kind(asked.type)
        self._check(kind, asked)
        changed = kind.change(asked, old, self._account) if kind.change else None
        counts = {key: known.outputs[key] + 1 for key in kind.counts}
        return self.foresee(asked, known.outputs) | counts | (changed or {})

    def delete(self, asked: Asked) -> None:
        """Delete; the inputs are the resource's properties."""
        kind = self._kind(asked.type)
        self._refuse_if_needed(asked)
        flag, error = kind.protection
        if flag and asked.inputs.get(flag) is True:
            raise Rejected(f"{error}: {asked.type} '{asked.id}' has {flag}")
        if kind.check_delete:
            kind.check_delete(asked, self._account)
        self.records.drop(asked.type, asked.id)
        if kind.end:
            kind.end(asked, self._account)

    def call(self, function: str, arguments: Properties) -> Properties:
        """Answer a function that only reads."""
        if function not in self._functions:
            raise Rejected(f"the fake {self.package} has no answer for {function}")
        return self._functions[function](arguments)

    def _kind(self, type_: str) -> Kind:
        if type_ not in self._kinds:
            raise Rejected(f"the fake {self.package} does not know {type_}: add it to its tables")
        return self._kinds[type_]

    def _check(self, kind: Kind, asked: Asked) -> None:
        for path, reference, wanted in self._references(asked.type, asked.inputs):
            if not self._exists(wanted, reference):
                raise Rejected(
                    f"{asked.type} '{asked.name}': {path} refers to '{reference}', which does not"
                    f" exist ({wanted})"
                )
        if kind.check:
            kind.check(asked, self._account)

    def _refuse_if_needed(self, asked: Asked) -> None:
        """Refuse to delete what others refer to. AWS is milder with some types, never stricter."""
        target = self.records.get(asked.type, asked.id)
        for other in self.records.resources():
            if (other.type, other.id) == (asked.type, asked.id):
                continue
            for path, reference, wanted in self._references(other.type, other.outputs):
                if wanted == asked.type and target and target.goes_by(reference):
                    raise Rejected(
                        f"DependencyViolation: {asked.type} '{asked.name}' ({asked.id}) is in use"
                        f" by {path} of {other.type} '{other.name}'"
                    )

    def _references(self, type_: str, properties: Properties) -> Iterator[tuple[str, str, str]]:
        """Yield path, reference and the type referred to."""
        for path, wanted in self._kind(type_).refers.items():
            for reference in texts_at(properties, path):
                yield path, reference, wanted

    def _exists(self, type_: str, reference: str) -> bool:
        """Whether `reference` names something, also something that AWS made on its own."""
        return self._account.find(type_, reference) is not None or any(
            reference in texts_at(one.outputs, path)
            for one in self.records.resources()
            for path, made in self._kind(one.type).along.items()
            if made == type_
        )


def _name(name: str, seed: bytes, longest: int) -> str:
    suffix = (seed.hex() or secrets.token_hex(_SUFFIX_LENGTH))[:_SUFFIX_LENGTH]
    return f"{name[: longest - _SUFFIX_LENGTH - 1]}-{suffix}"


def _parsed(value: Any) -> Any:
    is_json = isinstance(value, str) and value.startswith(("{", "["))
    return json.loads(value) if is_json else value
