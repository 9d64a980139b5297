"""Connections to targets, kept alive between requests."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle

from e2e.load_balancer.http1 import Connection
from e2e.load_balancer.targets import Address


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds. AWS' defaults; the first cannot be changed there."""

    connect: float = 10
    idle: float = 60


class Pool:
    """Connects from each of `sources` in turn: an ALB has an address per availability zone."""

    def __init__(self, limits: Limits, sources: Sequence[str] = ()) -> None:
        self._limits = limits
        self._sources = cycle(sources or (None,))
        self._idle: dict[Address, list[tuple[float, Connection]]] = defaultdict(list)
        self._active: dict[Address, set[Connection]] = defaultdict(set)
        self._released = asyncio.Event()

    async def connect(self, address: Address) -> Connection:
        """Open a new connection; raise OSError or TimeoutError."""
        async with asyncio.timeout(self._limits.connect):
            return await Connection.open(*address, source=next(self._sources))

    async def take(self, address: Address) -> Connection:
        """Reuse an idle connection that the target has not closed, or open one."""
        idle = self._idle[address]
        while idle:
            since, connection = idle.pop()
            if connection.reusable and time.monotonic() - since < self._limits.idle:
                return connection
            connection.close()
        return await self.connect(address)

    @contextmanager
    def using(self, address: Address, connection: Connection) -> Iterator[None]:
        """Count a connection as in use; afterwards it is idle, or closed if it cannot be reused."""
        self._active[address].add(connection)
        try:
            yield
        finally:
            self._active[address].discard(connection)
            self._released.set()
            if connection.reusable:
                self._idle[address].append((time.monotonic(), connection))
            else:
                connection.close()

    async def unused(self, address: Address) -> None:
        """Wait until no request is under way to a target."""
        while self._active[address]:
            self._released.clear()
            await self._released.wait()

    def cut(self, address: Address) -> None:
        """Close all connections to a target, whatever is going on in them."""
        for connection in list(self._active.pop(address, ())):
            connection.close()
        for _, connection in self._idle.pop(address, ()):
            connection.close()

    def cut_all(self) -> None:
        for address in [*self._idle, *self._active]:
            self.cut(address)
