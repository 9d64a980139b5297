"""Runs in the pod as Alloy's chart starts it: `run FILE --flags`, probes, metrics, reloading.

Stdlib alone. Flags that the chart gives are the only ones that it takes.
"""

import argparse
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

from e2e.load_balancer.fake_controller.api import Api
from e2e.monitoring.alloy.agent import Agent
from e2e.monitoring.alloy.errors import AlloyError

_STEP_SECONDS = 1.0


class Program:
    """The agent of the configuration that was read last without an error."""

    def __init__(self, configuration: Path, storage: Path, api: Api) -> None:
        self._configuration, self._storage, self._api = configuration, storage, api
        self._lock = threading.Lock()
        self._agent: Agent | None = None

    @property
    def is_ready(self) -> bool:
        return self._agent is not None

    def load(self) -> None:
        """Read the configuration; the old one goes on when the new one is wrong."""
        text = self._configuration.read_text()
        agent = Agent(text, api=self._api, environment=os.environ, storage=self._storage)
        with self._lock:
            if self._agent is not None:
                self._agent.stop()
            agent.start()
            self._agent = agent

    def run(self) -> None:
        while True:
            with self._lock:
                if self._agent is not None:
                    self._agent.step()
            time.sleep(_STEP_SECONDS)

    def metrics(self) -> str:
        writers = self._agent.writers.values() if self._agent else ()
        troubles = [each.trouble for each in (self._agent.discoveries if self._agent else ())]
        values = {
            "alloy_build_info": 1,
            "alloy_config_last_load_successful": int(self.is_ready),
            "loki_write_sent_entries_total": sum(writer.sent for writer in writers),
            "loki_write_dropped_entries_total": sum(writer.dropped for writer in writers),
            "alloy_stand_in_discovery_failing": sum(bool(each) for each in troubles),
        }
        return "".join(f"{name} {value}\n" for name, value in values.items())


class Handler(BaseHTTPRequestHandler):
    """Answers about one program; `serve` makes the class that knows which."""

    protocol_version = "HTTP/1.1"
    program: ClassVar[Program]

    def do_GET(self) -> None:
        match self.path:
            case "/-/ready" | "/-/healthy":
                self._answer(200 if self.program.is_ready else 503, "stand-in for Alloy\n")
            case "/metrics":
                self._answer(200, self.program.metrics())
            case "/-/reload":
                self._reload()
            case _:
                self._answer(404, "")

    def do_POST(self) -> None:
        if self.path == "/-/reload":
            self._reload()
        else:
            self._answer(404, "")

    def _reload(self) -> None:
        try:
            self.program.load()
        except (AlloyError, OSError) as error:
            print(error, flush=True)
            self._answer(400, f"error during reload: {error}\n")
        else:
            self._answer(200, "config reloaded\n")

    def _answer(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("content-type", "text/plain; charset=utf-8")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Keep quiet: the kubelet asks every few seconds."""


def serve(program: Program, address: tuple[str, int]) -> ThreadingHTTPServer:
    return ThreadingHTTPServer(address, type("Bound", (Handler,), {"program": program}))


def _arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="alloy", allow_abbrev=False)
    run = parser.add_subparsers(required=True).add_parser("run", allow_abbrev=False)
    run.add_argument("configuration", type=Path)
    run.add_argument("--storage.path", dest="storage", type=Path, required=True)
    run.add_argument("--server.http.listen-addr", dest="listen", default="127.0.0.1:12345")
    run.add_argument("--server.http.ui-path-prefix")
    run.add_argument("--disable-reporting", action="store_true")
    run.add_argument("--stability.level", choices=["generally-available"])
    return parser.parse_args(words)


def main() -> None:
    print("stand-in for Alloy, started with:", *sys.argv[1:], flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    given = _arguments(sys.argv[1:])
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
    program = Program(given.configuration, given.storage, Api(f"https://{host}:{port}"))
    try:
        program.load()
    except AlloyError as error:
        sys.exit(str(error))
    threading.Thread(target=program.run, daemon=True).start()
    address, _, listen = given.listen.rpartition(":")
    serve(program, (address, int(listen))).serve_forever()


if __name__ == "__main__":
    main()
