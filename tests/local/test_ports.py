import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.errors import PlatformError
from local.ports import ChosenPorts
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


def test_the_next_free_port_skips_what_is_busy_or_chosen(busy_port: int) -> None:
    with ChosenPorts() as ports:
        found = ports.next_free(busy_port)
        assert found > busy_port
        assert ports.next_free(busy_port) > found
        with pytest.raises(PlatformError, match="already in use"):
            ports.require(found, setting="--worker-port")


def test_two_platforms_that_start_at_once_choose_different_ports(busy_port: int) -> None:
    with ChosenPorts() as first, ChosenPorts() as second:
        assert first.next_free(busy_port) != second.next_free(busy_port)


def test_a_port_is_given_back(busy_port: int) -> None:
    with ChosenPorts() as first:
        found = first.next_free(busy_port)
    with ChosenPorts() as second:
        assert second.require(found, setting="PORT") == found


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_number_that_is_no_port_is_refused(port: int) -> None:
    with ChosenPorts() as ports, pytest.raises(PlatformError, match=f"PORT={port} is not a port"):
        ports.require(port, setting="PORT")


def test_a_port_in_use_on_every_address_is_busy_here_too() -> None:
    with socket.socket() as listener:
        listener.bind(("0.0.0.0", 0))  # noqa: S104 - the case under test
        listener.listen()
        port = listener.getsockname()[1]
        with ChosenPorts() as ports, pytest.raises(PlatformError, match="already in use"):
            ports.require(port, setting="PORT")
