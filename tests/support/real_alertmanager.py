"""A real Alertmanager on this machine with the cluster's configuration, and whom it calls.

Only addresses, the place of the token and the waiting times are others than in the cluster.
"""

import json
import re
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from tests.support.alertmanager_config import as_known_to_debian
from tests.support.chart import Tree
from tests.support.http import Asked, listening
from tests.support.polling import wait_for
from tests.support.tools import require_tool

SECONDS = 30
BACKEND_PATH = "/api/v1/webhooks/alertmanager"
DIRECT_PATH = "/direct"
# About what the backend takes: Alertmanager reckons from the end of a delivery.
ANSWER_SECONDS = 0.02
_UNITS = {"s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True)
class Call:
    # time.monotonic(), in seconds
    at: float
    path: str
    token: str
    # As they were delivered: `status`, `labels`, ...
    alerts: tuple[Tree, ...]

    @property
    def names(self) -> set[str]:
        return {alert["labels"]["alertname"] for alert in self.alerts}


@dataclass
class Receiver:
    """Plays the backend and the direct receiver: writes down who was called with what."""

    port: int
    calls: list[Call] = field(default_factory=list)

    def alerts(self, path: str) -> list[Tree]:
        """Return all that this path was told, the oldest first."""
        return [alert for call in self.calls if call.path == path for alert in call.alerts]

    def told(self, path: str) -> set[str]:
        return {alert["labels"]["alertname"] for alert in self.alerts(path)}

    def times(self, alert: str) -> list[float]:
        """Return when this alert was delivered, in seconds."""
        return [call.at for call in self.calls if alert in call.names]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Listen on a port of the system's choice."""
    calls: list[Call] = []

    def take(asked: Asked) -> tuple[str, str]:
        token = asked.headers.get("Authorization", "")
        alerts = tuple(json.loads(asked.body)["alerts"])
        calls.append(Call(time.monotonic(), asked.path, token, alerts))
        time.sleep(ANSWER_SECONDS)
        return "text/plain", ""

    with listening(take) as port:
        yield Receiver(port, calls)


def moved_here(config: Tree, *, backend_port: int, direct_port: int, token: Path) -> Tree:
    """Move the cluster's configuration to this machine; its waiting times are kept."""
    for item in as_known_to_debian(config)["receivers"]:
        for webhook in item["webhook_configs"]:
            if item["name"] == "direct":
                webhook["url"] = f"http://127.0.0.1:{direct_port}{DIRECT_PATH}"
                continue
            webhook["url"] = re.sub(
                r"^http://[^/]+", f"http://127.0.0.1:{backend_port}", webhook["url"]
            )
            webhook["http_config"]["authorization"]["credentials_file"] = str(token)
    config["templates"] = []
    return config


def here(config: Tree, receiver: Receiver, token: Path, *, times_faster: int = 300) -> Tree:
    """Let the cluster's configuration call `receiver` for all, and wait less."""
    port = receiver.port
    moved = moved_here(config, backend_port=port, direct_port=port, token=token)
    return faster(moved, times_faster)


def faster(config: Tree, times: int) -> Tree:
    """Divide every waiting time of the routes, and leave their proportions."""
    for route in (config["route"], *config["route"]["routes"]):
        for key in ("group_wait", "group_interval", "repeat_interval"):
            if key in route:
                route[key] = f"{seconds(route[key]) * 1000 // times}ms"
    return config


def seconds(duration: str) -> int:
    """Return Alertmanager's duration of one unit ("5m") in seconds."""
    return int(duration[:-1]) * _UNITS[duration[-1]]


@contextmanager
def alertmanager(config: Tree, folder: Path) -> Iterator[str]:
    """Run it on a port that it chooses; give its address."""
    program = require_tool(
        "prometheus-alertmanager", "alertmanager", package="prometheus-alertmanager"
    )
    file, log = folder / "alertmanager.yml", folder / "log"
    file.write_text(yaml.safe_dump(config))
    flags = ("--web.listen-address=127.0.0.1:0", "--cluster.listen-address=")
    with log.open("w") as output:
        process = subprocess.Popen(  # noqa: S603  our own arguments
            [program, f"--config.file={file}", f"--storage.path={folder / 'data'}", *flags],
            stdout=output,
            stderr=output,
        )
    try:
        yield wait_for(lambda: _address_in(log), seconds=SECONDS, what="Alertmanager listens")
    finally:
        process.terminate()
        process.wait(SECONDS)


def post(address: str, *alerts: Tree) -> None:
    """Send alerts as Prometheus does. Each is its labels, or all of it with a key `labels`."""
    whole = [alert if "labels" in alert else {"labels": alert} for alert in alerts]
    request = urllib.request.Request(  # noqa: S310  http, to this machine
        f"{address}/api/v2/alerts",
        data=json.dumps(whole).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=SECONDS) as response:  # noqa: S310  as above
        assert response.status == 200


def _address_in(log: Path) -> str | None:
    found = re.search(r'msg="Listening on" address=(\S+)', log.read_text())
    return f"http://{found[1]}" if found else None
