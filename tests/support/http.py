"""HTTP in this process: calling the application over ASGI, and answering on a port."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx2
from fastapi import FastAPI


@asynccontextmanager
async def client_of(app: FastAPI, *, token: str | None = None) -> AsyncIterator[httpx2.AsyncClient]:
    """Run the application's lifespan and give a client of it, with a bearer token if wanted."""
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    transport = httpx2.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(
            transport=transport, base_url="http://backend", headers=headers
        ) as client,
    ):
        yield client


@dataclass(frozen=True)
class Asked:
    path: str
    headers: Mapping[str, str]
    body: bytes


@contextmanager
def listening(answer: Callable[[Asked], tuple[str, str]]) -> Iterator[int]:
    """Answer every GET and POST with a content type and a text; give the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            kind, text = answer(Asked(self.path, dict(self.headers), body))
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(text.encode())

        do_POST = do_GET  # noqa: N815  # the name that the base class looks for

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
