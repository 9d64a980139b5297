"""A real Alertmanager with the cluster's configuration: who is called, and with which token.

Only addresses, the place of the token and the waiting times are others than in the cluster.
"""

import json
import re
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import yaml

from tests.infra.test_alert_routes import as_known_to_debian, config_with
from tests.support.chart import Tree
from tests.support.polling import wait_for
from tests.support.tools import require_tool

SECONDS = 30


@dataclass
class Call:
    path: str
    token: str
    alerts: set[str]
    tiers: set[tuple[str, str]]


@dataclass
class Receiver:
    """Plays the backend and the direct receiver: writes down who was called with what."""

    port: int
    calls: list[Call] = field(default_factory=list)

    def tiers(self) -> set[tuple[str, str]]:
        return {tier for call in self.calls for tier in call.tiers}

    def told(self, path: str) -> set[str]:
        return {alert for call in self.calls if call.path.endswith(path) for alert in call.alerts}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            labels = [alert["labels"] for alert in body["alerts"]]
            names = {one["alertname"] for one in labels}
            tiers = {(one["slo"], one["tier"]) for one in labels if "slo" in one}
            token = self.headers.get("Authorization", "")
            found.calls.append(Call(self.path, token, names, tiers))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Receiver(server.server_port)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


def here(config: Tree, receiver: Receiver, token: Path) -> Tree:
    """Move the cluster's configuration to this machine, and wait less."""
    at = f"http://127.0.0.1:{receiver.port}"
    for item in as_known_to_debian(config)["receivers"]:
        for webhook in item["webhook_configs"]:
            if item["name"] == "direct":
                webhook["url"] = f"{at}/direct"
                continue
            webhook["url"] = re.sub(r"^http://[^/]+", at, webhook["url"])
            webhook["http_config"]["authorization"]["credentials_file"] = str(token)
    config["route"] |= {"group_wait": "0s", "group_interval": "1s"}
    config["templates"] = []
    return config


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
        yield wait_for(lambda: address_in(log), seconds=SECONDS, what="Alertmanager listens")
    finally:
        process.terminate()
        process.wait(SECONDS)


def address_in(log: Path) -> str | None:
    found = re.search(r'msg="Listening on" address=(\S+)', log.read_text())
    return f"http://{found[1]}" if found else None


def post(address: str, *alerts: Tree) -> None:
    request = urllib.request.Request(  # noqa: S310  http, to this machine
        f"{address}/api/v2/alerts",
        data=json.dumps([{"labels": labels} for labels in alerts]).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=SECONDS) as response:  # noqa: S310  as above
        assert response.status == 200


CRITICAL = {"alertname": "NodeDown", "severity": "critical"}
WARNING = {"alertname": "DiskFull", "severity": "warning"}
IN_THE_WAY = {"alertname": "AlertmanagerFailedToSendAlerts", "severity": "warning"}
EVERYTHING = {"NodeDown", "DiskFull", "AlertmanagerFailedToSendAlerts"}


def test_the_backend_hears_everything_and_people_what_must_not_wait(
    receiver: Receiver, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text("the-first-token")
    config = here(config_with("webhook"), receiver, token)
    with alertmanager(config, tmp_path) as address:
        post(address, CRITICAL, WARNING, IN_THE_WAY)
        backend = "/api/v1/webhooks/alertmanager"
        for path, expected in ((backend, EVERYTHING), ("/direct", EVERYTHING - {"DiskFull"})):
            wait_for(
                lambda path=path, expected=expected: receiver.told(path) == expected,  # type: ignore[misc]  # bound now
                seconds=SECONDS,
                what=f"{path} is told of {expected}",
            )
        tokens = {call.token for call in receiver.calls if call.path == backend}
        assert tokens == {"Bearer the-first-token"}
        assert {call.token for call in receiver.calls if call.path == "/direct"} == {""}

        token.write_text("the-second-token")
        post(address, {"alertname": "Later", "severity": "warning"})
        wait_for(
            lambda: [c for c in receiver.calls if c.token == "Bearer the-second-token"],
            seconds=SECONDS,
            what="a rotated token is used without a restart",
        )


def test_an_objectives_slower_tiers_are_silent_while_a_faster_one_fires(
    receiver: Receiver, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text("a-token")
    burn = {"alertname": "Burn", "namespace": "observability", "severity": "critical"}
    tiers = [burn | {"slo": "availability", "tier": tier} for tier in ("fast", "medium", "chronic")]
    other = burn | {"slo": "latency", "tier": "medium"}
    with alertmanager(here(config_with("webhook"), receiver, token), tmp_path) as address:
        # The first alone, so that it is there when the others are looked at.
        post(address, tiers[0])
        wait_for(lambda: receiver.tiers() >= {("availability", "fast")}, seconds=SECONDS, what="it")
        post(address, *tiers, other)
        wait_for(lambda: ("latency", "medium") in receiver.tiers(), seconds=SECONDS, what="other")
        assert receiver.tiers() == {("availability", "fast"), ("latency", "medium")}
