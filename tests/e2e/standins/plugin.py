"""What every plugin of the engine does: serve gRPC, print the port, end when the engine is gone."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager

import grpc

_MESSAGE_LIMIT = 400 * 1024 * 1024


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


def serve(register: Callable[[grpc.Server], None], operations: Operations) -> None:
    """Serve until the engine is gone and nothing is under way."""
    options = [("grpc.max_receive_message_length", _MESSAGE_LIMIT)]
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16), options=options)
    register(server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    engine = os.getppid()
    while os.getppid() == engine or operations.any:
        time.sleep(0.5)
    os._exit(0)  # not held up by a call that will never be answered
