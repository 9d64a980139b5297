"""The server's protocol on a real socket: what a client without a token can take, and no more."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio
import uvicorn
from starlette.types import Receive, Scope, Send

from backend.http import protocol
from backend.http.protocol import BoundedProtocol

PIPELINED = protocol.MAX_PIPELINED + 1
GET = b"GET / HTTP/1.1\r\nhost: a\r\n"


@dataclass
class Serving:
    port: int = 0
    asked: list[str] = field(default_factory=list)
    clients: list["Client"] = field(default_factory=list)
    # The sizes of the bodies that arrived whole.
    taken: list[int] = field(default_factory=list)
    # Requests for /wait wait for this before they look at their bodies.
    looks: asyncio.Event = field(default_factory=asyncio.Event)

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.append(scope["path"])
        if scope["path"] == "/wait":
            await self.looks.wait()
        size, message = 0, dict[str, Any]()
        while scope["path"] != "/early" and message.get("more_body", not message):
            message = dict(await receive())
            size += len(message.get("body", b""))
        if message.get("type") == "http.request":
            self.taken.append(size)
        body = str(size).encode()
        length = (b"content-length", str(len(body)).encode())
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        await send({"type": "http.response.body", "body": body})

    async def client(self) -> "Client":
        client = Client(*await asyncio.open_connection("127.0.0.1", self.port))
        self.clients.append(client)
        return client


@dataclass
class Client:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, request: bytes) -> bytes:
        """Send, and return what comes next; an empty text when the server has closed."""
        self.writer.write(request)
        async with asyncio.timeout(10):
            return await self.reader.read(65536)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  # the server has no event for it
            await asyncio.sleep(0.01)


@pytest_asyncio.fixture
async def serving() -> AsyncIterator[Serving]:
    serving = Serving()
    config = uvicorn.Config(
        serving.app,
        interface="asgi3",
        port=0,
        http=BoundedProtocol,
        log_level="error",
        lifespan="off",
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  # uvicorn has no event for it
        await asyncio.sleep(0.01)
    serving.port = server.servers[0].sockets[0].getsockname()[1]
    yield serving
    for client in serving.clients:
        client.writer.close()
    server.should_exit = True
    await running


async def test_ordinary_requests_share_a_connection(serving: Serving) -> None:
    client = await serving.client()
    body = b"x" * 200_000
    whole = b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 200000\r\n\r\n" + body

    answers = [await client.ask(whole), await client.ask(GET + b"\r\n"), await client.ask(whole)]

    assert [answer.rpartition(b"\n")[2] for answer in answers] == [b"200000", b"0", b"200000"]
    assert (await client.ask(b"nonsense\r\n\r\n")).startswith(b"HTTP/1.1 400 ")


HEADS = {
    "many small headers": GET + b"a: b\r\n" * 3_000_000,
    "one header too many": GET + b"a: b\r\n" * 200 + b"\r\n",
    "large headers": GET + (b"a: " + b"b" * 8000 + b"\r\n") * 9 + b"\r\n",
    "a header without an end": GET + b"a: " + b"b" * 200_000,
    "an address without an end": b"GET /" + b"b" * 200_000,
}


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS.keys())
async def test_a_head_that_is_too_large_never_reaches_the_application(
    serving: Serving, head: bytes
) -> None:
    answer = await (await serving.client()).ask(head)

    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b'"code":"headers_too_large"' in answer
    assert serving.asked == []


TAILS = {
    "a trailer without an end": b"0\r\na: " + b"b" * 400_000,
    "many trailers": b"0\r\n" + b"a: b\r\n" * 300,
    "an extension without an end": b"5;" + b"b" * 400_000,
}
CHUNKED = b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("tail", TAILS.values(), ids=TAILS.keys())
async def test_what_follows_a_chunked_body_has_a_limit_too(serving: Serving, tail: bytes) -> None:
    answer = await (await serving.client()).ask(CHUNKED + tail)

    assert answer.startswith(b"HTTP/1.1 431 ")


async def test_chunks_may_come_in_any_pieces(serving: Serving) -> None:
    client = await serving.client()
    body = b"1\r\nx\r\n" * 300 + b"0\r\na: b\r\n\r\n"

    for number in range(0, len(body), 7):
        client.writer.write((CHUNKED if number == 0 else b"") + body[number : number + 7])
        await asyncio.sleep(0)

    assert (await client.ask(b"")).endswith(b"300")


async def test_requests_that_wait_for_each_other_are_few(serving: Serving) -> None:
    client, greedy = await serving.client(), await serving.client()

    client.writer.write(PIPELINED * (GET + b"\r\n"))
    await until(lambda: len(serving.asked) == PIPELINED)
    greedy.writer.write(1000 * PIPELINED * (GET + b"\r\n"))
    await until(lambda: len(BoundedProtocol.open) == 1)

    assert len(serving.asked) - PIPELINED <= 1


async def test_a_body_is_not_read_before_the_application_wants_it(serving: Serving) -> None:
    client = await serving.client()
    client.writer.write(b"POST /wait HTTP/1.1\r\nhost: a\r\ncontent-length: 9000000\r\n\r\n")
    client.writer.write(b"x" * 9_000_000)
    await until(lambda: bool(serving.asked))
    await asyncio.sleep(0.2)

    (connection,) = BoundedProtocol.open
    held = len(connection.cycle.body)
    serving.looks.set()

    assert held <= 512 * 1024
    assert (await client.ask(b"")).endswith(b"9000000")


@pytest.mark.parametrize("size", [3, 60_000, 3_000_000])
async def test_a_body_that_arrived_whole_is_taken_though_its_sender_has_gone(
    serving: Serving, size: int
) -> None:
    gone, cut = await serving.client(), await serving.client()
    head = b"POST /wait HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n" % size
    gone.writer.write(head + b"x" * size)
    cut.writer.write(head + b"x" * (size - 1))
    for client in (gone, cut):
        await client.writer.drain()
        client.writer.close()
        await client.writer.wait_closed()
    await until(lambda: len(serving.asked) == 2)
    await asyncio.sleep(0.1)

    serving.looks.set()
    await until(lambda: not BoundedProtocol.open and bool(serving.taken))

    assert serving.taken == [size]


async def test_who_is_answered_early_may_send_its_rest_and_the_next_request_at_once(
    serving: Serving,
) -> None:
    client = await serving.client()
    assert await client.ask(b"POST /early HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\n1")
    (connection,) = BoundedProtocol.open
    connection.timeout_keep_alive = 0  # as if it had passed

    client.writer.write(b"23" + GET.replace(b"/ ", b"/wait ") + b"\r\n")
    await until(lambda: len(serving.asked) == 2)
    await asyncio.sleep(0.05)
    serving.looks.set()

    assert (await client.ask(b"")).endswith(b"0")


@pytest.mark.parametrize("upgrade", [b"websocket", b"h2c"])
async def test_another_protocol_is_not_spoken(serving: Serving, upgrade: bytes) -> None:
    client = await serving.client()
    asked = b"POST / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: %b\r\n" % upgrade
    key = b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n"

    answer = await client.ask(asked + key + b"content-length: 3\r\n\r\nabc")

    assert answer.startswith(b"HTTP/1.1 200 ")


async def test_a_head_that_does_not_come_to_its_end_is_given_up(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.2)
    silent, slow, later = [await serving.client() for _ in range(3)]
    assert (await later.ask(GET + b"\r\n")).endswith(b"0")

    ends = await asyncio.gather(silent.ask(b""), slow.ask(GET), later.ask(b"GET"))

    assert list(ends) == [b"", b"", b""]


async def test_a_connection_too_many_takes_the_place_of_the_one_that_waits_longest(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "MAX_CONNECTIONS", 2)
    first, second = await serving.client(), await serving.client()
    await second.ask(GET + b"\r\n")
    await first.ask(GET + b"\r\n")

    third = await serving.client()

    assert (await third.ask(GET + b"\r\n")).endswith(b"0")
    assert await second.ask(b"") == b""
    assert (await first.ask(GET + b"\r\n")).endswith(b"0")


async def test_who_does_not_read_its_answer_makes_room(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "MAX_CONNECTIONS", 1)
    deaf = await serving.client()
    await deaf.ask(GET + b"\r\n")
    (connection,) = BoundedProtocol.open
    connection.transport.write(b"x" * 30_000_000)

    for _ in range(3):
        assert (await (await serving.client()).ask(GET + b"\r\n")).endswith(b"0")

    assert connection not in BoundedProtocol.open
    assert len(BoundedProtocol.open) == 1


async def test_who_does_not_send_its_body_makes_room(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "MAX_CONNECTIONS", 1)
    slow = await serving.client()
    slow.writer.write(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nx")
    await until(lambda: bool(serving.asked))

    assert (await (await serving.client()).ask(GET + b"\r\n")).endswith(b"0")
