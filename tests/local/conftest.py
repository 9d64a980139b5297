"""Platforms as real processes. One test worker runs them all: they are the heaviest tests."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.local_platform import Platform, environment_without_monitoring, running


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("local"))
            # Several starts of five servers each, perhaps on a machine that is busy.
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(300))


@pytest.fixture
def directory() -> Iterator[Path]:
    """A short directory: pytest's own are too long for a socket, which one test is about."""
    path = Path(tempfile.mkdtemp(prefix="up-"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def state(directory: Path) -> Path:
    return directory / "state"


@pytest.fixture
def environment(directory: Path) -> dict[str, str]:
    """A machine without Prometheus and Alertmanager, whatever this one has."""
    return environment_without_monitoring(directory / "bin")


@pytest.fixture(scope="session")
def shared_platform() -> Iterator[Platform]:
    """One that runs for all tests that only look at it."""
    directory = Path(tempfile.mkdtemp(prefix="up-"))
    environment = environment_without_monitoring(directory / "bin")
    with running(directory / "state", environment=environment) as started:
        yield started
    shutil.rmtree(directory)


@pytest.fixture
def platform(state: Path, environment: dict[str, str]) -> Iterator[Platform]:
    with running(state, environment=environment) as started:
        yield started
