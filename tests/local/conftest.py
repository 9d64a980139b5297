"""Platforms as real processes. One test worker runs them all: they are the heaviest tests."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.local_platform import Platform, environment_without_monitoring, running

# Nothing of this may reach the platform's own database.
_ANOTHER_DEPLOYMENT = {
    "BACKEND_DATABASE_HOST": "production.example.org",
    "BACKEND_DATABASE_SSLMODE": "require",
    "BACKEND_DATABASE_PASSWORD_FILE": "/nonexistent",
    "PGHOST": "production.example.org",
    "PGSSLMODE": "require",
}


@pytest.hookimpl(tryfirst=True)  # before the hook of pytest-xdist, which reads the mark
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("local"))
            # Several starts of five servers each, perhaps on a machine that is busy.
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(300))


def temporary_directory() -> Iterator[Path]:
    """A short directory: pytest's own are too long for a socket, which one test is about."""
    path = Path(tempfile.mkdtemp(prefix="up-"))
    yield path
    shutil.rmtree(path)


directory = pytest.fixture(temporary_directory)
session_directory = pytest.fixture(temporary_directory, scope="session")


@pytest.fixture
def state(directory: Path) -> Path:
    return directory / "state"


@pytest.fixture(scope="session")
def environment(session_directory: Path) -> dict[str, str]:
    """A machine without Prometheus and Alertmanager, whatever this one has."""
    return environment_without_monitoring(session_directory / "bin")


@pytest.fixture(scope="session")
def shared_platform(session_directory: Path, environment: dict[str, str]) -> Iterator[Platform]:
    """One that runs for all tests that only look at it, started where much is in its way.

    Its directory has a hostile name, an earlier start was cut short while it made the database, and
    the caller's environment is that of another deployment.
    """
    state = session_directory / 'it\'s $(a) "state", with a space' / "state"
    unfinished = state / "postgres.unfinished"
    state.parent.mkdir(mode=0o700)
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    (state / "lock").touch()
    if os.geteuid() == 0:
        shutil.chown(unfinished, "nobody")
    with running(state, environment=environment | _ANOTHER_DEPLOYMENT) as started:
        yield started


@pytest.fixture(scope="session")
def used_state(session_directory: Path, environment: dict[str, str]) -> Path:
    """A directory where a platform has run and stopped: a start there need not make a database."""
    state = session_directory / "used"
    with running(state, environment=environment) as first, first.client() as client:
        made = client.post("/api/v1/integrations", json={"slug": "kept", "name": "Kept"})
        assert made.status_code == 201
    return state


@pytest.fixture
def platform(used_state: Path, environment: dict[str, str]) -> Iterator[Platform]:
    with running(used_state, environment=environment) as started:
        yield started
