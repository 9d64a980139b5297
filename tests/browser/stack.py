"""What the browser looks at: a real PostgreSQL, really migrated, and uvicorn in its own process."""

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from backend.bootstrap import ADMIN
from backend.settings import Settings
from tests.support.postgres import SUPERUSER, Server, running_server
from tests.support.process import MIGRATE, run, running
from tests.support.settings import environment_of, make_settings


@dataclass
class Backend:
    """The API process. It keeps its port when it is stopped and started again."""

    settings: Settings
    url: str = ""
    _running: ExitStack = field(default_factory=ExitStack)

    def start(self) -> None:
        port = urlsplit(self.url).port or 0
        arguments = ("-m", "uvicorn", "backend.asgi:app", "--host", "127.0.0.1",
                     "--port", str(port), "--no-access-log")  # fmt: skip
        process = self._running.enter_context(running(arguments, environment_of(self.settings)))
        self.url = process.base_url()

    def stop(self) -> None:
        self._running.close()


@dataclass(frozen=True)
class Stack:
    postgres: Server
    backend: Backend
    admin_token: str

    @property
    def url(self) -> str:
        return self.backend.url

    async def execute(self, *statements: str) -> None:
        """Run SQL beside the backend, for what no request can do."""
        connection = await asyncpg.connect(
            host=str(self.postgres.socket_directory), user=SUPERUSER, database="postgres"
        )
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    async def revoke_admin(self) -> None:
        """End the sessions of everybody who signed in with the admin token."""
        await self.execute("UPDATE token SET revoked_at = now() WHERE integration_id IS NULL")

    async def empty(self) -> None:
        """Forget all alerts, deliveries and integrations but the first one."""
        await self.execute(
            "TRUNCATE alert, open_episode, episode, delivery",
            f"DELETE FROM token WHERE name <> '{ADMIN}'",  # noqa: S608  # a constant of ours
            "DELETE FROM integration WHERE slug <> 'default'",
            "UPDATE token SET revoked_at = NULL",
        )


@contextmanager
def running_stack(directory: Path) -> Iterator[Stack]:
    """Start everything with its secrets in `directory`; stop it at the end."""
    token = f"cnop_{secrets.token_urlsafe(32)}"
    (directory / "admin-token").write_text(token)
    (directory / "session-key").write_text(secrets.token_hex(32))
    with running_server() as postgres:
        settings = make_settings(
            environment="local",
            database_host=str(postgres.socket_directory),
            database_name="postgres",
            database_user=SUPERUSER,
            admin_token_file=directory / "admin-token",
            session_key_file=directory / "session-key",
        )
        migrated = run(MIGRATE, environment_of(settings))
        assert migrated.returncode == 0, migrated.stderr
        backend = Backend(settings)
        backend.start()
        try:
            yield Stack(postgres=postgres, backend=backend, admin_token=token)
        finally:
            backend.stop()
