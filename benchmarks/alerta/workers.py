"""gunicorn's settings for Alerta: two workers of eight threads, for a machine of two cores."""

import sys
from typing import Any

bind = "127.0.0.1:0"
workers = 2
worker_class = "gthread"
threads = 8
timeout = 120
control_socket_disable = True
# Alerta makes its schema at each start. Two workers that do so at the same moment can end in a
# deadlock, and one of them then fails requests.
preload_app = True


def when_ready(server: Any) -> None:
    """Say the address: by now, Alerta has switched off gunicorn's own log."""
    host, port = server.LISTENERS[0].sock.getsockname()
    sys.stderr.write(f"http://{host}:{port}\n")
    sys.stderr.flush()
