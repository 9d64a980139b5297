"""Who hears of what: Alertmanager's configuration, judged by Alertmanager's own tool."""

import base64
from pathlib import Path

import pytest
import yaml

from infra import versions
from infra.third_party.alertmanager import HEARTBEATS, WAY_TO_BACKEND
from tests.support.alertmanager_config import (
    amtool,
    as_known_to_debian,
    configuration,
    configuration_of,
    receivers_of,
)
from tests.support.chart import Tree
from tests.support.plan import inputs_of, plan_with
from tests.support.third_party import rendered

URL = "https://hooks.example.com/services/T0/B0/a-secret"
RECEIVERS: dict[str, Tree] = {
    "sns": {"receiver": "sns", "emails": ["on-call@example.com"]},
    "slack": {"receiver": "slack", "url": URL, "channel": "#alerts"},
    "webhook": {"receiver": "webhook", "url": URL},
    "email": {
        "receiver": "email",
        "emails": ["on-call@example.com", "second@example.com"],
        "smarthost": "smtp.example.com:587",
        "sender": "alerts@example.com",
        "username": "alerts",
        "password": "a-secret-password",
    },
    "none": {"receiver": "none"},
}
every_receiver = pytest.mark.parametrize("kind", RECEIVERS)


def config_with(kind: str) -> Tree:
    return configuration_of(plan_with(lambda values: choose(values, kind)))


def choose(values: Tree, kind: str) -> None:
    values["observability"]["notifications"] = RECEIVERS[kind]


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_alertmanager_takes_the_configuration(stack: str, tmp_path: Path) -> None:
    amtool(configuration(stack), tmp_path, "check-config", "{file}")


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_chart_hands_the_configuration_on(stack: str) -> None:
    """A list replaces the chart's, a map would be laid over it."""
    release = rendered(versions.PROMETHEUS_STACK_CHART, stack)
    text = base64.b64decode(release["Secret", "alertmanager-kps"]["data"]["alertmanager.yaml"])
    installed = yaml.safe_load(text)
    assert {name: installed[name] for name in configuration(stack)} == configuration(stack)


@every_receiver
def test_alertmanager_takes_every_kind_of_receiver(kind: str, tmp_path: Path) -> None:
    amtool(as_known_to_debian(config_with(kind)), tmp_path, "check-config", "{file}")


def test_every_alert_goes_to_the_backend(tmp_path: Path) -> None:
    config = configuration("dev")
    for severity in ("critical", "warning", "info", "none"):
        routed = receivers_of(config, tmp_path, alertname="Anything", severity=severity)
        assert "backend" in routed
        assert ("direct" in routed) == (severity == "critical")
    for alert in HEARTBEATS:
        assert receivers_of(config, tmp_path, alertname=alert, severity="none") == ["backend"]


@pytest.mark.parametrize("alert", WAY_TO_BACKEND)
@pytest.mark.parametrize("severity", ["critical", "warning"])
def test_what_says_that_the_backend_is_the_trouble_goes_to_people_once(
    alert: str, severity: str, tmp_path: Path
) -> None:
    routed = receivers_of(configuration("dev"), tmp_path, alertname=alert, severity=severity)
    assert sorted(routed) == ["backend", "direct"]


def test_without_a_direct_receiver_everything_still_goes_to_the_backend(tmp_path: Path) -> None:
    config = config_with("none")
    assert [receiver["name"] for receiver in config["receivers"]] == ["backend"]
    assert receivers_of(config, tmp_path, severity="critical") == ["backend"]


@every_receiver
def test_no_secret_is_in_the_configuration(kind: str) -> None:
    assert "a-secret" not in str(config_with(kind))


@pytest.mark.parametrize("kind", ["slack", "webhook", "email"])
def test_a_receivers_secret_is_a_secret_everywhere_and_is_mounted(kind: str) -> None:
    plan = plan_with(lambda values: choose(values, kind))
    assert "a-secret" not in str(plan.resources)
    secret = inputs_of(plan, "observability-alertmanager-direct")
    assert secret["stringData"] == "[secret]"
    values = inputs_of(plan, "observability-kps")["values"]
    mounted = values["alertmanager"]["alertmanagerSpec"]["secrets"]
    assert mounted == ["alertmanager-backend", "alertmanager-direct"]
    assert "observability-alertmanager-direct" in plan["observability-kps"].depends_on


def test_a_receiver_without_a_secret_mounts_none() -> None:
    names = {resource.name for resource in plan_with(lambda v: choose(v, "sns")).resources}
    assert "observability-alertmanager-direct" not in names
    assert "notifications-on-call@example.com" in names
