"""A rule of a real Prometheus fires, a real Alertmanager delivers, the backend shows it."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
import yaml

from tests.support.chart import load
from tests.support.local_platform import FAST_INTERVALS, plain_environment, running
from tests.support.polling import wait_for
from tests.support.prometheus import Prometheus, serving
from tests.support.rules import BACKEND_FILES, rules_of
from tests.support.tools import require_tool

_ARRIVAL_SECONDS = 60


class Checkout:
    """A service with one metric."""

    failing = False
    address = ""


@pytest.fixture
def checkout() -> Iterator[Checkout]:
    service = Checkout()
    with serving(lambda: f"checkout_failing {int(service.failing)}\n") as service.address:
        yield service


@pytest.fixture
def monitored_state(state: Path, checkout: Checkout) -> Path:
    """A state directory in which a person has put a target and a rule of their own."""
    require_tool("prometheus", package="prometheus")
    require_tool("prometheus-alertmanager", "alertmanager", package="prometheus-alertmanager")
    prometheus = state / "prometheus"
    for name in ("targets", "rules"):
        (prometheus / name).mkdir(parents=True)
    (state / "lock").touch()
    target = {"targets": [checkout.address], "labels": {"service": "checkout"}}
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
        register(client, "till", checkout.address)
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
        prometheus = Prometheus(line.split()[-1].rstrip("/"))
        wait_until_prometheus_scrapes_all(prometheus)
        assert_the_charts_rules_are_in_force(prometheus)
        assert wait_for_status(client, "BackendHeartbeat", "firing")["service"] == "backend"


def register(client: httpx2.Client, slug: str, target: str) -> None:
    """Put a service into the catalog, from which Prometheus takes it."""
    service = {"slug": slug, "name": slug, "scrape_targets": [{"targets": [target]}]}
    client.post("/api/v1/services", json=service).raise_for_status()


def wait_until_prometheus_scrapes_all(prometheus: Prometheus) -> None:
    def all_up() -> bool:
        # The chart's rules tell API and worker apart by this label.
        component = "app_kubernetes_io_component"
        found = [
            (target["labels"]["job"], target["labels"].get(component), target["health"])
            for target in prometheus.targets()
        ]
        return sorted(found, key=str) == [
            ("backend", "api", "up"),
            ("backend", "worker", "up"),
            ("catalog", None, "up"),
            ("services", None, "up"),
        ]

    wait_for(all_up, seconds=_ARRIVAL_SECONDS, what="every target to be up")


def assert_the_charts_rules_are_in_force(prometheus: Prometheus) -> None:
    """Each of them, from the files of the chart; and none has anything to say."""
    expected = {
        rule.get("alert") or rule["record"]
        for rule in rules_of(load(file) for file in BACKEND_FILES)
    }
    assert expected <= {rule["name"] for rule in prometheus.rules()}
    assert [rule for rule in prometheus.rules() if rule["health"] == "err"] == []

    def speaking() -> set[str]:
        found = prometheus.rules()
        return {rule["name"] for rule in found if rule.get("state", "inactive") != "inactive"}

    only = {"BackendHeartbeat", "Watchdog"}
    wait_for(lambda: speaking() == only, seconds=_ARRIVAL_SECONDS, what=f"only {only} to fire")
