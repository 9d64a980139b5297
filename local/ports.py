"""Ports on the loopback interface, checked before anything starts."""

import socket

import psutil

from local.errors import PlatformError

HOST = "127.0.0.1"
_LAST_PORT = 65535
_TRIES = 100


def require_free(port: int, *, setting: str) -> int:
    """Return the port when a server can listen on it. `setting` is how a person changes it."""
    if not 1 <= port <= _LAST_PORT:
        raise PlatformError(
            f"{setting}={port} is not a port: choose one between 1 and {_LAST_PORT}"
        )
    try:
        _listen_briefly(port)
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


def next_free(preferred: int, *, taken: frozenset[int] = frozenset()) -> int:
    """The preferred port, or the first free one above it that is not in `taken`."""
    for port in range(preferred, min(preferred + _TRIES, _LAST_PORT + 1)):
        if port not in taken and _is_free(port):
            return port
    raise PlatformError(f"no free port between {preferred} and {preferred + _TRIES - 1}: free one")


def _is_free(port: int) -> bool:
    try:
        _listen_briefly(port)
    except OSError:
        return False
    return True


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
