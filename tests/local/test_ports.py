import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.errors import PlatformError
from local.ports import next_free, require_free
from tests.support.local_platform import launch


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_busy_port_is_named_with_its_holder_before_anything_starts(
    state: Path, environment: dict[str, str], busy_port: int
) -> None:
    platform = launch(state, port=busy_port, environment=environment)
    assert platform.wait_until_ended() == 1
    assert f"error: port {busy_port} is already in use by process {os.getpid()}" in platform.output
    assert "PORT=" in platform.output
    assert not (state / "postgres").exists()


def test_the_next_free_port_skips_what_is_busy_or_taken(busy_port: int) -> None:
    found = next_free(busy_port, taken=frozenset({busy_port + 1}))
    assert found > busy_port + 1
    assert require_free(found, setting="PORT") == found


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_number_that_is_no_port_is_refused(port: int) -> None:
    with pytest.raises(PlatformError, match=f"PORT={port} is not a port"):
        require_free(port, setting="PORT")


def test_a_port_in_use_on_every_address_is_busy_here_too() -> None:
    with socket.socket() as listener:
        listener.bind(("0.0.0.0", 0))  # noqa: S104 - the case under test
        listener.listen()
        port = listener.getsockname()[1]
        with pytest.raises(PlatformError, match="already in use"):
            require_free(port, setting="PORT")
