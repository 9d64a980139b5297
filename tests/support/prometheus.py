"""A real Prometheus on this machine, and targets for it."""

import json
import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx2
import yaml

from tests.support.polling import wait_for
from tests.support.tools import require_tool

SECONDS = 30
Json = dict[str, Any]


@dataclass(frozen=True)
class Prometheus:
    address: str

    def targets(self) -> list[Json]:
        """Return what it scrapes, as its API shows it."""
        targets: list[Json] = self._get("targets", state="active")["activeTargets"]
        return targets

    def query(self, expression: str) -> list[Json]:
        """Return the series of an instant query."""
        result: list[Json] = self._get("query", query=expression)["result"]
        return result

    def value(self, expression: str) -> float:
        """Return the sum over the series of a query; 0 when there are none."""
        return sum(float(series["value"][1]) for series in self.query(expression))

    def _get(self, what: str, **parameters: str) -> Json:
        address = f"{self.address}/api/v1/{what}"
        answer = httpx2.get(address, params=parameters, trust_env=False, timeout=SECONDS)
        data: Json = answer.raise_for_status().json()["data"]
        return data


@contextmanager
def running_prometheus(
    scrape_configs: Sequence[Json],
    folder: Path,
    *,
    rule_files: Sequence[Path] = (),
    interval: str = "1m",
) -> Iterator[Prometheus]:
    """Run it on a port that it chooses; `interval` is between scrapes and between evaluations."""
    program = require_tool("prometheus", package="prometheus")
    file, log = folder / "prometheus.yml", folder / "prometheus.log"
    config = {
        "global": {"scrape_interval": interval, "evaluation_interval": interval}
        | ({"scrape_timeout": interval} if interval.endswith("s") else {}),
        "rule_files": [str(path) for path in rule_files],
        "scrape_configs": list(scrape_configs),
    }
    file.write_text(yaml.safe_dump(config))
    with log.open("w") as output:
        process = subprocess.Popen(  # noqa: S603  our own arguments
            [
                program,
                f"--config.file={file}",
                f"--storage.tsdb.path={folder / 'data'}",
                "--web.listen-address=127.0.0.1:0",
            ],
            stdout=output,
            stderr=output,
        )
    try:
        yield Prometheus(wait_for(lambda: _address_in(log), seconds=SECONDS, what="it listens"))
    finally:
        process.terminate()
        process.wait(SECONDS)


def _address_in(log: Path) -> str | None:
    found = re.search(r'msg="Listening on".* address=(\S+)', log.read_text())
    return f"http://{found[1]}" if found else None


@contextmanager
def serving(answer: Callable[[], str | Json | list[Json]]) -> Iterator[str]:
    """Answer every GET with a text in Prometheus' format, or with JSON; give host:port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = answer()
            is_text = isinstance(body, str)
            self.send_response(200)
            self.send_header(
                "Content-Type", "text/plain; version=0.0.4" if is_text else "application/json"
            )
            self.end_headers()
            self.wfile.write((body if isinstance(body, str) else json.dumps(body)).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()
