"""The database password may change while the service runs."""

from pathlib import Path

import asyncpg

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


async def test_new_connections_use_the_password_that_is_in_the_file_now(
    scratch_settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "password"
    await set_password(scratch_settings, "the first")
    app = create_app(
        scratch_settings.model_copy(
            update={"database_user": ROLE_WITH_PASSWORD, "database_password_file": file}
        )
    )
    async with client_of(app) as client:

        async def ready() -> tuple[int, str | None]:
            answer = await client.get("/ready")
            return answer.status_code, answer.json().get("code")

        assert await ready() == (503, "database_unavailable"), "no file is an outage, and no crash"
        file.write_text("the first\n")
        assert await ready() == (200, None)

        await set_password(scratch_settings, "the second")
        assert await ready() == (200, None), "what is connected stays connected"
        # As the age of connections or a failover would; the engine stays.
        await app.state.database.engine.dispose()
        assert await ready() == (503, "database_unavailable")
        file.write_text("the second\n")
        assert await ready() == (200, None)
