"""A secret that Pulumi makes and keeps encrypted in its state."""

import pulumi
import pulumi_random as random
from pulumi import ResourceOptions

# Of tokens and keys that only programs read.
TOKEN_LENGTH = 48


def random_secret(
    name: str, *, version: int, opts: ResourceOptions, length: int = TOKEN_LENGTH
) -> pulumi.Output[str]:
    """Make letters and digits; another `version` makes others at the next `pulumi up`.

    Nothing special among them: RDS refuses some characters, and connection strings quote others.
    """
    password = random.RandomPassword(
        name, length=length, special=False, keepers={"version": str(version)}, opts=opts
    )
    return password.result
