"""The environment of the platform's processes. Only this module reads the caller's."""

import os
from collections.abc import Mapping
from pathlib import Path

from local.ports import HOST
from local.state import State

# Every process of a platform has its state directory in this variable, so that the next start finds
# what an interrupted run left behind.
STATE_MARKER = "OBSERVABILITY_STATE"
DATABASE_NAME = "backend"
DATABASE_USER = "backend"
# Shorter than in production, because nobody depends on requests to a laptop.
_DEFAULTS = {"BACKEND_ENVIRONMENT": "local", "BACKEND_SHUTDOWN_GRACE_SECONDS": "5"}


def base_environment(state: State, caller: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the caller's environment without variables that would misdirect a process."""
    environment = {
        name: value
        for name, value in caller.items()
        # libpq's variables (PGHOST, PGPASSWORD, ...) also steer initdb and asyncpg.
        if not name.startswith("PG") and name != "PYTHONHOME"
    }
    if environment.pop("PYTHONDONTWRITEBYTECODE", ""):
        # Compiling every library at every start takes longer than everything else. The variable
        # is meant for the source tree, so compiled files go to the state directory.
        environment.setdefault("PYTHONPYCACHEPREFIX", str(state.root / "bytecode"))
    environment["PYTHONUNBUFFERED"] = "1"
    environment[STATE_MARKER] = str(state.root)
    return environment


def backend_environment(
    state: State,
    *,
    socket_directory: Path,
    worker_port: int,
    caller: Mapping[str, str] = os.environ,
) -> dict[str, str]:
    """Return the environment of the backend's processes: the caller's BACKEND_* settings and ours.

    Ours win: a shell that carries the settings of a real deployment must not reach it from here.
    """
    owned = {
        "BACKEND_DATABASE_HOST": str(socket_directory),
        "BACKEND_DATABASE_PORT": "5432",
        "BACKEND_DATABASE_NAME": DATABASE_NAME,
        "BACKEND_DATABASE_USER": DATABASE_USER,
        "BACKEND_DATABASE_SSLMODE": "disable",
        "BACKEND_ADMIN_TOKEN_FILE": str(state.admin_token),
        "BACKEND_DISCOVERY_TOKEN_FILE": str(state.discovery_token),
        "BACKEND_SESSION_KEY_FILE": str(state.session_key),
        "BACKEND_WORKER_HOST": HOST,
        "BACKEND_WORKER_PORT": str(worker_port),
    }
    environment = _DEFAULTS | base_environment(state, caller) | owned
    environment.pop("BACKEND_DATABASE_PASSWORD_FILE", None)
    return environment
