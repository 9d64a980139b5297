"""What every plugin of the engine does: serve gRPC, print the port, end when the engine is gone."""

import importlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import grpc

# The executables, by the names that the engine looks for on its PATH.
DIRECTORY = Path(__file__).with_name("bin")
_MODULES = {
    "pulumi-language-python": "fake_language_host",
    "pulumi-resource-aws": "fake_aws.catalogue",
    "pulumi-resource-eks": "fake_eks",
    "pulumi-resource-random": "fake_random",
}
_MESSAGE_LIMIT = 400 * 1024 * 1024
_LOOK_SECONDS = 0.05
# More than the engine asks at once: a slow operation must not hold up the others.
_THREADS = 64


def main(name: str) -> None:
    """Be the plugin of this name."""
    importlib.import_module(f"e2e.deploy.cloud.{_MODULES[name]}").serve()


class Operations:
    """What has begun is finished, as a cloud would, also when the engine that asked is killed."""

    def __init__(self) -> None:
        self._count = 0
        self._lock = threading.Lock()

    @contextmanager
    def one(self) -> Iterator[None]:
        with self._lock:
            self._count += 1
        try:
            yield
        finally:
            with self._lock:
                self._count -= 1

    @property
    def any(self) -> bool:
        return self._count > 0


def serve(register: Callable[[grpc.Server], None], operations: Operations) -> NoReturn:
    """Serve until the engine is gone, or ends this plugin, and nothing is under way."""
    engine, ended = os.getppid(), threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        # So the engine ends a plugin. It waits 5 s for each, one after the other.
        signal.signal(number, lambda *_: ended.set())
    options = [("grpc.max_receive_message_length", _MESSAGE_LIMIT)]
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=_THREADS), options=options)
    register(server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    _wait(engine, ended, operations)


def end_with_engine() -> None:
    """End this process when the engine is gone: a killed one does not end its plugins."""
    arguments = (os.getppid(), threading.Event(), Operations())
    threading.Thread(target=_wait, args=arguments, daemon=True).start()


def _wait(engine: int, ended: threading.Event, operations: Operations) -> NoReturn:
    while (os.getppid() == engine and not ended.is_set()) or operations.any:
        time.sleep(_LOOK_SECONDS)
    os._exit(0)  # not held up by a call that will never be answered
