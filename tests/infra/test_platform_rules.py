"""The alerts on what the backend runs on: installed, with thresholds from the settings."""

import re
from pathlib import Path

import pytest

from infra.config.options import Options
from infra.monitoring.platform_rules import rule_groups
from infra.settings import parse_options
from tests.support.chart import Tree, load, merged
from tests.support.operator_kinds import check_operator_shape
from tests.support.plan import inputs_of, plan_of, plan_with, stack_values
from tests.support.rules import PLATFORM_FILES, alerts_of, check_rules, rules_of

stacks = pytest.mark.parametrize("stack", ["dev", "prod"])
GIB = 1024**3


def alerts() -> list[Tree]:
    return list(alerts_of(map(load, PLATFORM_FILES)))


def options_with(**observability: object) -> Options:
    values = merged(stack_values("dev"), {"observability": observability})
    return parse_options(values, "test")


def names(options: Options) -> set[str]:
    return {str(group["name"]) for group in rule_groups(options)}


def numbers(options: Options) -> dict[str, str]:
    rules = [rule for group in rule_groups(options) for rule in group["rules"]]  # type: ignore[attr-defined]  # a list
    return {
        rule["record"]: rule["expr"]
        for rule in rules
        if str(rule.get("expr", "")).startswith("vector(")
    }


def test_what_a_comparison_measured_is_in_its_description() -> None:
    """Nobody should have to ask Prometheus how bad it is. What is down has no number."""
    without = {"DatabaseDown", "DatabaseMetricsMissing", "DatabaseCollectorFailing"}
    without |= {"ContainerOutOfMemory", "AdmissionWebhookFailing"}
    says = {r["alert"] for r in alerts() if "$value" in r["annotations"]["description"]}
    assert says == {rule["alert"] for rule in alerts()} - without


def test_no_alert_depends_on_which_pod_shows_it() -> None:
    """Or a rollout of the exporter would end an alert, and begin another one."""
    for rule in alerts():
        name = rule["alert"]
        kept = re.findall(r"\bby \(([^)]*)\)|\bon \(([^)]*)\)", rule["expr"])
        labels = {label.strip() for pair in kept for part in pair for label in part.split(",")}
        assert "instance" not in labels, name
        assert "without" not in rule["expr"], name
        if name.startswith("Database"):
            outer = rule["expr"].lstrip()
            assert outer.startswith(("max by (namespace", "sum by (namespace", "absent(")) or (
                "platform:" in outer
            ), name


@stacks
def test_they_are_installed_where_prometheus_looks(stack: str) -> None:
    plan = plan_of(stack)
    item = inputs_of(plan, "observability-platform-rules")
    assert (item["apiVersion"], item["kind"]) == ("monitoring.coreos.com/v1", "PrometheusRule")
    assert item["metadata"] == {"name": "platform", "namespace": "monitoring"}
    files = [group for path in PLATFORM_FILES for group in load(path)["groups"]]
    settings, *groups = item["spec"]["groups"]
    assert sorted(groups, key=str) == sorted(files, key=str)
    assert settings["name"] == "platform-settings"
    assert "observability-kps" in plan["observability-platform-rules"].depends_on


@stacks
def test_the_operator_takes_them(stack: str) -> None:
    item = inputs_of(plan_of(stack), "observability-platform-rules")
    check_operator_shape({key: item[key] for key in ("apiVersion", "kind", "metadata", "spec")})


def test_the_numbers_are_the_settings() -> None:
    def change(values: Tree) -> None:
        values["database"] |= {"storageGb": 50, "storageCeilingGb": 100}
        values["observability"]["cost"] = {"monthlyBudgetUsd": 321}

    groups = inputs_of(plan_with(change), "observability-platform-rules")["spec"]["groups"]
    assert groups[0]["rules"] == [
        {"record": "platform:database_storage_ceiling:bytes", "expr": f"vector({100 * GIB})"},
        {"record": "platform:cluster_budget:usd_per_month", "expr": "vector(321)"},
    ]


def test_every_number_that_a_rule_asks_for_is_given_and_no_other(tmp_path: Path) -> None:
    options = options_with()
    given = set(numbers(options))
    assert given
    text = "".join(path.read_text() for path in PLATFORM_FILES)
    recorded = {rule["record"] for rule in rules_of(map(load, PLATFORM_FILES)) if "record" in rule}
    assert set(re.findall(r"platform:[a-z_]+:[a-z_0-9]+", text)) == given | recorded
    check_rules(rule_groups(options), tmp_path)


@pytest.mark.parametrize(
    ("changed", "gone"),
    [
        ({"metrics": {"databaseExporter": False}}, {"platform-database"}),
        ({"cost": {"enabled": False}}, {"platform-cost"}),
        ({"cost": {"monthlyBudgetUsd": None}}, {"platform-cost"}),
    ],
    ids=["no exporter", "no OpenCost", "no budget"],
)
def test_what_has_no_metrics_or_no_bound_has_no_rules(changed: Tree, gone: set[str]) -> None:
    complete = names(options_with())
    assert complete - names(options_with(**changed)) == gone
    assert len(numbers(options_with(**changed))) == 1
