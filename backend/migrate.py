"""Migrate a database to this release's schema, then insert the rows that the service needs.

Run as `python -m backend.migrate` before the service starts; safe to run twice, also at once.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from backend import bootstrap
from backend import settings as settings_module
from backend.bootstrap import BootstrapError
from backend.db.base import utc_now
from backend.db.engine import Database, create_engine
from backend.db.errors import ConnectFailed, classify
from backend.db.schema import required_revision
from backend.retention import service as retention
from backend.settings import Settings, SettingsError
from backend.telemetry import logs

log = structlog.get_logger()

# Any constant that nothing else in this database locks.
ADVISORY_LOCK = 0x0B5E_0001
# Migrations set timeouts of their own.
STATEMENT_TIMEOUT_SECONDS = 15 * 60
SECONDS_BETWEEN_TRIES = 0.5
EXIT_FAILED = 1
EXIT_WRONG_SETTINGS = 2


def alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


async def migrate(settings: Settings) -> None:
    """Migrate and commit, or raise ConnectFailed or, for the first token, BootstrapError."""
    patient = settings.model_copy(
        update={"database_statement_timeout_seconds": STATEMENT_TIMEOUT_SECONDS}
    )
    engine = create_engine(patient, application_name="backend-migrate")
    try:
        async with _only_one(engine):
            async with engine.connect() as connection:
                await connection.run_sync(_upgrade)
            database = Database.from_engine(engine)
            await bootstrap.ensure(database, settings)
            await retention.create_partitions(database, now=utc_now())
    finally:
        await engine.dispose()


@asynccontextmanager
async def _only_one(engine: AsyncEngine) -> AsyncIterator[None]:
    """Hold the advisory lock. PostgreSQL releases it when the process dies."""
    lock = {"key": ADVISORY_LOCK}
    async with engine.connect() as holder:
        await holder.execution_options(isolation_level="AUTOCOMMIT")
        waits = False
        # Asked again and again: a statement that waits for the lock would be one that
        # CREATE INDEX CONCURRENTLY waits for.
        while not await holder.scalar(text("SELECT pg_try_advisory_lock(:key)"), lock):
            if not waits:
                log.info("waiting_for_another_migration")
            waits = True
            await asyncio.sleep(SECONDS_BETWEEN_TRIES)
        yield
        await holder.execute(text("SELECT pg_advisory_unlock(:key)"), lock)


def _upgrade(connection: Connection) -> None:
    current = MigrationContext.configure(connection).get_current_revision()
    connection.rollback()
    if current is not None and int(current) > required_revision():
        # A rollback of the release: its predecessor's code runs on the newer schema.
        log.info("schema_is_newer", revision=current, required=required_revision())
        return
    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    log.info("schema_migrated", before=current, revision=required_revision())


def main() -> int:
    try:
        settings = settings_module.load()
        logs.configure(level=settings.log_level, tracing=False)
        asyncio.run(migrate(settings))
    except SettingsError as error:
        return _fail(str(error), EXIT_WRONG_SETTINGS)
    except BootstrapError as error:
        return _fail(str(error), EXIT_FAILED)
    except ConnectFailed as error:
        return _fail(f"the database cannot be reached: {error}", EXIT_FAILED)
    except DBAPIError as error:
        if classify(error) is None:
            raise
        return _fail(f"the database interrupted it, run it again: {error.orig}", EXIT_FAILED)
    return 0


def _fail(sentence: str, status: int) -> int:
    print(f"backend.migrate: {sentence}", file=sys.stderr)  # noqa: T201  # for whoever ran it
    return status


if __name__ == "__main__":
    sys.exit(main())
