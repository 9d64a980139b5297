"""The alerts: checked and unit-tested by Prometheus' own tool, and installed as they are."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.chart import CHART, Tree, ci_values, load, merged, render
from tests.support.rules import alerts_of

RULES = sorted((CHART / "files" / "rules").glob("*.yaml"))
TESTS = sorted((Path(__file__).parent / "rules").glob("*.yaml"))


# Always firing is what they are for.
NEVER_SILENT = {("BackendHeartbeat", "")}


def _alerts() -> dict[tuple[str, str], Tree]:
    """Return every alert by its name and, where several share one, its tier."""
    alerts = list(alerts_of(map(load, RULES)))
    named = {(rule["alert"], rule["labels"].get("tier", "")): rule for rule in alerts}
    assert len(named) == len(alerts), "two alerts cannot be told apart"
    return named


def _installed(changes: Tree | None = None) -> Tree:
    values = merged(ci_values(), {"prometheusRule": {"enabled": True, **(changes or {})}})
    spec: Tree = render(values)["PrometheusRule", "backend"]["spec"]
    return spec


@pytest.fixture(scope="module")
def promtool() -> str:
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("promtool is not on PATH: install Debian's package `prometheus`")
    return found


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_promtool_accepts_the_rules(path: Path, promtool: str) -> None:
    _promtool(promtool, "check", "rules", str(path))


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_the_alerts_fire_when_they_must_and_only_then(path: Path, promtool: str) -> None:
    _promtool(promtool, "test", "rules", str(path))


def test_every_alert_is_unit_tested_both_ways() -> None:
    fires: set[tuple[str, str]] = set()
    silent: set[tuple[str, str]] = set()
    for path in TESTS:
        for test in load(path)["tests"]:
            for check in test["alert_rule_test"]:
                name = check["alertname"]
                tiers = {tier for known, tier in _alerts() if known == name}
                firing = {alert["exp_labels"].get("tier", "") for alert in check["exp_alerts"]}
                fires |= {(name, tier) for tier in firing}
                silent |= {(name, tier) for tier in tiers - firing}
    assert fires == set(_alerts())
    assert silent == set(_alerts()) - NEVER_SILENT


def test_every_alert_says_how_bad_what_and_where_to_read_on() -> None:
    for (name, tier), rule in _alerts().items():
        severities = {"none"} if (name, tier) in NEVER_SILENT else {"critical", "warning"}
        assert rule["labels"]["severity"] in severities, name
        assert {"summary", "description", "runbook_url"} == set(rule["annotations"]), name
        assert rule["annotations"]["runbook_url"] == f"docs/runbooks/{name}.md", name


def test_they_are_installed_as_they_are_in_the_files() -> None:
    groups = [group for path in RULES for group in load(path)["groups"]]
    assert _installed()["groups"] == groups


def test_runbooks_can_be_read_where_they_are_published() -> None:
    base = "https://runbooks.example.com/docs/runbooks"
    for given in (base, base + "/"):
        rules = [
            rule
            for group in _installed({"runbookBaseUrl": given})["groups"]
            for rule in group["rules"]
        ]
        for rule in rules:
            if "record" in rule:
                continue
            assert rule["annotations"]["runbook_url"] == f"{base}/{rule['alert']}.md"


def _promtool(program: str, *arguments: str) -> None:
    result = subprocess.run(  # noqa: S603 - our own arguments
        [program, *arguments], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
