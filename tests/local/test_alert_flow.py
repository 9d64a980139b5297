"""A rule of a real Prometheus fires, a real Alertmanager delivers, the backend shows it."""

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from tests.support.local_platform import (
    CHECKOUT,
    FAST_INTERVALS,
    plain_environment,
    running,
)
from tests.support.polling import wait_for
from tests.support.tools import require_tool

_ARRIVAL_SECONDS = 60


class Checkout:
    """A service with one metric."""

    def __init__(self) -> None:
        self.failing = False
        service = self

        class Metrics(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = f"checkout_failing {int(service.failing)}\n".encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                return

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Metrics)
        self.port = self.server.server_port


@pytest.fixture
def checkout() -> Iterator[Checkout]:
    service = Checkout()
    thread = threading.Thread(target=service.server.serve_forever)
    thread.start()
    yield service
    service.server.shutdown()
    thread.join()
    service.server.server_close()


@pytest.fixture
def monitored_state(state: Path, checkout: Checkout) -> Path:
    """A state directory in which a person has put a target and a rule of their own."""
    require_tool("prometheus", package="prometheus")
    require_tool("prometheus-alertmanager", "alertmanager", package="prometheus-alertmanager")
    prometheus = state / "prometheus"
    for name in ("targets", "rules"):
        (prometheus / name).mkdir(parents=True)
    (state / "lock").touch()
    target = {"targets": [f"127.0.0.1:{checkout.port}"], "labels": {"service": "checkout"}}
    (prometheus / "targets" / "checkout.yml").write_text(yaml.safe_dump([target]))
    rule = {
        "alert": "CheckoutFailing",
        "expr": 'checkout_failing{service="checkout"} == 1',
        "labels": {"severity": "critical"},
        "annotations": {"summary": "Checkout at {{ $labels.instance }} fails."},
    }
    rules = {"groups": [{"name": "checkout", "rules": [rule]}]}
    (prometheus / "rules" / "checkout.yml").write_text(yaml.safe_dump(rules))
    return state


def alerts(client: httpx2.Client, name: str) -> list[dict[str, object]]:
    answer = client.get("/api/v1/alerts", params={"label": f"alertname={name}"})
    items: list[dict[str, object]] = answer.raise_for_status().json()["items"]
    return items


def wait_for_status(client: httpx2.Client, name: str, status: str) -> dict[str, object]:
    def found() -> dict[str, object] | None:
        matching = [alert for alert in alerts(client, name) if alert["status"] == status]
        return matching[0] if matching else None

    alert = wait_for(found, seconds=_ARRIVAL_SECONDS, what=f"{name} to be {status}")
    assert alert is not None
    return alert


@pytest.mark.timeout(300)
def test_a_rule_that_fires_is_shown_firing_and_then_resolved(
    monitored_state: Path, checkout: Checkout
) -> None:
    with (
        running(monitored_state, *FAST_INTERVALS, environment=plain_environment()) as platform,
        platform.client() as client,
    ):
        # By another name also in the catalog, where the rule above does not look.
        register(client, "till", f"127.0.0.1:{checkout.port}")
        # The platform's own rule proves the way before ours has anything to say.
        assert wait_for_status(client, "Watchdog", "firing")["service"] == "platform"
        assert alerts(client, "CheckoutFailing") == []

        checkout.failing = True
        firing = wait_for_status(client, "CheckoutFailing", "firing")
        assert firing["service"] == "checkout"
        assert firing["integration"] == "default"
        assert firing["ends_at"] is None
        labels = firing["labels"]
        assert isinstance(labels, dict)
        assert labels["severity"] == "critical"

        checkout.failing = False
        resolved = wait_for_status(client, "CheckoutFailing", "resolved")
        assert resolved["fingerprint"] == firing["fingerprint"]
        assert resolved["ends_at"] is not None

        (line,) = [line for line in platform.output.splitlines() if "Prometheus  " in line]
        with httpx2.Client(base_url=line.split()[-1], trust_env=False) as prometheus:
            wait_until_prometheus_scrapes_all(prometheus)
            wait_until_the_charts_rules_are_evaluated(prometheus)
        assert wait_for_status(client, "BackendHeartbeat", "firing")["service"] == "backend"


def register(client: httpx2.Client, slug: str, target: str) -> None:
    """Put a service into the catalog, from which Prometheus takes it."""
    service = {"slug": slug, "name": slug, "scrape_targets": [{"targets": [target]}]}
    client.post("/api/v1/services", json=service).raise_for_status()


def wait_until_prometheus_scrapes_all(prometheus: httpx2.Client) -> None:
    def all_up() -> bool:
        targets = ask(prometheus, "targets")["activeTargets"]
        # The chart's rules tell API and worker apart by this label.
        component = "app_kubernetes_io_component"
        found = [(t["labels"]["job"], t["labels"].get(component), t["health"]) for t in targets]
        return sorted(found, key=str) == [
            ("backend", "api", "up"),
            ("backend", "worker", "up"),
            ("catalog", None, "up"),
            ("services", None, "up"),
        ]

    wait_for(all_up, seconds=_ARRIVAL_SECONDS, what="every target to be up")


def wait_until_the_charts_rules_are_evaluated(prometheus: httpx2.Client) -> None:
    """They are the files of the chart; each finds its series, and none has anything to say."""
    expected = {
        rule.get("alert") or rule["record"]
        for file in (CHECKOUT / "charts" / "backend" / "files" / "rules").glob("*.yaml")
        for group in yaml.safe_load(file.read_text())["groups"]
        for rule in group["rules"]
    }

    def rules() -> list[dict[str, Any]]:
        return [rule for group in ask(prometheus, "rules")["groups"] for rule in group["rules"]]

    # The objectives' group is evaluated once a minute.
    wait_for(
        lambda: all(rule["health"] != "unknown" for rule in rules()),
        seconds=90,
        what="every rule to be evaluated",
    )
    assert expected <= {rule["name"] for rule in rules()}
    assert [rule for rule in rules() if rule["health"] != "ok"] == []

    def speaking() -> set[str]:
        return {rule["name"] for rule in rules() if rule.get("state", "inactive") != "inactive"}

    only = {"BackendHeartbeat", "Watchdog"}
    wait_for(lambda: speaking() == only, seconds=_ARRIVAL_SECONDS, what=f"only {only} to fire")


def ask(prometheus: httpx2.Client, what: str) -> Any:
    return prometheus.get(f"/api/v1/{what}").raise_for_status().json()["data"]
