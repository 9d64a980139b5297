"""Fixtures of the backend's unit tests: no database, no socket."""

import io

import pytest

from tests.support.logs import Logged, log_sink


@pytest.fixture(scope="session", autouse=True)
def _log_sink() -> io.BytesIO:
    return log_sink()


@pytest.fixture
def logged(_log_sink: io.BytesIO) -> Logged:
    return Logged(_log_sink)
