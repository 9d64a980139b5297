"""Small servers that behave well or badly, for the load balancer stand-in to talk to."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from e2e.load_balancer.balancer import Balancer
from e2e.load_balancer.http1 import Request, Response, serve_connection
from e2e.load_balancer.targets import Address, State

HOST = "127.0.0.1"


class WellBehaved:
    """Answers 200 with its name; `ready` is what its health check says."""

    def __init__(self, name: str = "pod") -> None:
        self.name = name
        self.ready = True
        self.connections = 0
        self.seen: list[Request] = []
        self.release = asyncio.Event()
        self.release.set()  # cleared, requests to /slow wait

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        await serve_connection(reader, writer, self.answer, idle_seconds=30)

    async def answer(self, request: Request, _: str) -> Response:
        if request.target == "/ready":
            return Response(200 if self.ready else 503, ((b"content-length", b"0"),))
        self.seen.append(request)
        if request.target == "/slow":
            await self.release.wait()
        body = self.name.encode()
        return Response(200, ((b"content-length", b"%d" % len(body)),), body)


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(serve: Serve) -> AsyncIterator[Address]:
    server = await asyncio.start_server(serve, HOST, 0)
    try:
        yield Address(HOST, server.sockets[0].getsockname()[1])
    finally:
        server.close()


async def until(condition: Callable[[], bool], seconds: float = 5) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - polls what has no event
            await asyncio.sleep(0.01)


def states(balancer: Balancer) -> list[State]:
    return [target.state for target in balancer.targets]
