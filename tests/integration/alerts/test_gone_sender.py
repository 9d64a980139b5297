"""A sender that gives up: what arrived whole is stored, what was cut short is not (AC-26).

A real process and real sockets, because what matters is what the server does with them.
"""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from backend.settings import Settings
from tests.support.alertmanager import make_alert, make_group, make_message
from tests.support.intake import Intake
from tests.support.process import API, Process, running
from tests.support.settings import environment_of

CLEAN = {0, -signal.SIGTERM}


@pytest.fixture
def process(settings: Settings) -> Iterator[Process]:
    with running(API, environment_of(settings.model_copy(update={"log_level": "info"}))) as process:
        yield process


@asynccontextmanager
async def locked(settings: Settings, table: str) -> AsyncIterator[asyncpg.Connection]:
    """A database that stores nothing: whoever needs the table waits."""
    blocker = await asyncpg.connect(
        host=settings.database_host, user=settings.database_user, database=settings.database_name
    )
    async with blocker.transaction():
        await blocker.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield blocker
    await blocker.close()


async def is_waiting(connection: asyncpg.Connection) -> None:
    query = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    async with asyncio.timeout(20):
        while not await connection.fetchval(query):  # noqa: ASYNC110  # in the database
            await asyncio.sleep(0.02)


async def send(process: Process, token: str, body: bytes, *, missing: int = 0) -> None:
    """Deliver a body, perhaps without its end, and go away."""
    port = int((await asyncio.to_thread(process.base_url)).rpartition(":")[2])
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    head = "POST /api/v1/webhooks/alertmanager HTTP/1.1\r\nHost: a\r\n"
    head += f"Authorization: Bearer {token}\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body[: len(body) - missing])
    await writer.drain()
    writer.close()
    await writer.wait_closed()


async def stored(intake: Intake, deliveries: int) -> None:
    async with asyncio.timeout(20):
        while len(await intake.rows("delivery")) < deliveries:  # noqa: ASYNC110  # as above
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("table", ["token", "alert"])
@pytest.mark.parametrize("alerts", [1, 500])
async def test_what_arrived_whole_is_stored_and_sending_it_again_changes_nothing(
    process: Process, settings: Settings, admin_token: str, intake: Intake, table: str, alerts: int
) -> None:
    body = json.dumps(make_message(*make_group(alerts))).encode()

    async with locked(settings, table) as blocker:
        await send(process, admin_token, body)
        await is_waiting(blocker)
        await asyncio.sleep(0.2)  # for the server to see that the sender has gone
    await stored(intake, 1)
    await send(process, admin_token, body)
    await stored(intake, 2)

    assert len(await intake.rows("open_episode")) == alerts
    assert await intake.rows("episode") == []
    assert {row.times_seen for row in await intake.rows("alert")} == {2}


async def test_what_was_cut_short_stores_nothing(
    process: Process, admin_token: str, intake: Intake
) -> None:
    body = json.dumps(make_message(make_alert("a")), indent=1).encode()

    await send(process, admin_token, body, missing=1)
    await send(process, admin_token, json.dumps(make_message(make_alert("b"))).encode())
    await stored(intake, 1)

    assert [row.fingerprint for row in await intake.rows("alert")] == ["b"]


async def test_a_process_that_stops_stores_first_what_arrived_whole(
    process: Process, settings: Settings, admin_token: str, intake: Intake
) -> None:
    async with locked(settings, "alert") as blocker:
        await send(process, admin_token, json.dumps(make_message(*make_group(3))).encode())
        await is_waiting(blocker)
        process.terminate()
        async with asyncio.timeout(20):
            while "Shutting down" not in process.text():  # noqa: ASYNC110  # in a log
                await asyncio.sleep(0.05)

    assert await asyncio.to_thread(process.wait) in CLEAN
    assert len(await intake.rows("open_episode")) == 3
