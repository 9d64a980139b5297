"""Stand-in for the random provider: real random values, which only Pulumi's state knows."""

import base64
import secrets
import string

from e2e.deploy.cloud import protocol, sdk_types
from e2e.deploy.cloud.cloud import Asked, Cloud, Made
from e2e.deploy.cloud.errors import Rejected
from e2e.deploy.cloud.values import Properties, Secret, Values, text

PASSWORD = "random:index/randomPassword:RandomPassword"
ID = "random:index/randomId:RandomId"
_SPECIAL = "!@#$%&*()-_=+[]{}<>:?"
# The character sets and the inputs that switch them; all are on by default.
_SETS = {
    "lower": string.ascii_lowercase,
    "numeric": string.digits,
    "upper": string.ascii_uppercase,
}


class Random(Cloud):
    package = "random"
    outside = False

    def fixed(self, type_: str) -> frozenset[str]:
        """Every input: a value cannot change without being another one."""
        return frozenset(sdk_types.inputs_of(sdk_types.arguments_class(type_)))

    def create(self, asked: Asked) -> Made:
        if asked.type == PASSWORD:
            # `bcryptHash` is left out: nothing here can compute it, and the program does not ask.
            return Made("none", {"result": Secret(_password(asked.inputs))})
        if asked.type == ID:
            return _identifier(asked.inputs)
        raise Rejected(f"the stand-in for random does not know {asked.type}: add it to {__name__}")


def serve() -> None:
    """Be the plugin."""
    protocol.serve(Random)


def _password(inputs: Properties) -> str:
    """Draw until there are as many of each set as the minimums say, as the provider promises."""
    sets = {key: letters for key, letters in _SETS.items() if inputs.get(key) is not False}
    if inputs.get("special") is not False:
        sets["special"] = text(inputs, "overrideSpecial") or _SPECIAL
    minimums = {key: int(text(inputs, f"min{key.title()}") or 0) for key in sets}
    length = int(text(inputs, "length"))
    if not sets or sum(minimums.values()) > length:
        raise Rejected(f"no password of length {length} satisfies {sorted(minimums.items())}")
    drawn = [secrets.choice(sets[key]) for key, minimum in minimums.items() for _ in range(minimum)]
    alphabet = "".join(sets.values())
    drawn += [secrets.choice(alphabet) for _ in range(length - len(drawn))]
    secrets.SystemRandom().shuffle(drawn)
    return "".join(drawn)


def _identifier(inputs: Properties) -> Made:
    value = secrets.token_bytes(int(text(inputs, "byteLength")))
    prefix = text(inputs, "prefix")
    url_safe = base64.urlsafe_b64encode(value).decode().rstrip("=")
    outputs: Values = {
        "hex": prefix + value.hex(),
        "dec": f"{prefix}{int.from_bytes(value)}",
        "b64Std": prefix + base64.b64encode(value).decode(),
        "b64Url": prefix + url_safe,
    }
    return Made(url_safe, outputs)
