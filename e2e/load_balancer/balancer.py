"""Sends requests to targets, and answers in their place as an ALB does when they do not.

Nothing is tried twice: whatever goes wrong between here and a target, a user sees.
"""

import asyncio
import time
from collections.abc import Coroutine, Sequence
from contextlib import suppress

from e2e.load_balancer.counts import Counts
from e2e.load_balancer.http1 import (
    BrokenResponseError,
    Connection,
    Request,
    Response,
    serve_connection,
)
from e2e.load_balancer.messages import own_response, to_client, to_target
from e2e.load_balancer.pool import Limits, Pool
from e2e.load_balancer.target_group import TargetGroup
from e2e.load_balancer.targets import Address, State, Target, TargetSet


class Balancer:
    """One target group behind one listener."""

    def __init__(
        self,
        group: TargetGroup,
        *,
        limits: Limits | None = None,
        sources: Sequence[str] = (),
        hidden_paths: Sequence[str] = ("/metrics",),
    ) -> None:
        self.group = group
        self.targets = TargetSet()
        self.counts = Counts()
        self._limits = limits or Limits()
        self._pool = Pool(self._limits, sources)
        self._hidden = frozenset(hidden_paths)
        self._tasks: set[asyncio.Task[None]] = set()

    def register(self, address: Address) -> None:
        if (target := self.targets.register(address)) is not None:
            self._background(self._watch_health(target))

    def deregister(self, address: Address) -> None:
        if (target := self.targets.drain(address)) is not None:
            self._background(self._finish_draining(target))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._pool.cut_all()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Handle one client connection."""
        await serve_connection(reader, writer, self.answer, idle_seconds=self._limits.idle)

    async def answer(self, request: Request, client: str) -> Response:
        """Give back the target's response, or what an ALB says instead."""
        started = time.time()
        if request.target.partition("?")[0] in self._hidden:
            return own_response(404, "hidden by a listener rule")
        target = self.targets.choose()
        if target is None:
            response, reason = own_response(503, "no target is registered"), "no target"
        else:
            response, reason = await self._forward(to_target(request, client), target.address)
        self.counts.record(
            started=started,
            status=response.status,
            reason=reason,
            target=str(target.address) if target else "",
        )
        return response

    async def _forward(self, request: Request, address: Address) -> tuple[Response, str]:
        """Give back a response and where it comes from: the target, or what went wrong."""
        try:
            connection = await self._pool.take(address)
        except TimeoutError:
            return own_response(504, "the target does not take a connection"), "connect timeout"
        except OSError as error:
            return own_response(502, "the target refuses"), f"connect: {type(error).__name__}"
        with self._pool.using(address, connection):
            try:
                async with asyncio.timeout(self._limits.idle):
                    response = await connection.send(request)
            except TimeoutError:
                connection.close()
                return own_response(504, "the target does not answer"), "response timeout"
            except (OSError, BrokenResponseError) as error:
                connection.close()
                return own_response(502, "the target hung up"), f"response: {type(error).__name__}"
        return to_client(response), "target"

    async def _watch_health(self, target: Target) -> None:
        while target.state is not State.DRAINING:
            check = self.group.health_check
            begun = time.monotonic()
            target.observe(check, passed=await self._check(target.address))
            # From start to start, however long a check takes.
            await asyncio.sleep(max(0, begun + check.interval - time.monotonic()))

    async def _check(self, address: Address) -> bool:
        check = self.group.health_check
        port = address.port if check.port == "traffic-port" else int(check.port)
        headers = ((b"host", str(address).encode()), (b"user-agent", b"ELB-HealthChecker/2.0"))
        connection: Connection | None = None
        try:
            async with asyncio.timeout(check.timeout):
                connection = await self._pool.connect(Address(address.host, port))
                response = await connection.send(Request("GET", check.path, headers))
        except (OSError, TimeoutError, BrokenResponseError):
            return False
        finally:
            if connection is not None:
                connection.close()
        return check.accepts(response.status)

    async def _finish_draining(self, target: Target) -> None:
        """Let requests in flight end; what is left after the delay is cut off."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self.group.deregistration_delay):
                await self._pool.unused(target.address)
        self._pool.cut(target.address)
        self.targets.forget(target)

    def _background(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
