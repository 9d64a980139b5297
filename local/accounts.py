"""The user of a child process, which ends with the supervisor.

The work is done by setpriv, of util-linux.
"""

import functools
import os
import pwd
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from local.errors import PlatformError

_CANDIDATES = ("postgres", "nobody")
# The number of CAP_DAC_OVERRIDE, capabilities(7).
_DAC_OVERRIDE = 1


@dataclass(frozen=True)
class Account:
    """A user that a program runs as instead of root."""

    name: str
    uid: int
    gid: int


def postgres_account(data: Path) -> Account | None:
    """Return PostgreSQL's user: None for the current user, another account if that is root.

    PostgreSQL refuses to run as root. The owner of existing data goes on owning it.
    """
    if os.geteuid() != 0:
        if data.exists() and data.stat().st_uid != os.geteuid():
            raise PlatformError(
                f"{data} belongs to user id {data.stat().st_uid}, not to you ({os.geteuid()}): "
                "start as that user, or choose another directory with STATE="
            )
        return None
    if data.exists() and data.stat().st_uid != 0:
        status = data.stat()
        return Account(name=str(status.st_uid), uid=status.st_uid, gid=status.st_gid)
    return _first_candidate()


def _first_candidate() -> Account:
    for name in _CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
    raise PlatformError(
        "PostgreSQL does not run as root, and no user 'postgres' or 'nobody' exists: "
        "start as an ordinary user"
    )


def launch_prefix(account: Account | None, *, on_parent_death: signal.Signals) -> tuple[str, ...]:
    """Return the words before a command that make it a child which ends with its parent.

    Where the system has no parent-death signal (macOS), the next start ends what was left.
    """
    if not _has_setpriv():
        if account is not None:
            raise PlatformError(
                "PostgreSQL does not run as root, and setpriv, which starts it as "
                f"{account.name}, is not on PATH: install util-linux, or start as an ordinary user"
            )
        return ()
    words = ("setpriv", "--pdeathsig", on_parent_death.name.removeprefix("SIG"))
    if account is None:
        return words
    return (
        *words,
        f"--reuid={account.uid}",
        f"--regid={account.gid}",
        "--clear-groups",
        *_reach_everything(),
    )


def _reach_everything() -> tuple[str, ...]:
    """Allow the account to reach checkout and state below directories that only root may enter.

    The other way would be to open those directories to everyone. The secure bit makes access(2),
    with which PostgreSQL looks for its own programs, count the capability too.
    """
    if not _permitted_capabilities() >> _DAC_OVERRIDE & 1:
        return ()
    return (
        "--securebits=+no_setuid_fixup",
        "--inh-caps=+dac_override",
        "--ambient-caps=+dac_override",
    )


def _permitted_capabilities() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        key, _, value = line.partition(":")
        if key == "CapPrm":
            return int(value, base=16)
    return 0


@functools.cache
def _has_setpriv() -> bool:
    """Busybox has a setpriv too, without the parent-death signal."""
    if shutil.which("setpriv") is None:
        return False
    command = ("setpriv", "--help")
    answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - fixed words
    return "--pdeathsig" in answer.stdout
