"""How the process stops: it reports that it is draining, answers late requests, then ends.

uvicorn closes its listening socket as soon as it gets SIGTERM, and resets what the kernel had
accepted for it. So SIGTERM first turns `/ready` to 503 and makes every answer close its connection;
uvicorn gets the signal once no request has come for a moment.
"""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Protocol

QUIET_SECONDS = 1.0
LONGEST_SECONDS = 5.0
_CHECK_SECONDS = 0.1


@dataclass
class Draining:
    """Whether the process is stopping. Middleware, readiness and signal handler share it."""

    active: bool = False
    began_at: float = field(default=0, init=False)
    last_request_at: float = field(default=0, init=False)

    def begin(self, now: float) -> None:
        self.active = True
        self.began_at = self.last_request_at = now

    def is_over(self, now: float) -> bool:
        return now - self.last_request_at >= QUIET_SECONDS or now - self.began_at >= LONGEST_SECONDS


class SignalHandler(Protocol):
    def __call__(self, number: int, frame: FrameType | None, /) -> object: ...


@contextmanager
def drain_on_sigterm(draining: Draining) -> Iterator[None]:
    """Drain before the server's own handler of SIGTERM runs, if a server has set one.

    A second SIGTERM does not wait. Needs the running event loop, in the main thread.
    """
    server = signal.getsignal(signal.SIGTERM)
    if not callable(server):
        yield
        return
    loop = asyncio.get_running_loop()

    def on_signal(number: int, frame: FrameType | None) -> None:
        if draining.active:
            server(number, frame)
        else:
            draining.begin(loop.time())
            loop.call_soon_threadsafe(_stop_when_quiet, loop, draining, server)

    signal.signal(signal.SIGTERM, on_signal)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, server)


def _stop_when_quiet(
    loop: asyncio.AbstractEventLoop, draining: Draining, server: SignalHandler
) -> None:
    if draining.is_over(loop.time()):
        server(signal.SIGTERM, None)
    else:
        loop.call_later(_CHECK_SECONDS, _stop_when_quiet, loop, draining, server)
