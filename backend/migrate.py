"""Bring a database to this release's schema, then make sure of the rows that the service needs.

Run as `python -m backend.migrate` before the service starts; safe to run twice, also at once.
"""

import asyncio
import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

from backend import bootstrap, settings
from backend.db.engine import Database, create_engine
from backend.settings import Settings, SettingsError

# Any constant will do, as long as nothing else in this database locks the same one.
ADVISORY_LOCK = 0x0B5E_0001


def alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


async def migrate(settings: Settings) -> None:
    engine = create_engine(settings, application_name="backend-migrate")
    try:
        async with engine.connect() as connection:
            await _upgrade(connection)
        async with Database.from_engine(engine).sessions() as session:
            await bootstrap.ensure(session, settings)
            await session.commit()
    finally:
        await engine.dispose()


async def _upgrade(connection: AsyncConnection) -> None:
    await connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": ADVISORY_LOCK})
    await connection.commit()
    await connection.run_sync(_upgrade_to_head)
    await connection.commit()


def _upgrade_to_head(connection: Connection) -> None:
    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def main() -> int:
    try:
        asyncio.run(migrate(settings.load()))
    except SettingsError as error:
        print(f"backend.migrate: {error}", file=sys.stderr)  # noqa: T201  # there is no log yet
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
