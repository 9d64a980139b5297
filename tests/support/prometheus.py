"""A real Prometheus on this machine, targets for it, and the chart's rules with less waiting."""

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import yaml

from tests.support.chart import Tree, load
from tests.support.http import listening
from tests.support.polling import wait_for
from tests.support.rules import BACKEND_FILES
from tests.support.tools import require_tool

SECONDS = 30

# Of a range, an offset or a `for`: "[5m]", "offset 12m", "2h"; not the 5m in the name of a series.
_DURATION = re.compile(r"(?<![\w.])(\d+)([smhd])\b")
_MILLISECONDS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


@dataclass(frozen=True)
class Prometheus:
    address: str

    def targets(self) -> list[Tree]:
        """Return what it scrapes, as its API shows it."""
        targets: list[Tree] = self.ask("targets", state="active")["activeTargets"]
        return targets

    def query(self, expression: str) -> list[Tree]:
        """Return the series of an instant query."""
        result: list[Tree] = self.ask("query", query=expression)["result"]
        return result

    def value(self, expression: str) -> float:
        """Return the sum over the series of a query; 0 when there are none."""
        return sum(float(series["value"][1]) for series in self.query(expression))

    def rules(self) -> list[Tree]:
        return [rule for group in self.ask("rules")["groups"] for rule in group["rules"]]

    def ask(self, what: str, **parameters: str) -> Any:
        address = f"{self.address}/api/v1/{what}"
        answer = httpx2.get(address, params=parameters, trust_env=False, timeout=SECONDS)
        return answer.raise_for_status().json()["data"]


@contextmanager
def running_prometheus(config: Tree, folder: Path, *flags: str) -> Iterator[Prometheus]:
    """Run it on a port that it chooses."""
    program = require_tool("prometheus", package="prometheus")
    file, log = folder / "prometheus.yml", folder / "prometheus.log"
    file.write_text(yaml.safe_dump(config))
    with log.open("w") as output:
        process = subprocess.Popen(  # noqa: S603  our own arguments
            [
                program,
                f"--config.file={file}",
                f"--storage.tsdb.path={folder / 'data'}",
                "--web.listen-address=127.0.0.1:0",
                "--enable-feature=exemplar-storage",
                *flags,
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
def serving(answer: Callable[[], str | list[Tree]]) -> Iterator[str]:
    """Answer with a text in Prometheus' format, or with JSON; give host:port."""

    def respond(_: object) -> tuple[str, str]:
        body = answer()
        if isinstance(body, str):
            return "text/plain; version=0.0.4", body
        return "application/json", json.dumps(body)

    with listening(respond) as port:
        yield f"127.0.0.1:{port}"


def faster_rules(directory: Path, times: int) -> str:
    """Write the chart's rules with every duration divided; return what `rule_files` says."""
    directory.mkdir()
    for file in BACKEND_FILES:
        content = load(file)
        for group in content["groups"]:
            for part in (group, *group["rules"]):
                for key in {"interval", "for", "expr"} & part.keys():
                    part[key] = _faster(part[key], times)
        (directory / file.name).write_text(yaml.safe_dump(content))
    return str(directory / "*.yaml")


def _faster(text: str, times: int) -> str:
    return _DURATION.sub(lambda m: f"{int(m[1]) * _MILLISECONDS[m[2]] // times}ms", text)
