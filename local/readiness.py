"""Asking a server on this machine whether it answers."""

import http.client

from local.ports import HOST

_TIMEOUT_SECONDS = 2


def answers_ok(port: int, path: str) -> bool:
    """True when GET path is answered 200. Blocks for two seconds at most; never uses a proxy."""
    connection = http.client.HTTPConnection(HOST, port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
