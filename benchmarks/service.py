"""The service itself, as it runs in a pod: migrated, behind uvicorn, with logs and metrics."""

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.database import Postgres
from benchmarks.load import Job, connected
from benchmarks.payloads import Mode, body_of, body_template, fresh_group, known_groups
from benchmarks.pgbench import CHOICE
from benchmarks.processes import Service, environment, python, run, service
from benchmarks.recording import Recorder, script, statements_between

INTAKE = "/api/v1/webhooks/alertmanager"
TOKEN_FILE = "admin-token"  # noqa: S105  # a file's name
_HTTP = "--http=backend.http.protocol:BoundedProtocol"
API = python(
    "uvicorn", "backend.asgi:app", "--host=127.0.0.1", "--port=0", "--no-access-log", _HTTP
)
WORKER = python("backend.worker")

# asyncpg asks for types and prepares statements in a session's first requests; none after these.
_WARM_UP = 5


@dataclass(frozen=True)
class Platform:
    """A running API process and a token that may deliver to it."""

    api: Service
    token: str

    @property
    def port(self) -> int:
        return self.api.port

    def post(self, body: bytes) -> None:
        """Deliver a body that is sent as it is; raise RefusedRequest unless it is taken."""
        asyncio.run(self._post(body))

    async def _post(self, body: bytes) -> None:
        job = Job(
            port=self.port,
            path=INTAKE,
            token=self.token,
            template="",
            mode=Mode.UPDATE,
            seconds=0,
        )
        async with connected(job) as connection:
            await connection.post(body)


def migrate(postgres: Postgres, directory: Path) -> str:
    """Make the schema and a token with all rights; return the token."""
    token = secrets.token_urlsafe(32)
    file = directory / TOKEN_FILE
    file.write_text(token, encoding="utf-8")
    settings = postgres.settings(BACKEND_ADMIN_TOKEN_FILE=str(file))
    run(python("backend.migrate"), env=environment(**settings))
    return token


@contextmanager
def platform(postgres: Postgres, directory: Path, token: str) -> Iterator[Platform]:
    """Run one API process: tracing off, everything else as in production."""
    with service(API, directory / "api.log", environment(**postgres.settings())) as api:
        yield Platform(api, token)


def record_scripts(postgres: Postgres, directory: Path, token: str) -> dict[Mode, Path]:
    """Let PostgreSQL write down one request of each mode, and make pgbench scripts of them."""
    template = body_template(datetime.now(UTC))
    known, fresh = known_groups().start, fresh_group()
    recorder = Recorder(postgres)
    recorder.switch(on=True)
    try:
        with platform(postgres, directory, token) as recorded:
            for _ in range(_WARM_UP):
                recorded.post(body_of(template, known))
            marks = [recorder.mark()]
            for group in (known, fresh):
                recorded.post(body_of(template, group))
                marks.append(recorder.mark())
    finally:
        recorder.switch(on=False)
    log = recorder.log()
    paths = {}
    for mode, group, begin, end in zip(Mode, (known, fresh), marks, marks[1:], strict=False):
        paths[mode] = directory / f"{mode}.sql"
        statements = statements_between(log, begin, end)
        paths[mode].write_text(script(statements, group, CHOICE[mode]), encoding="utf-8")
    return paths
