"""Bounded load on the entrance: counts every failure that a user would see.

Requests start by the clock, however slow the answers are, and none is sent twice. Only this machine
is ever a target, and every load ends by itself.
"""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from types import TracebackType
from typing import Protocol, Self
from urllib.parse import urlsplit

from e2e.load_balancer.http1 import BrokenResponseError, Connection, Request, Response

_MAX_IN_FLIGHT = 2000
_SUCCESS = range(200, 300)


class Traffic(Protocol):
    """What a load sends."""

    def request(self, number: int) -> Request:
        """Make the request with this running number."""

    def answered(self, number: int, response: Response) -> None:
        """Take note of a 2xx answer to it."""


@dataclass(frozen=True, slots=True)
class Failed:
    at: float  # seconds since the epoch, when the request began
    kind: str


@dataclass(slots=True)
class Report:
    """Of one load. A request has failed unless it was answered with 2xx."""

    requests: int = 0
    failures: list[Failed] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)  # of those that did not fail

    @property
    def failed(self) -> int:
        return len(self.failures)

    @property
    def window_s(self) -> float:
        """Seconds from the first failure to the last."""
        times = [failure.at for failure in self.failures]
        return max(times) - min(times) if times else 0.0

    def window_since(self, event: float) -> float:
        """Seconds from an event (epoch) to the last failure that began after it; 0 without any."""
        return self.window_between(event, float("inf"))

    def window_between(self, event: float, end: float) -> float:
        """Seconds from an event to the last failure that began between it and an end."""
        return max(
            (failure.at - event for failure in self.failures if event <= failure.at < end),
            default=0.0,
        )

    def percentile(self, share: float) -> float:
        """Milliseconds within which this share of the good answers came."""
        ordered = sorted(self.milliseconds) or [0.0]
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]

    def figures(self) -> Mapping[str, object]:
        """Give the numbers for a table or a JSON file."""
        return {
            "requests": self.requests,
            "failed_requests": self.failed,
            "kinds": dict(Counter(failure.kind for failure in self.failures)),
            "window_s": round(self.window_s, 2),
            "p50_ms": round(self.percentile(0.5), 1),
            "p99_ms": round(self.percentile(0.99), 1),
            "max_ms": round(self.percentile(1), 1),
        }


@dataclass(frozen=True, slots=True)
class Plan:
    url: str  # of this machine
    rate: float = 100  # requests a second
    limit_seconds: float = 300  # ends then, if nobody has ended it before
    timeout: float = 15  # of one request; longer than the balancer's to connect


class Load:
    """Runs while its context is open, in a thread of its own; `report` is complete afterwards."""

    def __init__(self, plan: Plan, traffic: Traffic) -> None:
        address = urlsplit(plan.url)
        if not ip_address(address.hostname or "").is_loopback:
            raise ValueError(f"load goes to 127.0.0.1 only, not to {plan.url}")
        self.report = Report()
        self._plan = plan
        self._traffic = traffic
        self._address = (str(address.hostname), address.port or 80)
        self._idle: list[Connection] = []
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="load", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join(self._plan.timeout + 10)
        if error is None and self._error is not None:
            raise self._error

    def wait_for(self, requests: int) -> None:
        """Return when this many requests were sent, or the load has ended."""
        while self.report.requests < requests and self._thread.is_alive():
            time.sleep(0.05)

    def _work(self) -> None:
        try:
            asyncio.run(self._send_all())
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits for it
            self._error = error

    async def _send_all(self) -> None:
        begin = time.monotonic()
        total = int(self._plan.rate * self._plan.limit_seconds)
        async with asyncio.TaskGroup() as sent:
            under_way: set[asyncio.Task[None]] = set()
            for number in range(total):
                await asyncio.sleep(max(0, begin + number / self._plan.rate - time.monotonic()))
                if self._stop.is_set():
                    break
                self.report.requests += 1
                if len(under_way) >= _MAX_IN_FLIGHT:
                    self.report.failures.append(Failed(time.time(), "too many unanswered"))
                    continue
                task = sent.create_task(self._send(number))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
        for connection in self._idle:
            connection.close()

    async def _send(self, number: int) -> None:
        started, wall = time.monotonic(), time.time()
        kind = ""
        try:
            async with asyncio.timeout(self._plan.timeout):
                response = await self._exchange(self._traffic.request(number))
        except TimeoutError:
            kind = "timeout"
        except (OSError, BrokenResponseError) as error:
            kind = type(error).__name__
        else:
            if response.status in _SUCCESS:
                self._traffic.answered(number, response)
                self.report.milliseconds.append((time.monotonic() - started) * 1000)
            else:
                kind = f"status {response.status}"
        if kind:
            self.report.failures.append(Failed(wall, kind))

    async def _exchange(self, request: Request) -> Response:
        connection = await self._connection()
        try:
            response = await connection.send(request)
        except BaseException:
            connection.close()
            raise
        if connection.reusable:
            self._idle.append(connection)
        else:
            connection.close()
        return response

    async def _connection(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if connection.reusable:
                return connection
            connection.close()
        return await Connection.open(*self._address)
