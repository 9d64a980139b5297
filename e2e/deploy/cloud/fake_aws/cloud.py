"""AWS, as far as the tables go."""

import json
import secrets
from collections.abc import Mapping

from e2e.deploy.cloud import environment, protocol, sdk_types
from e2e.deploy.cloud.cloud import Asked, Cloud, Made
from e2e.deploy.cloud.errors import Rejected
from e2e.deploy.cloud.fake_aws import functions, references
from e2e.deploy.cloud.fake_aws.catalogue import kind_of
from e2e.deploy.cloud.fake_aws.database import INSTANCE, PARAMETER_GROUP
from e2e.deploy.cloud.fake_aws.identity import LOG_GROUP
from e2e.deploy.cloud.fake_aws.kind import ACCOUNT, PACKAGE, Account, Kind
from e2e.deploy.cloud.fake_aws.servers import Servers, reachable_host
from e2e.deploy.cloud.records import Records, Resource
from e2e.deploy.cloud.sdk_types import Problem
from e2e.deploy.cloud.values import (
    UNKNOWN,
    Json,
    Properties,
    Secret,
    Value,
    Values,
    as_values,
    holds_secret,
    reveal,
    section,
)

_REGION = "us-east-1"
_SUFFIX_LENGTH = 7


class Aws(Cloud):
    package = PACKAGE

    def __init__(self, records: Records, servers: Servers) -> None:
        super().__init__(records)
        self._servers = servers
        self._account = Account(records, _REGION)
        self._default_tags: Properties = {}

    def configure(self, settings: Properties) -> None:
        # The SDK sends everything that is not a text as JSON.
        plain = {key: _decoded(value) for key, value in settings.items()}
        allowed = plain.get("allowedAccountIds")
        if isinstance(allowed, list) and ACCOUNT not in allowed:
            raise Rejected(f"AWS account ID not allowed: {ACCOUNT} (this is a stand-in)")
        self._account = Account(self.records, str(plain.get("region") or _REGION))
        self._default_tags = section(section(plain, "defaultTags"), "tags")

    def problems(self, asked: Asked) -> list[Problem]:
        kind_of(asked.type)
        given = {key: value for key, value in asked.inputs.items() if key != "tagsAll"}
        return sdk_types.problems(asked.type, given)

    def complete(self, asked: Asked, inputs: Values, old: Values, seed: bytes) -> Values:
        result = dict(inputs)
        kind = kind_of(asked.type)
        if kind.names and kind.names not in result:
            result[kind.names] = old.get(kind.names) or _name(asked.name, seed, kind.longest)
            result["__autonamed"] = True
        if "tagsAll" in sdk_types.outputs_of(asked.type):
            result["tagsAll"] = self._all_tags(inputs.get("tags"))
        return result

    def _all_tags(self, own: Value) -> Value:
        plain = reveal({"tags": own})
        if plain["tags"] == UNKNOWN:
            return UNKNOWN
        every = as_values({**self._default_tags, **section(plain, "tags")})
        return Secret(every) if holds_secret(own) else every

    def fixed(self, type_: str) -> frozenset[str]:
        return kind_of(type_).fixed

    def name_is_taken(self, type_: str, old: Values, new: Values) -> bool:
        name = kind_of(type_).names
        given = name and "__autonamed" not in new
        return bool(given and name in old and reveal(old)[name] == reveal(new).get(name))

    def foresee(self, asked: Asked, old: Properties) -> Mapping[str, Value]:
        kind = kind_of(asked.type)
        return {**_kept(kind, asked, old), **dict.fromkeys(kind.anew, UNKNOWN)}

    def create(self, asked: Asked) -> Made:
        kind = kind_of(asked.type)
        references.require(asked, self._account)
        kind.check(asked, self._account)
        identity = kind.identity(asked, self._account)
        if asked.type == LOG_GROUP and self._account.exists(asked.type, identity):
            raise Rejected(
                "ResourceAlreadyExistsException: The specified log group already exists:"
                f" '{identity}'"
            )
        if self.records.get(asked.type, identity):
            raise Rejected(f"{asked.type} '{asked.name}': '{identity}' already exists")
        outputs = dict(kind.outputs(asked, identity, self._account))
        if asked.type == INSTANCE:
            outputs |= self._servers.create(asked, identity, self._account)
        return Made(identity, outputs, kind.along(identity, outputs))

    def update(self, asked: Asked, known: Resource, old: Properties) -> Mapping[str, Value]:
        kind = kind_of(asked.type)
        references.require(asked, self._account)
        kind.check(asked, self._account)
        if asked.type == INSTANCE:
            self._servers.update(asked, old, self._account)
        elif asked.type == PARAMETER_GROUP:
            self._servers.reconfigure(asked.inputs, self._account.all(INSTANCE))
        outputs = kind.outputs(asked, known.id, self._account) if kind.anew else {}
        changed = {key: outputs[key] for key in kind.anew}
        return {**_kept(kind, asked, known.outputs), **changed}

    def delete(self, asked: Asked) -> None:
        references.refuse_if_needed(asked, self._account)
        kind_of(asked.type).protect(asked, self._account)
        if asked.type == INSTANCE:
            self._servers.server(asked.id).destroy()

    def call(self, function: str, arguments: Properties) -> Mapping[str, Value]:
        return functions.call(function, arguments, self._account)


def serve() -> None:
    """Be the plugin."""
    servers = Servers(environment.postgres(), reachable_host())
    protocol.serve(lambda records: Aws(records, servers))


def _kept(kind: Kind, asked: Asked, old: Properties) -> Values:
    """Keep what AWS had put inside an input."""
    return {
        key: as_values({**section(old, key), **section(asked.inputs, key)}) for key in kind.inside
    }


def _name(name: str, seed: bytes, longest: int) -> str:
    suffix = (seed.hex() or secrets.token_hex(_SUFFIX_LENGTH))[:_SUFFIX_LENGTH]
    return f"{name[: longest - _SUFFIX_LENGTH - 1]}-{suffix}"


def _decoded(value: Json) -> Json:
    if isinstance(value, str) and value.startswith(("{", "[")):
        decoded: Json = json.loads(value)
        return decoded
    return value
