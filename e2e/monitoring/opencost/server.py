"""Runs in OpenCost's pod, in place of the program and of its UI: probes and a scrape. Stdlib alone.

No cost is invented: /metrics has one series, which says that this is a stand-in, so that the target
is up and every cost panel is empty.
"""

import os
import signal
import sys
from collections.abc import Mapping
from http.server import ThreadingHTTPServer

from e2e.monitoring.answers import Handler

METRICS = "# TYPE opencost_stand_in gauge\nopencost_stand_in 1\n"


def port(environment: Mapping[str, str]) -> int:
    """Both containers have API_PORT, and only the UI's has one of its own."""
    return int(environment.get("UI_PORT") or environment.get("API_PORT") or 9003)


class OpenCost(Handler):
    def do_GET(self) -> None:  # noqa: N802 - the base class's name
        if self.path == "/healthz":
            self.json({})
        elif self.path == "/metrics":
            self.answer(METRICS)
        else:
            self.json({"message": "a stand-in: no cost is known"}, 404)


def main() -> None:
    print("stand-in for OpenCost: no cost is known", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    ThreadingHTTPServer(("", port(os.environ)), OpenCost).serve_forever()


if __name__ == "__main__":
    main()
