"""Ports of 127.0.0.1 for servers that tests start."""

import random
import socket

# Below 32768, where Linux begins to choose local ports for outgoing connections: a port from there
# is free when a test asks and taken when its server starts.
_PORTS = range(15_000, 32_000)
_TRIES = 100
_claims: list[socket.socket] = []
_choice = random.SystemRandom()


def free_port() -> int:
    """Return a port that nobody listens on and no other test chooses while this process lives.

    A name in the kernel's abstract socket namespace claims it, and goes with the process.
    """
    for port in _choice.sample(_PORTS, _TRIES):
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            claim.bind(f"\0observability-platform-test:{port}")
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            claim.close()
            continue
        _claims.append(claim)
        return port
    raise AssertionError(f"no free port among {_TRIES} of {_PORTS}")
