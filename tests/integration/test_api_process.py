"""The API as the process that is deployed: start, logs, and an end that loses nothing."""

import asyncio
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator

import asyncpg
import httpx2
import pytest
import pytest_asyncio

from backend.settings import Settings
from tests.support.polling import wait_for
from tests.support.process import API, MIGRATE, WORKER, Process, run, running
from tests.support.settings import environment_of, make_settings

PATH = "/api/v1/integrations"
# uvicorn ends cleanly and then by the signal itself, for the sake of who waits for it.
CLEAN = {0, -signal.SIGTERM}


@pytest.fixture
def process(settings: Settings) -> Iterator[Process]:
    informative = settings.model_copy(update={"log_level": "info"})
    with running(API, environment_of(informative)) as process:
        yield process


@pytest_asyncio.fixture
async def client(process: Process, admin_token: str) -> AsyncIterator[httpx2.AsyncClient]:
    headers = {"Authorization": f"Bearer {admin_token}"}
    base_url = await asyncio.to_thread(process.base_url)
    async with httpx2.AsyncClient(base_url=base_url, headers=headers, timeout=30) as client:
        yield client


@pytest.mark.parametrize("command", [API, MIGRATE, WORKER], ids=["api", "migrate", "worker"])
def test_a_missing_setting_is_one_clear_sentence(command: tuple[str, ...]) -> None:
    environment = environment_of(make_settings())
    del environment["BACKEND_DATABASE_HOST"]

    ended = run(command, environment)

    assert ended.returncode not in {0, None}
    assert ended.stderr.splitlines()[-1].endswith("BACKEND_DATABASE_HOST is missing: set it.")
    assert "Traceback" not in ended.stderr


def test_migrating_without_a_database_is_one_clear_sentence() -> None:
    ended = run(MIGRATE, environment_of(make_settings()))

    assert ended.returncode == 1
    assert ended.stderr.startswith("backend.migrate: the database cannot be reached: ")
    assert "Traceback" not in ended.stderr


async def test_every_line_is_json_and_a_request_is_logged_once(
    client: httpx2.AsyncClient, process: Process, admin_token: str
) -> None:
    answer = await client.get(PATH, headers={"X-Request-ID": "my-request-1"})

    assert answer.headers["x-request-id"] == "my-request-1"
    # The line is written when the response is out, which the client may have first.
    await asyncio.to_thread(wait_for_event, process, "http_request")
    lines = process.text().splitlines()
    assert len(process.events()) == len(lines), "a line is not JSON"
    (event,) = [event for event in process.events() if event.get("request_id") == "my-request-1"]
    assert (event["event"], event["route"], event["status"]) == ("http_request", PATH, 200)
    assert admin_token not in process.text()


async def test_a_request_in_flight_is_finished_before_the_process_ends(
    client: httpx2.AsyncClient, process: Process, settings: Settings
) -> None:
    blocker = await asyncpg.connect(
        host=settings.database_host, user=settings.database_user, database=settings.database_name
    )
    async with blocker.transaction():
        await blocker.execute("LOCK TABLE integration IN ACCESS EXCLUSIVE MODE")
        request = asyncio.create_task(client.post(PATH, json={"slug": "late", "name": "Late"}))
        await is_waiting(blocker)
        process.terminate()
        await asyncio.to_thread(wait_for_event, process, "Shutting down")
        assert not request.done()
    await blocker.close()

    assert (await request).status_code == 201
    assert await asyncio.to_thread(process.wait) in CLEAN


async def is_waiting(connection: asyncpg.Connection) -> None:
    query = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    while not await connection.fetchval(query):  # noqa: ASYNC110  # the event is in the database
        await asyncio.sleep(0.02)


def wait_for_event(process: Process, name: str) -> None:
    wait_for(
        lambda: any(event["event"] == name for event in process.events()),
        seconds=20,
        what=f"{name} in the log",
    )


class LoadBalancer:
    """Sends without pause to a process that is ready, on connections that are kept open."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self.client = client
        self.in_service = True
        self.outcomes: Counter[object] = Counter()

    async def watch(self) -> None:
        while self.in_service:
            self.in_service = (await self.client.get("/ready")).status_code == 200
            await asyncio.sleep(0.02)

    async def send(self) -> None:
        while self.in_service:
            try:
                self.outcomes[(await self.client.get(PATH)).status_code] += 1
            except httpx2.HTTPError as error:
                self.outcomes[repr(error)] += 1


async def test_sigterm_under_load_loses_no_request(
    client: httpx2.AsyncClient, process: Process
) -> None:
    balancer = LoadBalancer(client)

    async with asyncio.TaskGroup() as group:
        group.create_task(balancer.watch())
        for _ in range(8):
            group.create_task(balancer.send())
        while balancer.outcomes.total() < 50:  # noqa: ASYNC110  # a count, not an event
            await asyncio.sleep(0.01)
        process.terminate()

    assert set(balancer.outcomes) == {200}
    assert await asyncio.to_thread(process.wait) in CLEAN


async def test_a_second_sigterm_does_not_wait(client: httpx2.AsyncClient, process: Process) -> None:
    await client.get("/health")

    process.terminate()
    await asyncio.to_thread(wait_until_draining, client, process)
    began = time.monotonic()
    process.terminate()

    assert await asyncio.to_thread(process.wait) in CLEAN
    assert time.monotonic() - began < 10


def wait_until_draining(client: httpx2.AsyncClient, process: Process) -> None:
    def draining() -> bool:
        with httpx2.Client(base_url=client.base_url) as asking:
            ended = process.popen.poll() is not None
            return ended or asking.get("/ready").status_code == 503

    wait_for(draining, seconds=10, what="it is not ready any more")
