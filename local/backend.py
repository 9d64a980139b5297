"""The backend's three programs, started as in the container: migrations, API, worker."""

from collections.abc import Mapping

from local.ports import HOST
from local.programs import PYTHON, Program
from local.readiness import answers_ok

_DRAIN_SECONDS = 5
# As in the image: longer than a client keeps an idle connection, so that the client closes it.
_KEEP_ALIVE_SECONDS = 75
_STOP_SECONDS = 15


def migrations(environment: Mapping[str, str]) -> Program:
    return Program(
        name="migrations", command=(PYTHON, "-m", "backend.migrate"), environment=environment
    )


def api(environment: Mapping[str, str], *, port: int) -> Program:
    return Program(
        name="backend",
        command=(
            PYTHON,
            *("-m", "uvicorn", "backend.asgi:app"),
            *("--host", HOST, "--port", str(port)),
            *("--no-access-log", "--http", "backend.http.protocol:BoundedProtocol"),
            *("--timeout-keep-alive", str(_KEEP_ALIVE_SECONDS)),
            *("--timeout-graceful-shutdown", str(_DRAIN_SECONDS)),
        ),
        environment=environment,
        is_ready=lambda _: answers_ok(port, "/ready"),
        stop_within_seconds=_STOP_SECONDS,
    )


def worker(environment: Mapping[str, str], *, port: int) -> Program:
    return Program(
        name="worker",
        command=(PYTHON, "-m", "backend.worker"),
        environment=environment,
        is_ready=lambda _: answers_ok(port, "/health"),
        stop_within_seconds=_STOP_SECONDS,
    )
