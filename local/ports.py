"""Ports on the loopback interface, checked before anything starts."""

import contextlib
import socket
from typing import Self

import psutil

from local.errors import PlatformError

HOST = "127.0.0.1"
_LAST_PORT = 65535
_TRIES = 100


class ChosenPorts:
    """The ports of one platform: free, and chosen by no other platform that starts just now.

    A server listens seconds after its port is chosen. Until then a name in the kernel's abstract
    socket namespace says that the port is taken; it goes with the process, however that dies.
    """

    def __init__(self) -> None:
        self._claims: list[socket.socket] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for claim in self._claims:
            claim.close()

    def require(self, port: int, *, setting: str) -> int:
        """Return the port when a server can listen on it. `setting` is how a person changes it."""
        if not 1 <= port <= _LAST_PORT:
            raise PlatformError(
                f"{setting}={port} is not a port: choose one between 1 and {_LAST_PORT}"
            )
        try:
            self._claim(port)
        except PermissionError as error:
            raise PlatformError(
                f"only root may open port {port}: choose one above 1023 with {setting}="
            ) from error
        except OSError as error:
            raise PlatformError(
                f"port {port} is already in use{_holder(port)}: free it, or choose another "
                f"with {setting}="
            ) from error
        return port

    def next_free(self, preferred: int) -> int:
        """The preferred port, or the first free one above it."""
        for port in range(preferred, min(preferred + _TRIES, _LAST_PORT + 1)):
            with contextlib.suppress(OSError):
                self._claim(port)
                return port
        raise PlatformError(
            f"no free port between {preferred} and {preferred + _TRIES - 1}: free one"
        )

    def _claim(self, port: int) -> None:
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            claim.bind(f"\0observability-platform:{port}")
            _listen_briefly(port)
        except OSError:
            claim.close()
            raise
        self._claims.append(claim)


def _listen_briefly(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        # As the servers do: a connection in TIME_WAIT does not make a port busy.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(1)


def _holder(port: int) -> str:
    """Return the name of the listening process, if this user may see it."""
    try:
        connections = psutil.net_connections(kind="tcp")
        pids = [
            connection.pid
            for connection in connections
            if connection.status == psutil.CONN_LISTEN
            and connection.laddr
            and connection.laddr.port == port
        ]
        if not pids or pids[0] is None:
            return ""
        return f" by process {pids[0]} ({psutil.Process(pids[0]).name()})"
    except psutil.Error:
        return ""
