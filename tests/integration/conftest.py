"""Fixtures over a real PostgreSQL.

Each xdist worker runs one server. The real migrations make a template database once; `database` is
a copy of it that lives as long as the worker and is emptied after each test, so tests commit for
real. `scratch_settings` lead to a copy of a test's own, for tests that change the schema, roles or
settings of a database or need to leave it broken. `stoppable` is a second server, for outages.
"""

import io
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import asyncpg
import httpx2
import pytest
import pytest_asyncio
from fastapi import FastAPI
from sqlmodel.ext.asyncio.session import AsyncSession

from backend import bootstrap
from backend.app import create_app
from backend.db.engine import Database, create_engine
from backend.migrate import migrate
from backend.settings import Settings
from tests.support.factories import make_token
from tests.support.http import client_of
from tests.support.logs import Logged, log_sink
from tests.support.postgres import SUPERUSER, Server, running_server

TEMPLATE = "template_migrated"
FEW_CONNECTIONS = 16
_numbers = itertools.count()
# What the migrations themselves fill stays. TRUNCATE would make some hundred files anew.
_EMPTY = """
DO $$
DECLARE
    it record;
    filled boolean;
BEGIN
    SET LOCAL session_replication_role = replica; -- in any order of foreign keys
    FOR it IN SELECT oid::regclass AS name FROM pg_class WHERE relkind IN ('r', 'p')
        AND NOT relispartition AND relnamespace = 'public'::regnamespace
        AND relname <> 'alembic_version'
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %s)', it.name) INTO filled;
        IF filled THEN EXECUTE format('DELETE FROM %s', it.name); END IF;
    END LOOP;
    FOR it IN SELECT sequencename AS name FROM pg_sequences
        WHERE schemaname = 'public' AND last_value IS NOT NULL
    LOOP
        PERFORM setval(it.name::regclass, 1, false);
    END LOOP;
END $$
"""


def settings_for(server: Server, database: str) -> Settings:
    return Settings(
        database_host=str(server.socket_directory),
        database_name=database,
        database_user=SUPERUSER,
        database_sslmode="disable",
        environment="test",
        log_level="warning",
    )


async def administer(server: Server, statement: str) -> None:
    connection = await asyncpg.connect(
        host=str(server.socket_directory), user=SUPERUSER, database="postgres"
    )
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def copy_template(server: Server) -> str:
    name = f"test_{next(_numbers)}"
    await administer(server, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    return name


@pytest.fixture(scope="session", autouse=True)
def _log_sink() -> io.BytesIO:
    return log_sink()


@pytest.fixture
def logged(_log_sink: io.BytesIO) -> Logged:
    return Logged(_log_sink)


@pytest.fixture(scope="session")
def postgres_version(request: pytest.FixtureRequest) -> str:
    return str(request.config.getoption("--postgres"))


@pytest.fixture(scope="session")
def postgres(postgres_version: str) -> Iterator[Server]:
    """The worker's server, not migrated."""
    with running_server(postgres_version) as server:
        yield server


@pytest_asyncio.fixture(scope="session")
async def migrated_postgres(postgres: Server) -> Server:
    """The worker's server with a template database made by the real migrations."""
    await administer(postgres, f"CREATE DATABASE {TEMPLATE}")
    await migrate(settings_for(postgres, TEMPLATE))
    return postgres


@pytest_asyncio.fixture(scope="session")
async def worker_settings(migrated_postgres: Server) -> Settings:
    return settings_for(migrated_postgres, await copy_template(migrated_postgres))


@pytest_asyncio.fixture(scope="session")
async def caretaker(worker_settings: Settings) -> AsyncIterator[Database]:
    """Connections that stay open, for what is done after each test."""
    engine = create_engine(worker_settings)
    yield Database.from_engine(engine)
    await engine.dispose()


@pytest_asyncio.fixture
async def settings(worker_settings: Settings, caretaker: Database) -> AsyncIterator[Settings]:
    """Settings of a migrated database that is empty but for what the migration step leaves."""
    yield worker_settings
    async with caretaker.engine.begin() as connection:
        await connection.exec_driver_sql(_EMPTY)
    await bootstrap.ensure(caretaker, worker_settings)


@asynccontextmanager
async def copied_database(server: Server) -> AsyncIterator[Settings]:
    name = await copy_template(server)
    yield settings_for(server, name)
    await administer(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest_asyncio.fixture
async def scratch_settings(migrated_postgres: Server) -> AsyncIterator[Settings]:
    """Settings of a migrated database that belongs to this test alone."""
    async with copied_database(migrated_postgres) as settings:
        yield settings


@pytest_asyncio.fixture
async def scratch_database(scratch_settings: Settings) -> AsyncIterator[Database]:
    engine = create_engine(scratch_settings)
    yield Database.from_engine(engine)
    await engine.dispose()


@pytest_asyncio.fixture(scope="module")
async def module_settings(migrated_postgres: Server) -> AsyncIterator[Settings]:
    """Settings of a migrated database that belongs to the tests of one module."""
    async with copied_database(migrated_postgres) as settings:
        yield settings


@pytest.fixture(scope="session")
def stoppable(postgres_version: str) -> Iterator[Server]:
    """A server that tests stop and start. What it has promised is there after a crash."""
    with running_server(
        postgres_version,
        synchronous_commit="on",
        max_connections=str(FEW_CONNECTIONS),
        superuser_reserved_connections="0",
    ) as server:
        yield server


@pytest_asyncio.fixture(scope="session")
async def stoppable_settings(stoppable: Server) -> Settings:
    """Settings of a migrated database on it, which nobody empties."""
    settings = settings_for(stoppable, "postgres")
    await migrate(settings)
    return settings


@pytest_asyncio.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    engine = create_engine(settings)
    yield Database.from_engine(engine)
    await engine.dispose()


@pytest_asyncio.fixture
async def session(database: Database) -> AsyncIterator[AsyncSession]:
    """A transactional session for arranging and looking; commit what the application shall see."""
    async with database.sessions() as session:
        yield session


@pytest.fixture
def app(settings: Settings) -> FastAPI:
    return create_app(settings)


@pytest_asyncio.fixture
async def admin_token(session: AsyncSession) -> str:
    token = await make_token(session, name="admin")
    await session.commit()
    return token


@pytest_asyncio.fixture
async def client(app: FastAPI, admin_token: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A client with all rights; override its Authorization header to be somebody else."""
    async with client_of(app, token=admin_token) as client:
        yield client
