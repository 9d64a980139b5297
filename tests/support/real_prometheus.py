"""A real Prometheus on this machine, with a configuration of the test's, asked by its API."""

import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import yaml

from tests.support.chart import CHART, Tree, load
from tests.support.polling import wait_for
from tests.support.tools import require_tool

RULE_FILES = sorted((CHART / "files" / "rules").glob("*.yaml"))
_SECONDS = 30
# Of a range, an offset or a `for`: "[5m]", "offset 12m", "2h"; not the 5m in the name of a series.
_DURATION = re.compile(r"(?<![\w.])(\d+)([smhd])\b")
_MILLISECONDS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


class Prometheus:
    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, path: str, **parameters: str) -> Any:
        answer = httpx2.get(f"{self.url}/api/v1/{path}", params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def is_ready(self) -> bool:
        try:
            return httpx2.get(f"{self.url}/-/ready").status_code == 200
        except httpx2.TransportError:
            return False


@contextmanager
def prometheus(config: Tree, directory: Path, *flags: str) -> Iterator[Prometheus]:
    """Run Debian's Prometheus; skip the test where there is none."""
    program = require_tool("prometheus", package="prometheus")
    (directory / "prometheus.yml").write_text(yaml.safe_dump(config))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (directory / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603  # Debian's Prometheus, on a file of ours
            [
                program,
                f"--config.file={directory / 'prometheus.yml'}",
                f"--storage.tsdb.path={directory / 'tsdb'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--enable-feature=exemplar-storage",
                *flags,
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        found = Prometheus(f"http://127.0.0.1:{port}")
        wait_for(found.is_ready, seconds=_SECONDS, what="Prometheus is ready")
        yield found
    finally:
        process.terminate()
        process.wait(_SECONDS)


def faster_rules(directory: Path, times: int) -> str:
    """Write the chart's rules with every duration divided; return what `rule_files` says."""
    directory.mkdir()
    for file in RULE_FILES:
        content = load(file)
        for group in content["groups"]:
            for part in (group, *group["rules"]):
                for key in {"interval", "for", "expr"} & part.keys():
                    part[key] = _faster(part[key], times)
        (directory / file.name).write_text(yaml.safe_dump(content))
    return str(directory / "*.yaml")


def _faster(text: str, times: int) -> str:
    return _DURATION.sub(lambda m: f"{int(m[1]) * _MILLISECONDS[m[2]] // times}ms", text)
