"""The database password may change while the service runs."""

from pathlib import Path

import asyncpg
import pytest
from fastapi import FastAPI

from backend.app import create_app
from backend.settings import Settings
from tests.support.http import client_of
from tests.support.postgres import ROLE_WITH_PASSWORD


async def set_password(settings: Settings, password: str) -> None:
    connection = await asyncpg.connect(
        host=settings.database_host, user=settings.database_user, database=settings.database_name
    )
    try:
        await connection.execute(f"""
            DO $$ BEGIN
                CREATE ROLE {ROLE_WITH_PASSWORD} LOGIN;
            EXCEPTION WHEN duplicate_object THEN NULL; END $$;
            ALTER ROLE {ROLE_WITH_PASSWORD} PASSWORD '{password}';
            GRANT SELECT ON alembic_version TO {ROLE_WITH_PASSWORD};
        """)
    finally:
        await connection.close()


def write(file: Path, password: str) -> None:
    file.write_text(password)


async def drop_connections(app: FastAPI) -> None:
    """Close the pool's connections, as their age or a failover would; the engine stays."""
    await app.state.database.engine.dispose()


@pytest.fixture
def password_file(tmp_path: Path) -> Path:
    return tmp_path / "password"


async def test_new_connections_use_the_password_that_is_in_the_file_now(
    scratch_settings: Settings, password_file: Path
) -> None:
    await set_password(scratch_settings, "the first")
    write(password_file, "the first\n")
    app = create_app(
        scratch_settings.model_copy(
            update={
                "database_user": ROLE_WITH_PASSWORD,
                "database_password_file": password_file,
            }
        )
    )
    async with client_of(app) as client:
        assert (await client.get("/ready")).status_code == 200

        await set_password(scratch_settings, "the second")
        # What is connected stays connected; what connects anew must know the new one.
        assert (await client.get("/ready")).status_code == 200
        await drop_connections(app)
        between = await client.get("/ready")
        write(password_file, "the second\n")
        after = await client.get("/ready")

    assert (between.status_code, between.json()["code"]) == (503, "database_unavailable")
    assert after.status_code == 200


async def test_a_password_file_that_is_away_is_an_outage_and_no_crash(
    scratch_settings: Settings, password_file: Path
) -> None:
    await set_password(scratch_settings, "the first")
    settings = scratch_settings.model_copy(
        update={"database_user": ROLE_WITH_PASSWORD, "database_password_file": password_file}
    )

    async with client_of(create_app(settings)) as client:
        away = await client.get("/ready")
        write(password_file, "the first")
        there = await client.get("/ready")

    assert (away.status_code, there.status_code) == (503, 200)
