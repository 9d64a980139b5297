"""A secret that Pulumi creates and keeps encrypted in its state."""

import pulumi
import pulumi_random as random
from pulumi import ResourceOptions

# The length of tokens and keys that only programs read.
TOKEN_LENGTH = 48


def random_secret(
    name: str, *, version: int, opts: ResourceOptions, length: int = TOKEN_LENGTH
) -> pulumi.Output[str]:
    """Create letters and digits; another `version` replaces them at the next `pulumi up`.

    Without special characters: RDS refuses some, and connection strings quote others.
    """
    password = random.RandomPassword(
        name, length=length, special=False, keepers={"version": str(version)}, opts=opts
    )
    return password.result
