"""Our alerts, the backend's and the platform's: they fire as they must, and each is documented."""

import re
from pathlib import Path

import pytest

from infra import versions
from infra.third_party.alertmanager import HEARTBEATS
from tests.support.backend_release import rendered_backend
from tests.support.chart import ROOT, Tree, load
from tests.support.rules import (
    BACKEND_FILES,
    PLATFORM_FILES,
    alerts_of,
    check_rules,
    promtool,
    run_unit_tests,
)
from tests.support.third_party import rendered

FILES = {"backend": BACKEND_FILES, "platform": PLATFORM_FILES}
TESTS = sorted((ROOT / "tests").glob("*/rules/*.yaml"))
RUNBOOKS = ROOT / "docs" / "runbooks"
# Always firing is what it is for.
NEVER_SILENT = {("BackendHeartbeat", "none", "")}
# What docs/alerts.md promises: | what | alert | whose | severity |
ROW = re.compile(r"^\| .+ \| (?P<alerts>.+?) \| (?P<whose>\w[\w' -]*) \| (?P<severity>[\w, ]+) \|$")

# Name, severity and tier together name one rule.
Key = tuple[str, str, str]


def key_of(name: str, labels: Tree) -> Key:
    return name, labels["severity"], labels.get("tier", "")


def alerts(*files: Path) -> dict[Key, Tree]:
    found = list(alerts_of(map(load, files)))
    named = {key_of(rule["alert"], rule["labels"]): rule for rule in found}
    assert len(named) == len(found), "two alerts cannot be told apart"
    return named


ALERTS = alerts(*BACKEND_FILES, *PLATFORM_FILES)


@pytest.mark.parametrize("path", [*BACKEND_FILES, *PLATFORM_FILES], ids=lambda path: path.stem)
def test_promtool_accepts_the_rules(path: Path) -> None:
    promtool("check", "rules", path)


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_the_alerts_fire_when_they_must_and_only_then(path: Path, tmp_path: Path) -> None:
    run_unit_tests(path, tmp_path)


def test_every_alert_is_unit_tested_both_ways() -> None:
    fires: set[Key] = set()
    silent: set[Key] = set()
    for path in TESTS:
        for test in load(path)["tests"]:
            for check in test["alert_rule_test"]:
                name = check["alertname"]
                firing = {key_of(name, alert["exp_labels"]) for alert in check["exp_alerts"]}
                fires |= firing
                silent |= {key for key in ALERTS if key[0] == name} - firing
    assert fires == set(ALERTS)
    assert silent == set(ALERTS) - NEVER_SILENT


def test_every_alert_says_how_bad_what_and_where_to_read_on() -> None:
    for key, rule in ALERTS.items():
        name, severity, _ = key
        assert severity in ({"none"} if key in NEVER_SILENT else {"critical", "warning"}), name
        assert {"summary", "description", "runbook_url"} == set(rule["annotations"]), name
        assert rule["annotations"]["runbook_url"] == f"docs/runbooks/{name}.md", name


@pytest.mark.parametrize("whose", FILES)
def test_the_table_of_alerts_names_all_of_them(whose: str) -> None:
    ours = {(name, severity) for name, severity, _ in alerts(*FILES[whose])}
    assert promised(whose) == ours


def promised(whose: str) -> set[tuple[str, str]]:
    lines = (ROOT / "docs" / "alerts.md").read_text().splitlines()
    rows = [match for line in lines if (match := ROW.match(line))]
    return {
        (alert, severity.strip())
        for row in rows
        if row["whose"] == whose
        for alert in re.findall(r"`(\w+)`", row["alerts"])
        for severity in row["severity"].split(",")
    }


def test_every_alert_has_its_runbook_and_every_runbook_its_alert() -> None:
    assert {path.stem for path in RUNBOOKS.glob("*.md")} == {name for name, _, _ in ALERTS}


@pytest.mark.parametrize("path", sorted(RUNBOOKS.glob("*.md")), ids=lambda path: path.stem)
def test_a_runbook_says_what_it_means_and_what_to_do(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert lines[0] == f"# {path.stem}"
    assert any(line.startswith("**") for line in lines), "what it means, in a sentence"
    assert any(line.startswith("1. ") for line in lines), "what to do, in steps"


def rules_of_the_stack(stack: str = "dev") -> list[Tree]:
    """Return the specs of kube-prometheus-stack's rules, as our values leave them on."""
    rules = rendered(versions.PROMETHEUS_STACK_CHART, stack).of_kind("PrometheusRule")
    return [item["spec"] for item in rules]


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_prometheus_takes_every_rule_that_is_installed(stack: str, tmp_path: Path) -> None:
    installed = [
        *rules_of_the_stack(stack),
        rendered_backend(stack)["PrometheusRule", "backend"]["spec"],
    ]
    assert len(installed) > 20
    check_rules([group for spec in installed for group in spec["groups"]], tmp_path)


def test_every_rule_of_the_charts_that_the_table_relies_on_is_on() -> None:
    alerts = alerts_of(rules_of_the_stack())
    installed = {(rule["alert"], rule["labels"]["severity"]) for rule in alerts}
    relied_on = promised("kube-prometheus-stack")
    assert len(relied_on) > 20
    assert relied_on <= installed, relied_on - installed
    assert {name for name, _ in relied_on} & set(HEARTBEATS) == {"Watchdog"}


def test_no_rule_of_ours_has_a_name_that_the_chart_uses() -> None:
    theirs = {rule["alert"] for rule in alerts_of(rules_of_the_stack())}
    assert not theirs & {name for name, _, _ in ALERTS}


def test_no_rule_asks_for_what_eks_does_not_show() -> None:
    groups = {group["name"] for spec in rules_of_the_stack() for group in spec["groups"]}
    for absent in ("etcd", "kube-scheduler", "controller-manager", "apiserver-burnrate", "slos"):
        assert not {name for name in groups if absent in name}, absent
