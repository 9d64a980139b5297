"""Reads the body of a delivery, one large body at a time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from fastapi import Request
from starlette.requests import ClientDisconnect

from backend.alerts.errors import BodyTooSlow, IncompleteBody, IntakeBusy
from backend.alerts.intake.json_reader import Body
from backend.alerts.intake.limits import LARGE_BODY_BYTES

# Alertmanager gives up a request after 10 s or more, and repeats it. A longer wait would store what
# is already being sent again.
WAIT_SECONDS = 10.0
# A slow sender must not block the others.
READ_SECONDS = 30.0


class LargeBodies:
    """Admits one large body of a process at a time; small ones pass.

    The socket of a waiting body is not read, so its bytes stay with the sender.
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def body_of(self, request: Request) -> AsyncIterator[Body]:
        """Read the body; the next large one begins when this context ends."""
        announced = request.headers.get("content-length", "")
        if announced.isdecimal() and int(announced) <= LARGE_BODY_BYTES:
            yield await _complete(request)
            return
        async with self._turn():
            yield await _complete(request)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._lock.acquire()
        except TimeoutError as error:
            raise IntakeBusy from error
        try:
            yield
        finally:
            self._lock.release()


def large_bodies_of(request: Request) -> LargeBodies:
    return cast("LargeBodies", request.app.state.large_bodies)


async def _complete(request: Request) -> Body:
    # One growing buffer, because joining parts at the end would need twice the body's size.
    body = bytearray()
    try:
        async with asyncio.timeout(READ_SECONDS):
            async for part in request.stream():
                body += part
    except TimeoutError as error:
        raise BodyTooSlow from error
    except ClientDisconnect as error:
        raise IncompleteBody from error
    return body
