"""HTTP/1.1 over asyncio streams, both ends. h11 does the protocol; messages are held whole."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import h11

_READ_BYTES = 65536
_MAX_BODY_BYTES = 64 * 2**20  # twice what the backend takes

Headers: TypeAlias = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    target: str
    headers: Headers = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    headers: Headers = ()
    body: bytes = b""


Handler: TypeAlias = Callable[[Request, str], Awaitable[Response]]


class BrokenResponseError(Exception):
    """The other side closed before a whole response was there, or sent something else."""


class Connection:
    """The client's end. One request at a time; `reusable` says whether another may follow."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._state = h11.Connection(h11.CLIENT)

    @classmethod
    async def open(cls, host: str, port: int, *, source: str | None = None) -> "Connection":
        """Connect, from the local address `source` if one is given."""
        local = (source, 0) if source else None
        return cls(*await asyncio.open_connection(host, port, local_addr=local))

    @property
    def reusable(self) -> bool:
        """False once the other side has closed, or after an exchange that did not end well."""
        idle = self._state.our_state is h11.IDLE and self._state.their_state is h11.IDLE
        return idle and not self._reader.at_eof() and not self._writer.is_closing()

    async def send(self, request: Request) -> Response:
        """Raise OSError or BrokenResponseError; a request is never sent twice."""
        head = h11.Request(method=request.method, target=request.target, headers=[*request.headers])
        try:
            await self._write(head, h11.Data(request.body), h11.EndOfMessage())
        except OSError:
            # The server may have answered early, without reading the body, and closed.
            if not request.body:
                raise
        try:
            response = await self._read()
        except h11.RemoteProtocolError as error:
            raise BrokenResponseError(str(error)) from error
        if self._state.our_state is h11.DONE and self._state.their_state is h11.DONE:
            self._state.start_next_cycle()
        return response

    def close(self) -> None:
        self._writer.close()

    async def _write(self, *events: h11.Event) -> None:
        self._writer.write(b"".join(self._state.send(event) or b"" for event in events))
        await self._writer.drain()

    async def _read(self) -> Response:
        head: h11.Response | None = None
        body = bytearray()
        while True:
            event = await next_event(self._state, self._reader)
            if isinstance(event, h11.Response):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                return Response(head.status_code, list(head.headers), bytes(body))
            elif not isinstance(event, h11.InformationalResponse):
                raise BrokenResponseError("closed before the response was complete")


async def next_event(
    state: h11.Connection, reader: asyncio.StreamReader
) -> h11.Event | type[h11.PAUSED]:
    """Read until h11 has something to say."""
    while True:
        event = state.next_event()
        if isinstance(event, h11.Event) or event is h11.PAUSED:
            return event
        state.receive_data(await reader.read(_READ_BYTES))


async def serve_connection(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    handler: Handler,
    *,
    idle_seconds: float,
) -> None:
    """Answer requests on one connection until either side has had enough."""
    state = h11.Connection(h11.SERVER)
    peer = writer.get_extra_info("peername")
    try:
        while True:
            async with asyncio.timeout(idle_seconds):
                request = await _read_request(state, reader)
            if request is None:
                return
            response = await handler(request, str(peer[0]))
            writer.write(_encode(state, response))
            await writer.drain()
            if state.our_state is not h11.DONE or state.their_state is not h11.DONE:
                return
            state.start_next_cycle()
    except (OSError, TimeoutError, h11.RemoteProtocolError):
        return  # the client left, was silent for too long, or spoke something else
    except asyncio.CancelledError:
        return  # we are stopping; asyncio's own callback trips over a task that was cancelled
    finally:
        writer.close()


async def _read_request(state: h11.Connection, reader: asyncio.StreamReader) -> Request | None:
    head: h11.Request | None = None
    body = bytearray()
    while True:
        event = await next_event(state, reader)
        if isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > _MAX_BODY_BYTES:
                return None
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            target = head.target.decode("latin-1")
            return Request(head.method.decode(), target, list(head.headers), bytes(body))
        else:
            return None


def _encode(state: h11.Connection, response: Response) -> bytes:
    headers = list(response.headers)
    head = h11.Response(status_code=response.status, headers=headers)
    events: list[h11.Event] = [head, h11.Data(response.body), h11.EndOfMessage()]
    return b"".join(state.send(event) or b"" for event in events)
