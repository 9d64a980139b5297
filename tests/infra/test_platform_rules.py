"""The alerts on what the backend runs on: tested by Prometheus' own tool, installed as they are."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from infra import versions
from infra.config.options import Options
from infra.monitoring.platform_rules import RULES, rule_groups
from infra.settings import parse_options
from infra.third_party.alertmanager import HEARTBEATS
from tests.support.chart import CHART, Tree, load, merged
from tests.support.operator_kinds import check_operator_shape
from tests.support.plan import ROOT, inputs_of, plan_of, plan_with, stack_values
from tests.support.rules import alerts_of, rules_of
from tests.support.third_party import rendered
from tests.support.tools import require_tool

stacks = pytest.mark.parametrize("stack", ["dev", "prod"])
FILES = sorted(RULES.glob("*.yaml"))
TESTS = sorted((Path(__file__).parent / "rules").glob("*.yaml"))
WATCHED = ROOT / "docs" / "alerts.md"
GIB = 1024**3


def rules_of_the_charts() -> list[Tree]:
    """Return the specs of kube-prometheus-stack's rules, as our values leave them on."""
    rules = rendered(versions.PROMETHEUS_STACK_CHART).of_kind("PrometheusRule")
    return [item["spec"] for item in rules]


def alerts() -> dict[tuple[str, str], Tree]:
    """Return every alert by its name and severity, which together name one rule."""
    found = list(alerts_of(map(load, FILES)))
    named = {(rule["alert"], rule["labels"]["severity"]): rule for rule in found}
    assert len(named) == len(found), "two alerts cannot be told apart"
    return named


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


def promtool(*arguments: str) -> None:
    program = require_tool("promtool", package="prometheus")
    done = subprocess.run(  # noqa: S603  our own arguments
        [program, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_promtool_accepts_the_rules(path: Path) -> None:
    promtool("check", "rules", str(path))


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_the_alerts_fire_when_they_must_and_only_then(path: Path) -> None:
    promtool("test", "rules", str(path))


def test_every_alert_is_unit_tested_both_ways() -> None:
    fires: set[tuple[str, str]] = set()
    silent: set[tuple[str, str]] = set()
    for path in TESTS:
        for test in load(path)["tests"]:
            for check in test["alert_rule_test"]:
                name = check["alertname"]
                severities = {severity for known, severity in alerts() if known == name}
                firing = {alert["exp_labels"]["severity"] for alert in check["exp_alerts"]}
                fires |= {(name, severity) for severity in firing}
                silent |= {(name, severity) for severity in severities - firing}
    assert fires == set(alerts())
    assert silent == set(alerts())


def test_every_alert_says_how_bad_what_how_much_and_where_to_read_on() -> None:
    for (name, severity), rule in alerts().items():
        assert severity in {"critical", "warning"}, name
        assert {"summary", "description", "runbook_url"} == set(rule["annotations"]), name
        assert rule["annotations"]["runbook_url"] == f"docs/runbooks/{name}.md", name


def test_what_a_comparison_measured_is_in_its_description() -> None:
    """Nobody should have to ask Prometheus how bad it is. What is down has no number."""
    without = {"DatabaseDown", "DatabaseMetricsMissing", "DatabaseCollectorFailing"}
    without |= {"ContainerOutOfMemory", "AdmissionWebhookFailing"}
    says = {
        n for (n, _), rule in alerts().items() if "$value" in rule["annotations"]["description"]
    }
    assert says == {name for name, _ in alerts()} - without


def test_no_alert_depends_on_which_pod_shows_it() -> None:
    """Or a rollout of the exporter would end an alert, and begin another one."""
    for (name, _), rule in alerts().items():
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
    files = [group for path in FILES for group in load(path)["groups"]]
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
    text = "".join(path.read_text() for path in FILES)
    recorded = {rule["record"] for rule in rules_of(map(load, FILES)) if "record" in rule}
    assert set(re.findall(r"platform:[a-z_]+:[a-z_0-9]+", text)) == given | recorded
    written = tmp_path / "all.yaml"
    written.write_text(yaml.safe_dump({"groups": rule_groups(options)}))
    promtool("check", "rules", str(written))


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


def test_without_prometheus_there_is_nobody_to_evaluate_them() -> None:
    def change(values: Tree) -> None:
        values["observability"] |= {"metrics": {"enabled": False}, "cost": {"enabled": False}}

    assert "observability-platform-rules" not in {r.name for r in plan_with(change).resources}


# What docs/alerts.md promises: | what | alert | whose | severity |
ROW = re.compile(r"^\| .+ \| (?P<alerts>.+?) \| (?P<whose>\w[\w' -]*) \| (?P<severity>[\w, ]+) \|$")


def promised(whose: str) -> set[tuple[str, str]]:
    rows = [match for line in WATCHED.read_text().splitlines() if (match := ROW.match(line))]
    return {
        (alert, severity.strip())
        for row in rows
        if row["whose"] == whose
        for alert in re.findall(r"`(\w+)`", row["alerts"])
        for severity in row["severity"].split(",")
    }


def test_the_table_names_all_of_ours() -> None:
    assert promised("platform") == set(alerts())


def test_the_table_names_all_of_the_backends() -> None:
    rules = alerts_of(map(load, (CHART / "files" / "rules").glob("*.yaml")))
    assert promised("backend") == {(rule["alert"], rule["labels"]["severity"]) for rule in rules}


def test_every_rule_of_the_charts_that_the_table_relies_on_is_on() -> None:
    installed = {
        (rule["alert"], rule["labels"]["severity"]) for rule in alerts_of(rules_of_the_charts())
    }
    relied_on = promised("kube-prometheus-stack")
    assert len(relied_on) > 20
    assert relied_on <= installed, relied_on - installed
    assert {name for name, _ in relied_on} & set(HEARTBEATS) == {"Watchdog"}


def test_alertmanager_knows_every_severity_that_is_installed() -> None:
    """Its routes and inhibitions (infra/third_party/alertmanager.py) name these, and nothing else."""  # noqa: E501
    severities = {rule["labels"]["severity"] for rule in alerts_of(rules_of_the_charts())}
    assert severities <= {"critical", "warning", "info", "none"}


def test_no_rule_of_ours_has_a_name_that_the_chart_uses() -> None:
    theirs = {rule["alert"] for rule in alerts_of(rules_of_the_charts())}
    assert not theirs & {name for name, _ in alerts()}


def test_no_rule_that_is_installed_needs_a_metric_that_we_drop() -> None:
    """The API server's histograms are dropped for their number (infra/third_party/chart_values)."""
    release = rendered(versions.PROMETHEUS_STACK_CHART)
    dropped = [
        re.compile(relabeling["regex"])
        for monitor in release.of_kind("ServiceMonitor")
        for endpoint in monitor["spec"]["endpoints"]
        for relabeling in endpoint.get("metricRelabelings") or []
        if relabeling["action"] == "drop" and relabeling["sourceLabels"] == ["__name__"]
    ]
    assert dropped
    asked = {
        (rule["alert"], name)
        for rule in alerts_of(rules_of_the_charts())
        for name in re.findall(r"[a-z_:][a-z0-9_:]{5,}(?=[{\[ )])", str(rule["expr"]))
    }
    assert (
        "KubeClientCertificateExpiration",
        "apiserver_client_certificate_expiration_seconds_bucket",
    ) in asked
    assert [pair for pair in asked if any(regex.fullmatch(pair[1]) for regex in dropped)] == []
