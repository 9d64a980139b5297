"""The fake random provider: real random values, which only Pulumi's state knows."""

import secrets
import string

from e2e.deploy.cloud import environment, protocol
from e2e.deploy.cloud.errors import Rejected
from e2e.deploy.cloud.kinds import Account, Asked, Kind
from e2e.deploy.cloud.provider import Provider
from e2e.deploy.cloud.records import Records
from e2e.deploy.cloud.values import Properties, secret

PASSWORD = "random:index/randomPassword:RandomPassword"
ID = "random:index/randomId:RandomId"
_LETTERS = string.ascii_letters + string.digits
_KNOWN = ("keepers", "length", "special")


def _password(asked: Asked, identity: str, account: Account) -> Properties:
    del identity, account
    if asked.inputs.keys() - set(_KNOWN) or asked.inputs.get("special") is not False:
        raise Rejected(f"the fake random makes letters and digits only: '{asked.name}'")
    return {
        "result": secret("".join(secrets.choice(_LETTERS) for _ in range(asked.inputs["length"])))
    }


def _identifier(asked: Asked, identity: str, account: Account) -> Properties:
    del identity, account
    return {"hex": secrets.token_hex(asked.inputs["byteLength"])}


# A value cannot change without being another one.
_KINDS = {
    PASSWORD: Kind(identity="none", fixed=_KNOWN, make=_password),
    ID: Kind(identity="id-{new}", fixed=("byteLength", "keepers"), make=_identifier),
}


def provider(records: Records) -> Provider:
    return Provider("random", records, _KINDS, remembers=False)


def serve() -> None:
    """Be the plugin."""
    protocol.serve(provider(Records(environment.world())))
