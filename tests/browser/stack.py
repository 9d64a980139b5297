"""What the browser looks at: a real PostgreSQL, really migrated, and uvicorn in its own process."""

import asyncio
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import asyncpg
import httpx2

from tests.support.postgres import SUPERUSER, Server, running_server

ROOT = Path(__file__).parents[2]
START_TIMEOUT_SECONDS = 30
STOP_TIMEOUT_SECONDS = 10


@dataclass
class Backend:
    """The API process. It keeps its port when it is stopped and started again."""

    environment: Mapping[str, str]
    log: Path
    port: int = 0
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        # The child inherits a socket that listens already; ours is closed, so that the port is
        # refused as soon as the child is gone.
        with socket.create_server(("127.0.0.1", self.port)) as listening:
            self.port = listening.getsockname()[1]
            with self.log.open("ab") as log:
                self._process = subprocess.Popen(  # noqa: S603  # our own interpreter and package
                    [sys.executable, "-m", "uvicorn", "backend.asgi:app",
                     "--fd", str(listening.fileno()), "--no-access-log"],
                    cwd=ROOT,
                    env={**os.environ, **self.environment},
                    pass_fds=[listening.fileno()],
                    stdout=log,
                    stderr=log,
                )  # fmt: skip
        self._wait_until_ready(self._process)

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        self._process.wait(STOP_TIMEOUT_SECONDS)
        self._process = None

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            try:
                if httpx2.get(f"{self.url}/ready", timeout=5).status_code == HTTPStatus.OK:
                    return
            except httpx2.TransportError:
                pass
            time.sleep(0.05)
        raise RuntimeError(f"the backend did not get ready:\n{self.log.read_text()}")


@dataclass(frozen=True)
class Stack:
    postgres: Server
    backend: Backend
    admin_token: str

    @property
    def url(self) -> str:
        return self.backend.url

    def execute(self, *statements: str) -> None:
        """Run SQL beside the backend, for what no request can do."""
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, _execute(self.postgres, statements)).result()

    def empty(self) -> None:
        """Forget all alerts, deliveries and integrations but the first one."""
        self.execute(
            "TRUNCATE alert, open_episode, episode, delivery",
            "DELETE FROM token WHERE name <> 'admin'",
            "DELETE FROM integration WHERE slug <> 'default'",
            "UPDATE token SET revoked_at = NULL",
        )


async def _execute(postgres: Server, statements: tuple[str, ...]) -> None:
    connection = await asyncpg.connect(
        host=str(postgres.socket_directory), user=SUPERUSER, database="postgres"
    )
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@contextmanager
def running_stack(directory: Path) -> Iterator[Stack]:
    """Start everything with its state in `directory`; stop it at the end."""
    token = f"cnop_{secrets.token_urlsafe(32)}"
    (directory / "admin-token").write_text(token)
    (directory / "session-key").write_text(secrets.token_hex(32))
    with running_server() as postgres:
        environment = {
            "BACKEND_DATABASE_HOST": str(postgres.socket_directory),
            "BACKEND_DATABASE_NAME": "postgres",
            "BACKEND_DATABASE_USER": SUPERUSER,
            "BACKEND_DATABASE_SSLMODE": "disable",
            "BACKEND_DATABASE_CONNECT_TIMEOUT_SECONDS": "2",
            "BACKEND_ADMIN_TOKEN_FILE": str(directory / "admin-token"),
            "BACKEND_SESSION_KEY_FILE": str(directory / "session-key"),
        }
        subprocess.run(  # our own interpreter and package
            [sys.executable, "-m", "backend.migrate"],
            cwd=ROOT,
            env={**os.environ, **environment},
            check=True,
        )
        backend = Backend(environment, log=directory / "backend.log")
        backend.start()
        try:
            yield Stack(postgres=postgres, backend=backend, admin_token=token)
        finally:
            backend.stop()
