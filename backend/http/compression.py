"""Compressed request bodies: gzip and deflate, as senders and proxies make them."""

import asyncio
import zlib
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.errors import UnsupportedEncoding, problem_response

# zlib finds out by itself whether data are gzip or zlib, which is what "deflate" means.
_WINDOW_BITS = 47
_ENCODINGS = frozenset({"gzip", "x-gzip", "deflate"})
# Few bytes can stand for a gigabyte: no more than this is made of them at a time.
_STEP_BYTES = 64 * 1024


class DecompressionMiddleware:
    """Gives the application the body as it was before compression.

    Whatever limits the body stands inside, so that it counts decompressed bytes.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        encoding = headers.get("content-encoding", "").strip().lower()
        if encoding in {"", "identity"}:
            await self.app(scope, receive, send)
        elif encoding not in _ENCODINGS:
            await problem_response(UnsupportedEncoding())(scope, receive, send)
        else:
            # The announced length is that of the compressed body.
            kept = [
                (name, value)
                for name, value in scope["headers"]
                if name.lower() not in {b"content-encoding", b"content-length"}
            ]
            body = _Decompressed(receive)
            await self.app({**scope, "headers": kept}, body.receive, send)


class _Unreadable(HTTPException):
    """Raised out of `receive`: FastAPI lets nothing else through from there."""

    def __init__(self) -> None:
        super().__init__(HTTPStatus.BAD_REQUEST)


class _Decompressed:
    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._decoder = zlib.decompressobj(_WINDOW_BITS)
        self._waiting = b""
        self._more = True

    async def receive(self) -> Message:
        if not self._waiting and self._more:
            message = await self._receive()
            if message["type"] != "http.request":
                return message
            self._waiting = message.get("body", b"")
            self._more = message.get("more_body", False)
        else:
            # Nothing else waits here, and few bytes may be many steps.
            await asyncio.sleep(0)
        try:
            part = self._decoder.decompress(self._waiting, _STEP_BYTES)
        except zlib.error as error:
            raise _Unreadable from error
        self._waiting = self._decoder.unconsumed_tail
        if self._decoder.eof and self._decoder.unused_data:
            # A gzip file may have several members.
            self._waiting = self._decoder.unused_data
            self._decoder = zlib.decompressobj(_WINDOW_BITS)
        more = bool(self._waiting) or self._more or self._has_more(part)
        if not more and not self._decoder.eof:
            raise _Unreadable
        return {"type": "http.request", "body": part, "more_body": more}

    def _has_more(self, part: bytes) -> bool:
        """After a full step the decoder may hold output without any input left."""
        return len(part) == _STEP_BYTES and not self._decoder.eof
