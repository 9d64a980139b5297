"""Bounded load on the load balancer: counts every failure that a user would see.

Requests start by the clock, however slow the answers are, and none is sent twice. Only this machine
or a load balancer of AWS is ever a target, and every load ends by itself.
"""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Protocol, Self
from urllib.parse import urlsplit

import httpx2

_MAX_IN_FLIGHT = 2000
_LOAD_BALANCERS = ".elb.amazonaws.com"


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Traffic(Protocol):
    """What a load sends."""

    def request(self, number: int) -> Request:
        """Make the request with this running number."""

    def answered(self, number: int, response: httpx2.Response) -> None:
        """Take note of a 2xx answer to it."""


@dataclass(frozen=True, slots=True)
class Failed:
    at: float  # seconds since the epoch, when the request began
    kind: str


@dataclass(slots=True)
class Report:
    """Of one load. A request has failed unless it was answered with 2xx."""

    begun: list[float] = field(default_factory=list)  # when each request began, as below
    failures: list[Failed] = field(default_factory=list)

    @property
    def requests(self) -> int:
        return len(self.begun)

    @property
    def failed(self) -> int:
        return len(self.failures)

    @property
    def kinds(self) -> Mapping[str, int]:
        """How often requests failed in which way."""
        return dict(Counter(failure.kind for failure in self.failures))

    def window_since(self, event: float) -> float:
        """Seconds from an event (epoch) to the last failure that began after it; 0 without any."""
        return max(
            (failure.at - event for failure in self.failures if event <= failure.at), default=0.0
        )


class Load:
    """Runs while its context is open, in a thread of its own; `report` is complete afterwards."""

    def __init__(
        self,
        url: str,
        traffic: Traffic,
        *,
        rate: float,
        limit_seconds: float = 300,
        timeout: float = 15,
    ) -> None:
        """Send `rate` requests a second for at most `limit_seconds`.

        `timeout` is of one request: longer than the load balancer's to connect.
        """
        host = urlsplit(url).hostname or ""
        if not host.endswith(_LOAD_BALANCERS) and not ip_address(host).is_loopback:
            raise ValueError(f"load goes to 127.0.0.1 and load balancers only, not to {url}")
        self.report = Report()
        self._url, self._rate, self._timeout = url, rate, timeout
        self._total = int(rate * limit_seconds)
        self._traffic = traffic
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="load", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        self._stop.set()
        self._thread.join(self._timeout + 10)
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
        # A connection is kept as long as the other side keeps it; the time is ours to measure.
        client = httpx2.AsyncClient(
            base_url=self._url,
            limits=httpx2.Limits(keepalive_expiry=None),
            timeout=None,
            trust_env=False,
        )
        async with client, asyncio.TaskGroup() as sent:
            under_way: set[asyncio.Task[None]] = set()
            for number in range(self._total):
                await asyncio.sleep(max(0, begin + number / self._rate - time.monotonic()))
                if self._stop.is_set():
                    break
                self.report.begun.append(now := time.time())
                if len(under_way) >= _MAX_IN_FLIGHT:
                    self.report.failures.append(Failed(now, "too many unanswered"))
                    continue
                task = sent.create_task(self._send(client, number, now))
                under_way.add(task)
                task.add_done_callback(under_way.discard)

    async def _send(self, client: httpx2.AsyncClient, number: int, began: float) -> None:
        kind = ""
        asked = self._traffic.request(number)
        try:
            async with asyncio.timeout(self._timeout):
                response = await client.request(
                    asked.method, asked.path, headers=asked.headers, content=asked.body
                )
        except TimeoutError:
            kind = "timeout"
        except httpx2.TransportError as error:
            kind = type(error).__name__
        else:
            if response.is_success:
                self._traffic.answered(number, response)
            else:
                kind = f"status {response.status_code}{_code(response)}"
        if kind:
            self.report.failures.append(Failed(began, kind))


def _code(response: httpx2.Response) -> str:
    """Name the error, where the backend answered and not the load balancer."""
    try:
        return f" {response.json()['code']}"
    except (ValueError, LookupError, TypeError):
        return ""
