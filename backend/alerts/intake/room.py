"""Bounds the bytes of bodies that are read and stored at the same time, so that memory is bounded.

A storm of a hundred deliveries of 1 MiB took 470 MiB at once.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from backend.alerts.errors import BodyTooSlow, IntakeBusy

# Alertmanager gives up a request after 10 s or more, and repeats it. A longer wait would store what
# is already being sent again.
WAIT_SECONDS = 10.0
# A slow sender must not block the others.
READ_SECONDS = 30.0
# While others wait, a body in the way has only this long to arrive.
HURRY_SECONDS = 3.0


class Room:
    """Lends bytes to bodies in the order of their arrival."""

    def __init__(self, size: int) -> None:
        self._free = size
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._reading: dict[asyncio.Timeout, float] = {}

    @asynccontextmanager
    async def lend(self, size: int) -> AsyncIterator[None]:
        """Wait for that much room, or raise IntakeBusy."""
        await self._take(size)
        try:
            yield
        finally:
            self._give(size)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        """Raise BodyTooSlow if this takes too long for those who wait."""
        try:
            async with asyncio.timeout(READ_SECONDS) as timeout:
                self._reading[timeout] = asyncio.get_running_loop().time()
                try:
                    yield
                finally:
                    del self._reading[timeout]
        except TimeoutError as error:
            raise BodyTooSlow from error

    async def _take(self, size: int) -> None:
        if self._free >= size and not self._waiting:
            self._free -= size
            return
        turn = (size, asyncio.get_running_loop().create_future())
        self._waiting.append(turn)
        try:
            await self._wait(turn[1])
        except BaseException:
            if turn in self._waiting:
                self._waiting.remove(turn)
                size = 0
            self._give(size)
            raise

    async def _wait(self, turn: asyncio.Future[None]) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + WAIT_SECONDS
        while (left := until - loop.time()) > 0:
            self._hurry(loop.time())
            await asyncio.wait((turn,), timeout=min(left, HURRY_SECONDS))
            if turn.done():
                return
        raise IntakeBusy

    def _give(self, size: int) -> None:
        self._free += size
        while self._waiting and self._free >= self._waiting[0][0]:
            taken, turn = self._waiting.popleft()
            self._free -= taken
            turn.set_result(None)

    def _hurry(self, now: float) -> None:
        for timeout, began in self._reading.items():
            if now - began >= HURRY_SECONDS and not timeout.expired():
                timeout.reschedule(now)
