"""Compressed request bodies: gzip, deflate and zstd, as senders and proxies make them."""

import asyncio
import zlib
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Protocol

from backports import zstd
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.errors import UnsupportedEncoding, problem_response

# zlib finds out by itself whether data are gzip or zlib, which is what "deflate" means.
_WINDOW_BITS = 47
# Eight MiB, the largest window that senders may use for a body (RFC 9659): a frame may ask for any
# amount of memory.
_ZSTD_OPTIONS: Mapping[int, int] = {zstd.DecompressionParameter.window_log_max: 23}
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
        # Several headers are one list. Nobody compresses twice.
        encoding = ", ".join(headers.getlist("content-encoding")).strip().lower()
        if encoding in {"", "identity"}:
            await self.app(scope, receive, send)
        elif encoding not in _DECODERS:
            await problem_response(UnsupportedEncoding())(scope, receive, send)
        else:
            # The announced length is that of the compressed body.
            kept = [
                (name, value)
                for name, value in scope["headers"]
                if name.lower() not in {b"content-encoding", b"content-length"}
            ]
            body = _Decompressed(receive, _DECODERS[encoding])
            await self.app({**scope, "headers": kept}, body.receive, send)


class _Unreadable(HTTPException):
    """Raised out of `receive`: FastAPI lets nothing else through from there."""

    def __init__(self) -> None:
        super().__init__(HTTPStatus.BAD_REQUEST)


class _Decoder(Protocol):
    """One member of a compressed body. `pending`: it holds output that needs no more input."""

    @property
    def eof(self) -> bool: ...
    @property
    def pending(self) -> bool: ...
    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        """Return the next output, a step at most, and the input that is left."""


class _Zlib:
    def __init__(self) -> None:
        self._stream = zlib.decompressobj(_WINDOW_BITS)
        self.pending = False

    @property
    def eof(self) -> bool:
        return self._stream.eof

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        part = self._stream.decompress(data, _STEP_BYTES)
        self.pending = len(part) == _STEP_BYTES and not self.eof
        return part, self._stream.unused_data or self._stream.unconsumed_tail


class _Zstd:
    def __init__(self) -> None:
        self._stream = zstd.ZstdDecompressor(options=_ZSTD_OPTIONS)

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def pending(self) -> bool:
        return not self._stream.eof and not self._stream.needs_input

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        return self._stream.decompress(data, _STEP_BYTES), self._stream.unused_data


_DECODERS: Mapping[str, Callable[[], _Decoder]] = {
    "gzip": _Zlib,
    "x-gzip": _Zlib,
    "deflate": _Zlib,
    "zstd": _Zstd,
}


class _Decompressed:
    def __init__(self, receive: Receive, decoder: Callable[[], _Decoder]) -> None:
        self._receive = receive
        self._new_decoder = decoder
        self._decoder = decoder()
        self._waiting = b""
        self._more = True
        self._empty = True
        self._complete = False

    async def receive(self) -> Message:
        if self._complete:
            # Who asks once more waits for the client to go.
            return await self._receive()
        if not self._waiting and not self._decoder.pending and self._more:
            message = await self._receive()
            if message["type"] != "http.request":
                return message
            self._waiting = message.get("body", b"")
            self._more = message.get("more_body", False)
            self._empty = self._empty and not self._waiting
        else:
            # Nothing else waits here, and few bytes may be many steps.
            await asyncio.sleep(0)
        part = self._next_part()
        more = bool(self._waiting) or self._more or self._decoder.pending
        # Some clients name their encoding in a GET, too.
        if not (more or self._decoder.eof or self._empty):
            raise _Unreadable
        self._complete = not more
        return {"type": "http.request", "body": part, "more_body": more}

    def _next_part(self) -> bytes:
        if not self._waiting and not self._decoder.pending:
            return b""
        if self._decoder.eof:
            # A gzip file may have several members, zstd several frames.
            self._decoder = self._new_decoder()
        try:
            part, self._waiting = self._decoder.feed(self._waiting)
        except (zlib.error, zstd.ZstdError) as error:
            raise _Unreadable from error
        return part
