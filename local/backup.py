"""`make backup` and `make restore`: the database of a state directory, as one file.

The file is pg_dump's custom format, which pg_restore of the same or a newer major version reads.
"""

import argparse
import asyncio
import dataclasses
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from local.accounts import launch_prefix
from local.environment import DATABASE_NAME, DATABASE_USER, base_environment
from local.errors import PlatformError
from local.leftovers import end_leftovers, forget_dead_server
from local.lock import StateLock
from local.options import path
from local.postgres import (
    MAJOR_VERSION,
    SUPERUSER,
    Postgres,
    binaries,
    check_version,
    describe,
    prepare_cluster,
)
from local.processes import Supervisor
from local.state import State, open_state

_LONGEST_SECONDS = 3600
# As a shell reports SIGINT.
_INTERRUPTED = 130
# In the list of every archive of ours, as pg_restore writes it.
_MARK = b" TABLE public alembic_version "


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit status: 0, or 1 after an error."""
    parser = argparse.ArgumentParser(prog="python -m local.backup", description=__doc__)
    parser.add_argument("action", choices=("backup", "restore"))
    parser.add_argument("--state", type=path, default=Path(".local"), help="state directory")
    file = partial(path, setting="FILE", what="file")
    parser.add_argument("--file", type=file, required=True, help="file to write, or to read")
    options = parser.parse_args(arguments)
    act = backup if options.action == "backup" else restore
    try:
        state = open_state(options.state)
        database = describe(state, base_environment(state))
        sys.stdout.write(f"{act(state, database, options.file.expanduser())}\n")
    except PlatformError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write(f"interrupted: {options.file} and the database are as before\n")
        return _INTERRUPTED
    return 0


def backup(state: State, database: Postgres, file: Path) -> str:
    """Write the database to a file that only its owner reads; the platform may run meanwhile."""
    if not database.is_initialized:
        raise PlatformError(f"{state.root} holds no database: make one with `make up`")
    if file.exists():
        raise PlatformError(f"{file} exists: remove it, or choose another file with FILE=")
    if _runs(database):
        _dump(database, file)
    else:
        with StateLock(state.lock):
            end_leftovers(state)
            asyncio.run(_while_running(state, database, lambda: _dump(database, file)))
    return f"{file} holds the database of {state.root} ({file.stat().st_size} bytes)"


def restore(state: State, database: Postgres, file: Path) -> str:
    """Put a backup in the place of the database, which stays beside it. Nothing may run."""
    _require_archive(database, file)
    with StateLock(state.lock):
        end_leftovers(state)
        # Complete before it takes the place of anything.
        staging = dataclasses.replace(database, data=database.data.with_name("postgres.restoring"))
        shutil.rmtree(staging.data, ignore_errors=True)
        try:
            asyncio.run(_fill(state, staging, file))
            former = _replace(database, staging)
        finally:
            for left in (staging.data, staging.unfinished_data):
                shutil.rmtree(left, ignore_errors=True)
    return f"{state.root} holds the database of {file}{former}"


def _replace(database: Postgres, staging: Postgres) -> str:
    former = ""
    if database.is_initialized:
        kept = database.data.with_name(f"postgres.before-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
        database.data.rename(kept)
        former = f"; the former one is in {kept}"
    staging.data.rename(database.data)
    return former


async def _fill(state: State, staging: Postgres, file: Path) -> None:
    supervisor = Supervisor(state.logs, tell=print)
    prepare_cluster(staging)
    for program in staging.make_cluster():
        await supervisor.run(program)
    staging.unfinished_data.rename(staging.data)
    await _while_running(state, staging, lambda: _load(staging, file))


async def _while_running(state: State, database: Postgres, act: Callable[[], None]) -> None:
    """Run the server, and nothing else of the platform, for one action."""
    check_version(database)
    forget_dead_server(database.locks)
    supervisor = Supervisor(state.logs, tell=print)
    try:
        await supervisor.start(database.server())
        await asyncio.to_thread(act)
    finally:
        await supervisor.stop()


def _runs(database: Postgres) -> bool:
    arguments = ("-h", str(database.socket_directory), "-t", "5")
    return _client(database, "pg_isready", *arguments).returncode == 0


def _dump(database: Postgres, file: Path) -> None:
    """Write beside the file first, so that it is there complete or not at all."""
    try:
        # A name of its own: another backup may be under way, or have been killed.
        with NamedTemporaryFile(
            dir=file.parent, prefix=f"{file.name}.", suffix=".unfinished", delete=False
        ) as output:
            try:
                _must(_client(database, "pg_dump", "-Fc", *_where(database), output=output.file))
                os.fsync(output.fileno())
                Path(output.name).rename(file)
            finally:
                Path(output.name).unlink(missing_ok=True)
    except OSError as error:
        raise PlatformError(f"{file} cannot be written: {error.strerror}") from None


def _load(database: Postgres, file: Path) -> None:
    """All or nothing. The application owns what is restored, as before."""
    flags = ("--exit-on-error", "--single-transaction", "--no-owner", f"--role={DATABASE_USER}")
    with file.open("rb") as archive:
        _must(_client(database, "pg_restore", *flags, *_where(database), source=archive))


def _require_archive(database: Postgres, file: Path) -> None:
    try:
        with file.open("rb") as archive:
            found = _client(database, "pg_restore", "--list", source=archive)
    except OSError as error:
        raise PlatformError(f"{file} cannot be read: {error.strerror}") from None
    if found.returncode != 0:
        raise PlatformError(
            f"{file} is no backup that PostgreSQL {MAJOR_VERSION} reads: name a file that"
            f" `make backup` wrote ({_last_words(found)})"
        )
    if _MARK not in found.stdout:
        raise PlatformError(
            f"{file} is of another program: name a file that `make backup` wrote, or that pg_dump"
            " wrote of a database of this platform"
        )


def _where(database: Postgres) -> tuple[str, ...]:
    return ("-h", str(database.socket_directory), "-U", SUPERUSER, "-d", DATABASE_NAME)


def _client(
    database: Postgres,
    program: str,
    *arguments: str,
    source: IO[bytes] | None = None,
    output: IO[bytes] | None = None,
) -> "subprocess.CompletedProcess[bytes]":
    """Run one of PostgreSQL's clients as the account that may use the socket."""
    prefix = launch_prefix(database.account, on_parent_death=signal.SIGTERM)
    try:
        return subprocess.run(  # noqa: S603 - words of this program, and a path that is an argument
            [*prefix, str(binaries() / program), *arguments],
            stdin=source or subprocess.DEVNULL,
            stdout=output or subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(database.environment),
            check=False,
            timeout=_LONGEST_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise PlatformError(f"{program} did not end in {_LONGEST_SECONDS} s") from None


def _must(done: "subprocess.CompletedProcess[bytes]") -> None:
    if done.returncode != 0:
        raise PlatformError(_last_words(done))


def _last_words(done: "subprocess.CompletedProcess[bytes]") -> str:
    """Return what a client said, or how it ended: a full quota kills it before it can speak."""
    said = done.stderr.decode(errors="replace").strip()[-2000:]
    program = next(Path(word).name for word in done.args if Path(word).parent == binaries())
    if done.returncode < 0:
        return f"{program} was ended by {signal.Signals(-done.returncode).name} {said}".strip()
    return said or f"{program} ended with status {done.returncode}"


if __name__ == "__main__":
    sys.exit(main())
