"""The protocol of the API's server: uvicorn's, bounded before the application sees a request.

uvicorn collects headers, trailers and pipelined requests without a limit, waits for them for ever,
and keeps any number of connections: one client without a token could take all memory.
`uvicorn --http` names the class.
"""

import asyncio
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from backend.errors import AppError, HeadTooLarge, InvalidHttp, problem_body
from backend.http.whole_body import with_whole_body

# Of the request's line and its headers; browsers and proxies send less than 16 KiB.
HEAD_BYTES = 64 * 1024
MAX_HEADERS = 200
# From the connection, or from the first byte of a later request, until its headers are complete.
HEAD_SECONDS = 20.0
# A load balancer holds some ten to each pod. The one that has waited longest goes for a new one.
MAX_CONNECTIONS = 1000
# Requests on one connection that wait for the answers to those before them. No client of ours sends
# any; they are read by thousands at a time, and each takes 3 KB.
MAX_PIPELINED = 16
_NO_SCOPE: Any = {}


class BoundedProtocol(HttpToolsProtocol):
    # Of this process, the one whose last request is longest ago first.
    open: ClassVar[dict["BoundedProtocol", None]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.url: bytes = b""
        self.headers = []
        # uvicorn would leave the connection to another protocol, which has no bounds.
        self.ws_protocol_class = None
        # Bytes of what the parser collects or skips without telling: a header, a trailer, the
        # extension of a chunk.
        self._untold_bytes, self._headers_bytes = 0, 0
        self._in_head = True
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        self._start_timer()
        self.open[self] = None
        if len(self.open) > MAX_CONNECTIONS:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        self.open.pop(self, None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._in_head or self.is_idle:
            self._start_timer()
        self._untold_bytes += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._untold_bytes > HEAD_BYTES:
            self._refuse(HeadTooLarge())
        elif self.waits_for_its_body and self.cycle.body:
            # Until the application has taken this much: it may not want the rest.
            self.flow.pause_reading()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._headers_bytes = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self._headers_bytes += len(name) + len(value)
        if self._is_too_large():
            raise HeadTooLarge

    def on_headers_complete(self) -> None:
        if len(self.pipeline) == MAX_PIPELINED:
            # Their answers could not be told from this one.
            self.transport.abort()
            raise InvalidHttp
        self._in_head, self._untold_bytes = False, 0
        self._stop_timer()
        # It began with the end of the body before, if both came in one piece.
        self._unset_keepalive_if_required()
        if self in self.open:
            self.open[self] = self.open.pop(self)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._untold_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._in_head, self._untold_bytes = True, 0
        if self.is_idle:
            # Answered before its body was complete: from now on it is as idle as any other.
            self._stop_timer()
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.is_idle and self.scope is self.cycle.scope:
            # An idle connection does not keep its headers; those of a next request may be here.
            self.headers, self.scope, self.cycle.scope = [], _NO_SCOPE, _NO_SCOPE

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        whole: Any = with_whole_body(cycle, app)
        super()._start_asgi_task(cycle, whole)

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: some clients ask for HTTP/2 with every request."""

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  # uvicorn's own words
        """Answer what the parser did not take, or what a callback of it refused."""
        self._refuse(HeadTooLarge() if self._is_too_large() else InvalidHttp())

    def _is_too_large(self) -> bool:
        size = self._headers_bytes + len(self.url)
        return size > HEAD_BYTES or len(self.headers) > MAX_HEADERS

    def _refuse(self, error: AppError) -> None:
        if self.transport.is_closing():
            return
        content = problem_body(error)
        self.transport.write(
            b"HTTP/1.1 %d %b\r\n"
            b"content-type: application/problem+json\r\nconnection: close\r\n"
            b"content-length: %d\r\n\r\n%b"
            % (error.status, error.status.phrase.encode(), len(content), content)
        )
        self.transport.close()

    @property
    def is_idle(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    @property
    def waits_for_its_body(self) -> bool:
        return not self.is_idle and self.cycle.more_body

    def _make_room(self) -> None:
        """Close the connection that has waited longest for its client: idle, or else for a body."""
        idle = (other for other in self.open if other.is_idle and other is not self)
        waiting = (other for other in self.open if other.waits_for_its_body)
        leaving = next(idle, None) or next(waiting, self)
        # Closing would wait until the client has read what was sent to it.
        leaving.transport.abort()
        self.open.pop(leaving)

    def _start_timer(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _give_up(self) -> None:
        self._timer = None
        if self.is_idle:
            self.transport.abort()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
