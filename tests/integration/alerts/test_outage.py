"""The database goes away and comes back: a real server, stopped and started."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest
import pytest_asyncio

from backend.app import create_app
from backend.db.engine import Database, create_engine
from backend.migrate import migrate
from backend.settings import Settings
from tests.support.alertmanager import Json, make_alert, make_message
from tests.support.factories import make_token
from tests.support.http import client_of
from tests.support.postgres import SUPERUSER, Server, running_server

WEBHOOK = "/api/v1/webhooks/alertmanager"


@pytest.fixture(scope="module")
def own_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    # A crash must not lose what was committed, as it may on the servers of the other tests.
    version = request.config.getoption("--postgres")
    with running_server(version, fsync="on", synchronous_commit="on") as server:
        yield server


@pytest_asyncio.fixture
async def own_client(own_server: Server) -> AsyncIterator[httpx2.AsyncClient]:
    settings = Settings(
        database_host=str(own_server.socket_directory),
        database_name="postgres",
        database_user=SUPERUSER,
        database_sslmode="disable",
    )
    await migrate(settings)
    engine = create_engine(settings)
    async with Database.from_engine(engine).sessions() as session:
        token = await make_token(session)
        await session.commit()
    await engine.dispose()
    async with client_of(create_app(settings), token=token) as client:
        yield client


@pytest.mark.parametrize("immediately", [False, True], ids=["stop", "crash"])
async def test_a_delivery_during_an_outage_is_503_and_succeeds_when_it_is_sent_again(
    own_server: Server, own_client: httpx2.AsyncClient, immediately: bool
) -> None:
    fingerprint = f"crash-{immediately}"
    message = make_message(make_alert(fingerprint))
    assert (await own_client.post(WEBHOOK, json=make_message())).status_code == 200

    own_server.stop(immediately=immediately)
    during = await own_client.post(WEBHOOK, json=message)
    own_server.start()
    afterwards = await _again(own_client, message)

    alert = (await own_client.get(f"/api/v1/alerts/default/{fingerprint}")).json()
    assert (during.status_code, during.json()["code"]) == (503, "database_unavailable")
    assert "retry-after" in during.headers
    assert afterwards.json() == {"accepted": 1, "rejected": []}
    assert (alert["times_seen"], len(alert["episodes"])) == (1, 1)


async def _again(client: httpx2.AsyncClient, message: Json) -> httpx2.Response:
    """Repeat as Alertmanager does, while the answer is 5xx: a server needs time to recover."""
    for _ in range(200):
        response = await client.post(WEBHOOK, json=message)
        if response.status_code != 503:
            return response
        await asyncio.sleep(0.05)
    pytest.fail("The database is back, and the answer is still 503.")
