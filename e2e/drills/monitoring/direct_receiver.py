"""The people's end of Alertmanager's direct way: the address that the stack file names."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from e2e.cluster import topology
from e2e.cluster.processes import wait_until

PORT = 18080


class DirectReceiver:
    """Listens while the context is open, and remembers who told what when."""

    def __init__(self) -> None:
        self._told: list[tuple[float, str, str]] = []  # epoch, alert's name, status
        self._server = ThreadingHTTPServer((str(topology.LOAD_BALANCER[0]), PORT), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def told(self, alert: str, status: str, *, seconds: float) -> float | None:
        """Wait for it; when (epoch) it came, or None."""
        wait_until(lambda: self._time(alert, status) is not None, seconds=seconds)
        return self._time(alert, status)

    def received(self) -> str:
        return ", ".join(f"{alert} {status}" for _, alert, status in self._told) or "nothing"

    def _time(self, alert: str, status: str) -> float | None:
        return next((at for at, *what in self._told if what == [alert, status]), None)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        told = self._told

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                message: dict[str, Any] = json.loads(
                    self.rfile.read(int(self.headers["content-length"]))
                )
                for alert in message["alerts"]:
                    told.append((time.time(), alert["labels"]["alertname"], alert["status"]))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nothing: what came is in `received`."""

        return Handler
