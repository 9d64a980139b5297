"""The server's protocol on a real socket: what a client without a token can take, and no more."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio
import uvicorn
from starlette.types import Receive, Scope, Send

from backend.http import protocol
from backend.http.protocol import BoundedProtocol

GET = b"GET / HTTP/1.1\r\nhost: a\r\n"


@dataclass
class Serving:
    port: int = 0
    asked: list[str] = field(default_factory=list)
    clients: list["Client"] = field(default_factory=list)

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.append(scope["path"])
        size, message = 0, dict[str, Any]()
        while message.get("more_body", True):
            message = dict(await receive())
            size += len(message.get("body", b""))
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
