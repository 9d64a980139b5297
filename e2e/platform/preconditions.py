"""What the machine must have beside what the cluster needs; each gap is a sentence."""

import pwd
import shutil
import sys

from e2e.cluster import leftovers, preconditions
from e2e.cluster.errors import PreconditionError
from e2e.cluster.paths import Paths
from e2e.deploy.cloud import postgres
from e2e.load_balancer import haproxy
from e2e.programs.uv import find_uv

_PROGRAMS = {
    "make": "make",
    "debootstrap": "debootstrap",
    "python3.11": "python3.11",
    haproxy.PROGRAM: "haproxy",
}
_SETUP = "run `make setup`"


def check(paths: Paths) -> None:
    """Raise for the first thing that is in the way, before anything is built. Changes nothing."""
    preconditions.check_machine()
    if not leftovers.find(paths):  # what an earlier run left is removed, and not in the way
        preconditions.check(paths)
    for program, package in _PROGRAMS.items():
        if shutil.which(program) is None:
            raise PreconditionError(
                f"{program} is missing (Debian's {package}): run e2e/programs/packages.sh"
            )
    if sys.prefix == sys.base_prefix:
        raise PreconditionError(
            f"{sys.executable} lacks the program's packages: use `make e2e` or .venv/bin/python"
        )
    if find_uv() is None:
        raise PreconditionError(f"uv is neither on PATH nor in .local/tools: {_SETUP}")
    binaries = postgres.BINARIES
    if not (binaries / "initdb").exists():
        raise PreconditionError(
            f"there is no PostgreSQL in {binaries} (Debian's postgresql-15): {_SETUP}"
        )
    try:
        pwd.getpwnam("postgres")
    except KeyError:
        raise PreconditionError(
            "there is no user postgres, whom Debian's postgresql-15 makes: PostgreSQL refuses root"
        ) from None
