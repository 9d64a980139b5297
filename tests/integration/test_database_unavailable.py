"""An outage of the database is answered 503, quickly, and ends by itself."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import asyncpg
import httpx2
import pytest
import pytest_asyncio
from fastapi import FastAPI
from sqlalchemy import text

from backend.app import create_app
from backend.auth.principal import Scope
from backend.db.engine import Database, create_engine
from backend.db.session import ReadSessionDep, committed
from backend.settings import Settings
from tests.integration.conftest import FEW_CONNECTIONS
from tests.support.alertmanager import make_alert, make_message
from tests.support.factories import make_token
from tests.support.http import client_of
from tests.support.logs import Logged
from tests.support.postgres import SUPERUSER, Server

PATH = "/api/v1/integrations"
WEBHOOK = "/api/v1/webhooks/alertmanager"


@pytest.fixture(scope="module")
def own_settings(stoppable_settings: Settings) -> Settings:
    return stoppable_settings.model_copy(
        update={
            "database_pool_size": 2,
            "database_connect_timeout_seconds": 1.0,
            "database_statement_timeout_seconds": 1.0,
        }
    )


@pytest_asyncio.fixture(scope="module")
async def token(own_settings: Settings) -> str:
    engine = create_engine(own_settings)
    async with committed(Database.from_engine(engine)) as session:
        token = await make_token(session, Scope.ADMIN)
    await engine.dispose()
    return token


@pytest.fixture
def app(own_settings: Settings) -> FastAPI:
    app = create_app(own_settings)

    @app.get("/sleep")
    async def sleep(session: ReadSessionDep, seconds: float) -> None:
        await (await session.connection()).execute(text("SELECT pg_sleep(:s)"), {"s": seconds})

    return app


@pytest_asyncio.fixture
async def client(app: FastAPI, token: str) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(app, token=token) as client:
        yield client


def assert_unavailable(answer: httpx2.Response) -> None:
    assert answer.status_code == 503
    assert answer.json()["code"] == "database_unavailable"
    assert answer.headers["retry-after"] == "5"


@pytest.mark.parametrize("immediately", [False, True], ids=["stop", "crash"])
async def test_a_delivery_during_an_outage_is_503_and_succeeds_when_it_is_sent_again(
    client: httpx2.AsyncClient, stoppable: Server, immediately: bool
) -> None:
    fingerprint = f"crash-{immediately}"
    message = make_message(make_alert(fingerprint))
    assert (await client.post(WEBHOOK, json=make_message())).status_code == 200
    stoppable.stop(immediately=immediately)
    try:
        assert_unavailable(await client.post(WEBHOOK, json=message))
        assert_unavailable(await client.post(WEBHOOK, json=message))
    finally:
        stoppable.start()

    afterwards = await client.post(WEBHOOK, json=message)

    alert = (await client.get(f"/api/v1/alerts/default/{fingerprint}")).json()
    assert afterwards.json() == {"accepted": 1, "rejected": []}
    assert (alert["times_seen"], len(alert["episodes"])) == (1, 1)


async def test_a_restart_between_two_requests_is_not_noticed(
    client: httpx2.AsyncClient, stoppable: Server
) -> None:
    """The pool finds out by itself that its connections are closed; no request pays for it."""
    await asyncio.gather(*(client.get(PATH) for _ in range(6)))
    stoppable.stop()
    stoppable.start()
    await asyncio.sleep(0.1)  # for the event loop to read that the sockets are closed

    answers = await asyncio.gather(*(client.get(PATH) for _ in range(6)))

    assert {answer.status_code for answer in answers} == {200}


async def test_connections_that_an_operator_ends_are_an_outage(
    client: httpx2.AsyncClient, own_settings: Settings
) -> None:
    sleeping = asyncio.create_task(client.get("/sleep", params={"seconds": 0.9}))
    administrator = await asyncpg.connect(host=own_settings.database_host, user=SUPERUSER)
    try:
        while not await administrator.fetchval(  # noqa: ASYNC110  # the event is in the database
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()"
        ):
            await asyncio.sleep(0.01)
    finally:
        await administrator.close()

    assert_unavailable(await sleeping)


async def test_a_server_without_free_connections_is_an_outage(
    client: httpx2.AsyncClient, own_settings: Settings
) -> None:
    async with contextlib.AsyncExitStack() as others:
        with contextlib.suppress(asyncpg.TooManyConnectionsError):
            for _ in range(FEW_CONNECTIONS + 1):
                other = await asyncpg.connect(host=own_settings.database_host, user=SUPERUSER)
                others.push_async_callback(other.close)

        assert_unavailable(await client.get(PATH))

    assert (await client.get(PATH)).status_code == 200


async def test_a_statement_that_takes_too_long_is_ended_by_the_server(
    client: httpx2.AsyncClient,
) -> None:
    async with asyncio.timeout(4):
        answer = await client.get("/sleep", params={"seconds": 10})

    assert_unavailable(answer)


async def test_waiting_for_a_connection_has_an_end(
    client: httpx2.AsyncClient, app: FastAPI
) -> None:
    engine = app.state.database.engine
    async with engine.connect(), engine.connect():
        answer = await client.get(PATH)

    assert_unavailable(answer)


async def test_a_password_that_is_wrong_for_a_while_is_an_outage(
    own_settings: Settings, token: str
) -> None:
    settings = own_settings.model_copy(update={"database_user": "nobody_by_this_name"})
    async with client_of(create_app(settings), token=token) as client:
        assert_unavailable(await client.get(PATH))


async def test_no_error_quotes_what_the_statement_was_given(
    own_settings: Settings, logged: Logged
) -> None:
    app = create_app(own_settings)

    @app.get("/mistake")
    async def mistake(session: ReadSessionDep) -> None:
        await (await session.connection()).execute(
            text("SELECT CAST(:given AS int)"), {"given": 8_765_432_109}
        )

    @app.get("/nonsense")
    async def nonsense(session: ReadSessionDep) -> None:
        await (await session.connection()).execute(
            text("SELECT nonsense, CAST(:given AS text)"), {"given": "8765432109"}
        )

    async with client_of(app) as client:
        mistaken = await client.get("/mistake")
        nonsensical = await client.get("/nonsense")

    assert (mistaken.status_code, nonsensical.status_code) == (422, 500)
    assert 'column "nonsense" does not exist' in logged.events("unhandled_error")[0]["exception"]
    assert "8765432109" not in logged.text()
