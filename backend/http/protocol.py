"""The protocol of the API's server: uvicorn's, bounded before the application sees a request.

uvicorn collects headers without a limit, waits for them for ever, and keeps any number of
connections: one client without a token could take all memory. `uvicorn --http` names the class.
"""

import asyncio
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from backend.errors import HeadTooLarge, problem_body

# Of the request's line and its headers; browsers and proxies send less than 16 KiB.
HEAD_BYTES = 64 * 1024
MAX_HEADERS = 200
# From the connection, or from the first byte of a later request, until its headers are complete.
HEAD_SECONDS = 20.0
# A load balancer holds some ten to each pod. The one that has waited longest goes for a new one.
MAX_CONNECTIONS = 1000


class BoundedProtocol(HttpToolsProtocol):
    # Of this process, the one whose last request is longest ago first.
    open: ClassVar[dict["BoundedProtocol", None]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.url: bytes = b""
        self.headers = []
        self._in_head, self._head_bytes, self._headers_bytes = True, 0, 0
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
        if self._in_head:
            self._start_timer()
            self._head_bytes += len(data)
        super().data_received(data)
        # Of a header that is not complete, the parser says nothing.
        if self._in_head and self._head_bytes > HEAD_BYTES and not self.transport.is_closing():
            self._refuse()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._headers_bytes = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self._headers_bytes += len(name) + len(value)
        if self._is_too_large():
            raise HeadTooLarge

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._stop_timer()
        self.open[self] = self.open.pop(self, None)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._in_head, self._head_bytes = True, 0

    def send_400_response(self, msg: str) -> None:
        """Answer what the parser did not take, or what a callback of it refused."""
        if self._is_too_large():
            self._refuse()
        else:
            super().send_400_response(msg)

    def _is_too_large(self) -> bool:
        size = self._headers_bytes + len(self.url)
        return size > HEAD_BYTES or len(self.headers) > MAX_HEADERS

    def _refuse(self) -> None:
        content = problem_body(HeadTooLarge())
        self.transport.write(
            b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
            b"content-type: application/problem+json\r\nconnection: close\r\n"
            b"content-length: %d\r\n\r\n%b" % (len(content), content)
        )
        self.transport.close()

    @property
    def is_idle(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    def _make_room(self) -> None:
        for other in self.open:
            if other is not self and other.is_idle:
                other.transport.close()
                return
        self.transport.abort()

    def _start_timer(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
