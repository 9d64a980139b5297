"""Running a plugin: what the engine expects of its process, and when the process ends."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import NoReturn

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

_MESSAGE_LIMIT = [("grpc.max_receive_message_length", 400 * 1024 * 1024)]
_LOOK_SECONDS = 0.2


class InFlight:
    """Operations that have begun: a cloud finishes them, also when nobody waits any more."""

    def __init__(self) -> None:
        self._count = 0
        self._lock = threading.Lock()

    @property
    def any(self) -> bool:
        return self._count > 0

    @contextmanager
    def one(self) -> Iterator[None]:
        with self._lock:
            self._count += 1
        try:
            yield
        finally:
            with self._lock:
                self._count -= 1


def listen(
    servicer: provider_pb2_grpc.ResourceProviderServicer,
) -> tuple[grpc.Server, int]:
    """Serve on a free port of the loopback interface."""
    # As many as the engine may ask at once: a slow operation must not hold up the others.
    server = grpc.server(ThreadPoolExecutor(max_workers=64), options=_MESSAGE_LIMIT)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def run(
    make: Callable[[InFlight], provider_pb2_grpc.ResourceProviderServicer],
) -> NoReturn:
    """Be a plugin until the engine is gone and everything that it began is done."""
    in_flight, ended = InFlight(), threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        # The engine's way to end a plugin; it waits 5 s for it, one plugin after the other.
        signal.signal(number, lambda *_: ended.set())
    engine = os.getppid()
    _, port = listen(make(in_flight))
    print(port, flush=True)
    _wait(engine, in_flight, ended)


def end_with_engine() -> None:
    """End this process when the engine is gone: a killed one does not end its plugins."""
    arguments = (os.getppid(), InFlight(), threading.Event())
    threading.Thread(target=_wait, args=arguments, daemon=True).start()


def _wait(engine: int, in_flight: InFlight, ended: threading.Event) -> NoReturn:
    while (os.getppid() == engine and not ended.is_set()) or in_flight.any:
        time.sleep(_LOOK_SECONDS)
    os._exit(0)  # not held up by a call that nobody will answer
