"""Small servers that behave well or badly, for HAProxy and the load to talk to."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Seen:
    path: str
    client: str
    headers: Message
    body: bytes


@dataclass(slots=True)
class Server:
    """Answers 200 with its name; what it says to health checks and others can be changed."""

    name: str = "pod"
    ready: int = 200
    status: int = 200
    address: str = ""
    seen: list[Seen] = field(default_factory=list)  # without health checks
    checks: list[str] = field(default_factory=list)  # paths
    release: threading.Event = field(default_factory=threading.Event)  # ends requests to /slow

    @property
    def url(self) -> str:
        return f"http://{self.address}"


@contextmanager
def serving(name: str = "pod") -> Iterator[Server]:
    server = Server(name)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.path.startswith("/ready"):
                server.checks.append(self.path)
                return self._answer(server.ready, "")
            body = self.rfile.read(int(self.headers["content-length"] or 0))
            server.seen.append(Seen(self.path, self.client_address[0], self.headers, body))
            if self.path == "/hang-up":
                self.close_connection = True
                return None
            if self.path == "/slow":
                server.release.wait(30)
            return self._answer(server.status, server.name)

        do_POST = do_GET  # noqa: N815 - the base class's way

        def _answer(self, status: int, text: str) -> None:
            head = f"HTTP/1.1 {status} As told\r\ncontent-length: {len(text)}\r\n\r\n"
            with suppress(OSError):  # a test may end before its requests do
                self.wfile.write(f"{head}{text}".encode())

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    listening = ThreadingHTTPServer((HOST, 0), Handler)
    server.address = f"{HOST}:{listening.server_port}"
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.release.set()
        listening.shutdown()
        listening.server_close()
