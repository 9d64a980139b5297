"""Runs in the probe's pods: answers with its host name; `/burn` costs CPU."""

import signal
import socket
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_BURN_SECONDS = 0.03


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes

    def do_GET(self) -> None:
        if self.path == "/burn":
            end = time.thread_time() + _BURN_SECONDS
            while time.thread_time() < end:
                pass
        body = socket.gethostname().encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Keep quiet: a line per request is no use."""


def main() -> None:
    server = ThreadingHTTPServer(("", 8000), Handler)
    server.daemon_threads = True

    def stop(*_: object) -> None:
        raise SystemExit

    signal.signal(signal.SIGTERM, stop)
    server.serve_forever()


if __name__ == "__main__":
    main()
