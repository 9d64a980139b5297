"""Connections: one engine for each process, made from the settings."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import asyncpg
import orjson
from sqlalchemy import event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from backend.db import statements
from backend.db.errors import DRIVER_ERRORS, ConnectFailed
from backend.settings import Settings
from backend.telemetry import tracing

# The client waits this long beyond the server's statement timeout. It only happens when the server
# has vanished.
COMMAND_TIMEOUT_MARGIN_SECONDS = 5


def create_engine(settings: Settings, *, application_name: str = "backend-api") -> AsyncEngine:
    """Create an engine. It connects on first use; each connection reads the password file again."""

    async def connect() -> asyncpg.Connection:
        with tracing.timed("CONNECT"):
            return await open_connection(settings, application_name=application_name)

    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=connect,
        pool_size=settings.database_pool_size,
        max_overflow=0,
        pool_timeout=settings.database_connect_timeout_seconds,
        # Otherwise errors would quote the statement's parameters, and errors are logged.
        hide_parameters=True,
        json_serializer=lambda value: orjson.dumps(value).decode(),
        json_deserializer=orjson.loads,
    )
    event.listen(engine.sync_engine, "checkout", _refuse_closed)
    if settings.traced:
        statements.watch(engine)
    return engine


def _refuse_closed(connection: Any, _record: object, _proxy: object) -> None:
    """Replace every pooled connection once one is found closed, as after a database restart.

    The driver knows by itself that its socket was closed, so unlike a ping this costs nothing.
    """
    if connection.driver_connection.is_closed():
        raise InvalidatePoolError


@asynccontextmanager
async def driver_connection(engine: AsyncEngine) -> AsyncIterator[asyncpg.Connection]:
    """Lend a pooled connection of the driver itself, for single reads where microseconds count.

    Only for reads: SQLAlchemy does not see a transaction here and would not commit it.
    """
    async with engine.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert isinstance(driver, asyncpg.Connection)  # noqa: S101  # the engine has no other
        try:
            yield driver
        except DRIVER_ERRORS:
            # SQLAlchemy has not seen this error and would lend the broken connection again.
            await connection.invalidate()
            raise


async def open_connection(settings: Settings, *, application_name: str) -> asyncpg.Connection:
    """Open one connection, or raise ConnectFailed. The caller closes it."""
    try:
        return await asyncpg.connect(
            host=settings.database_host,
            port=settings.database_port,
            database=settings.database_name,
            user=settings.database_user,
            password=_password(settings.database_password_file),
            ssl=_tls(settings),
            timeout=settings.database_connect_timeout_seconds,
            command_timeout=(
                settings.database_statement_timeout_seconds + COMMAND_TIMEOUT_MARGIN_SECONDS
            ),
            server_settings={
                "application_name": application_name,
                "statement_timeout": _milliseconds(settings.database_statement_timeout_seconds),
                "idle_in_transaction_session_timeout": _milliseconds(
                    2 * settings.database_statement_timeout_seconds
                ),
            },
        )
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise ConnectFailed(f"{type(error).__name__}: {error}") from error


def _tls(settings: Settings) -> ssl.SSLContext | Literal["disable", "prefer", "require"]:
    """Return asyncpg's argument: the name of a mode, or our own context for full verification.

    With a name, asyncpg would search the user's home directory for authorities. The context uses
    those of the system, or of the file that the variable SSL_CERT_FILE names.
    """
    if settings.database_sslmode != "verify-full":
        return settings.database_sslmode
    return ssl.create_default_context()


def _password(file: Path | None) -> str | None:
    return None if file is None else file.read_text(encoding="utf-8").strip()


def _milliseconds(seconds: float) -> str:
    return str(round(seconds * 1000))


@dataclass(frozen=True)
class Database:
    """The engine and its kinds of session: transactional, and two for reads.

    `read_sessions` are AUTOCOMMIT. In a session of `snapshots`, all statements see the same.
    """

    engine: AsyncEngine
    sessions: async_sessionmaker[AsyncSession]
    read_sessions: async_sessionmaker[AsyncSession]
    snapshots: async_sessionmaker[AsyncSession]

    @classmethod
    def from_engine(cls, engine: AsyncEngine) -> Self:
        reads = engine.execution_options(isolation_level="AUTOCOMMIT")
        fixed = engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        return cls(
            engine=engine,
            sessions=async_sessionmaker(engine, class_=AsyncSession, expire_on_commit=False),
            read_sessions=async_sessionmaker(reads, class_=AsyncSession, expire_on_commit=False),
            snapshots=async_sessionmaker(fixed, class_=AsyncSession, expire_on_commit=False),
        )
