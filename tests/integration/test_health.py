"""Probes against a real database, in every state that a deployment brings it into."""

import asyncio

import asyncpg
import httpx2
import pytest

from backend.app import create_app
from backend.db.schema import required_revision
from backend.settings import Settings
from tests.support.asgi import call
from tests.support.http import client_of
from tests.support.postgres import Server
from tests.support.settings import make_settings


async def execute(settings: Settings, statement: str, *arguments: object) -> None:
    connection = await asyncpg.connect(
        host=settings.database_host, user=settings.database_user, database=settings.database_name
    )
    try:
        await connection.execute(statement, *arguments)
    finally:
        await connection.close()


async def set_revision(settings: Settings, number: int) -> None:
    await execute(settings, "UPDATE alembic_version SET version_num = $1", f"{number:04d}")


async def ready(settings: Settings) -> tuple[int, str | None]:
    async with client_of(create_app(settings)) as client:
        answer = await client.get("/ready")
    return answer.status_code, answer.json().get("code")


async def test_ready_on_the_schema_of_this_release(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/ready")).status_code == 200


async def test_ready_on_the_schema_of_the_next_release(scratch_settings: Settings) -> None:
    """Or every upgrade with a migration, and every rollback, would be an outage."""
    await set_revision(scratch_settings, required_revision() + 1)

    assert await ready(scratch_settings) == (200, None)


async def test_not_ready_on_the_schema_of_the_release_before(scratch_settings: Settings) -> None:
    await set_revision(scratch_settings, required_revision() - 1)

    assert await ready(scratch_settings) == (503, "schema_too_old")


@pytest.mark.parametrize("statement", ["DELETE FROM alembic_version", "DROP TABLE alembic_version"])
async def test_not_ready_on_a_database_without_a_schema(
    scratch_settings: Settings, statement: str
) -> None:
    await execute(scratch_settings, statement)

    assert await ready(scratch_settings) == (503, "schema_too_old")


async def test_health_asks_no_database() -> None:
    app = create_app(make_settings())

    assert (await call(app, "GET", "/health")).status == 200


async def test_without_a_database_the_process_is_alive_and_not_ready() -> None:
    app = create_app(make_settings())

    answer = await call(app, "GET", "/ready")

    assert (answer.status, answer.json()["code"]) == (503, "database_unavailable")


async def test_a_database_that_does_not_answer_makes_not_ready_in_time() -> None:
    """A host that swallows packets: it accepts and never says a word."""

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    app = create_app(make_settings(database_host="127.0.0.1", database_port=port))
    async with server, asyncio.timeout(4):
        answer = await call(app, "GET", "/ready")

    assert (answer.status, answer.json()["code"]) == (503, "database_unavailable")
    await app.state.database.engine.dispose()


async def test_ready_again_by_itself_after_the_database_was_away(
    stoppable: Server, stoppable_settings: Settings
) -> None:
    async with client_of(create_app(stoppable_settings)) as client:
        before = await client.get("/ready")
        stoppable.stop(immediately=True)
        during = await client.get("/ready")
        stoppable.start()
        after = await client.get("/ready")

    assert [before.status_code, during.status_code, after.status_code] == [200, 503, 200]


async def test_a_busy_pool_is_no_reason_to_take_a_process_out_of_service(
    settings: Settings,
) -> None:
    app = create_app(settings.model_copy(update={"database_pool_size": 1}))
    async with client_of(app) as client:
        assert (await client.get("/ready")).status_code == 200

        async with app.state.database.engine.connect():
            busy = await client.get("/ready")

    assert busy.status_code == 200
