"""Reads the body of a delivery: one large body at a time, small ones beside each other."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import cast

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from backend.alerts.errors import BodyTooSlow, DeliveryTooLarge, IncompleteBody, IntakeBusy
from backend.alerts.intake import room
from backend.alerts.intake.json_reader import Body
from backend.alerts.intake.limits import LARGE_BODY_BYTES, SMALL_BODIES_BYTES
from backend.alerts.intake.room import Room
from backend.http.middleware import TOO_LARGE


class LargeBodies:
    """Admits one large body of a process at a time; small ones pass, as far as there is room.

    The socket of a waiting body is not read, so its bytes stay with the sender.
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._room = Room(SMALL_BODIES_BYTES)

    @asynccontextmanager
    async def body_of(self, request: Request) -> AsyncIterator[Body]:
        """Read the body; the next large one begins when this context ends.

        Raises DeliveryTooLarge.
        """
        if (size := request.scope.get(TOO_LARGE)) is not None:
            raise DeliveryTooLarge(b"", size)
        announced = request.headers.get("content-length", "")
        if announced.isdecimal() and int(announced) <= LARGE_BODY_BYTES:
            async with self._room.lend(int(announced)):
                async with self._room.reading():
                    body = await _complete(request)
                yield body
            return
        async with self._turn():
            try:
                async with asyncio.timeout(room.READ_SECONDS):
                    body = await _complete(request)
            except TimeoutError as error:
                raise BodyTooSlow from error
            yield body

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(room.WAIT_SECONDS):
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
        async for part in request.stream():
            body += part
    except ClientDisconnect as error:
        raise IncompleteBody from error
    except HTTPException as error:
        if error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            raise DeliveryTooLarge(body, len(body)) from error
        raise
    return body
