"""Compressed bodies that arrive in pieces: whatever the cuts are, what comes out is the same."""

import gzip
import zlib
from collections.abc import Callable

import pytest
from backports import zstd
from starlette.types import Message, Receive, Scope, Send

from backend.http.compression import DecompressionMiddleware

BODY = b"".join(b"%d," % number for number in range(50_000))


async def decompressed(encoding: str, pieces: list[bytes]) -> tuple[bytes, int]:
    """Return what the application reads, and its largest part."""
    parts: list[bytes] = []
    waiting = iter([*pieces, b""])

    async def application(_scope: Scope, receive: Receive, _send: Send) -> None:
        more = True
        while more:
            message = await receive()
            parts.append(message["body"])
            more = message["more_body"]

    async def receive() -> Message:
        piece = next(waiting)
        return {"type": "http.request", "body": piece, "more_body": piece != b""}

    async def send(_message: Message) -> None:
        raise AssertionError("it was refused")

    scope = {"type": "http", "headers": [(b"content-encoding", encoding.encode())]}
    await DecompressionMiddleware(application)(scope, receive, send)
    return b"".join(parts), max(map(len, parts))


@pytest.mark.parametrize("size", [1, 7, 1000, 10**9])
@pytest.mark.parametrize(
    ("encoding", "compress"),
    [("gzip", gzip.compress), ("deflate", zlib.compress), ("zstd", zstd.compress)],
)
async def test_a_body_in_pieces_is_read_a_step_at_a_time(
    encoding: str, compress: Callable[[bytes], bytes], size: int
) -> None:
    members = [compress(BODY[:60_000]), compress(BODY[60_000:])]
    joined = b"".join(members)
    cuts = [joined[begin : begin + size] for begin in range(0, len(joined), size)]

    for pieces in (cuts, members):
        body, largest = await decompressed(encoding, pieces)
        assert body == BODY
        assert largest <= 64 * 1024


@pytest.mark.parametrize("body", [b"", gzip.compress(b"{}")], ids=["empty", "compressed"])
async def test_behind_the_body_the_client_can_go(body: bytes) -> None:
    """A stream listens for that while it is sent, and a GET may name an encoding without a body."""
    heard: list[Message] = []
    coming: list[Message] = [
        {"type": "http.request", "body": body, "more_body": False},
        {"type": "http.disconnect"},
    ]

    async def application(_scope: Scope, receive: Receive, _send: Send) -> None:
        heard.extend([await receive(), await receive()])

    async def receive() -> Message:
        return coming.pop(0)

    async def send(_message: Message) -> None:
        raise AssertionError("it was refused")

    scope = {"type": "http", "headers": [(b"content-encoding", b"gzip")]}
    await DecompressionMiddleware(application)(scope, receive, send)
    assert [message["type"] for message in heard] == ["http.request", "http.disconnect"]
