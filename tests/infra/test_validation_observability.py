"""What `make plan` says about the monitoring stack before anything is deployed."""

import pytest

from infra.config.findings import Finding, Severity
from infra.settings import parse_options
from infra.validation.deployment import validate
from tests.support.chart import merged
from tests.support.plan import TODAY, Tree, stack_values


def findings(observability: Tree, **groups: Tree) -> dict[str, Finding]:
    values = merged(stack_values("dev"), {"observability": observability, **groups})
    found = validate(parse_options(values, "test"), TODAY)
    return {
        finding.setting: finding
        for finding in found
        if finding.setting.startswith(("observability.", "nodes.groups"))
    }


QUIET: Tree = {"notifications": {"emails": ["on-call@example.com"]}}


def test_the_reference_deployment_warns_of_nothing_but_missing_subscribers() -> None:
    assert findings(QUIET) == {}
    [setting] = findings({})
    assert setting == "observability.notifications.emails"


def test_a_storage_class_that_nobody_makes_is_an_error() -> None:
    finding = findings({**QUIET, "storageClass": "gp2"})["observability.storageClass"]
    assert finding.severity is Severity.ERROR
    assert "the StorageClass 'gp2' does not exist" in finding.message
    assert "Use gp3" in finding.remedy


@pytest.mark.parametrize("version", ["2.21.0", "2.21.1", "2.30.0"])
def test_a_jaeger_without_the_search_that_grafana_uses_is_an_error(version: str) -> None:
    chosen = merged(QUIET, {"traces": {"version": version}})
    finding = findings(chosen)["observability.traces.version"]
    assert finding.severity is Severity.ERROR
    assert f"Grafana 13.2.0 cannot search in Jaeger {version}" in finding.message
    assert '"2.19.0"' in finding.remedy


def test_without_grafana_any_jaeger_2_will_do() -> None:
    chosen = {
        "traces": {"version": "2.21.0"},
        "metrics": {"enabled": False},
        "cost": {"enabled": False, "monthlyBudgetUsd": None},
    }
    assert findings(chosen) == {}


@pytest.mark.parametrize("version", ["2.19.0", "2.20.0", "2.20.3"])
def test_a_jaeger_that_can_be_searched_is_fine(version: str) -> None:
    assert findings(merged(QUIET, {"traces": {"version": version}})) == {}


@pytest.mark.parametrize(
    ("version", "sentence"),
    [("latest", "not a version x.y.z"), ("1.76.0", "the chart runs Jaeger 2"), ("2.19", "x.y.z")],
)
def test_what_is_no_jaeger_2_is_an_error(version: str, sentence: str) -> None:
    found = findings(merged(QUIET, {"traces": {"version": version}}))
    assert sentence in found["observability.traces.version"].message


def test_grafana_on_the_load_balancer_without_tls_is_an_error() -> None:
    found = findings(merged(QUIET, {"grafana": {"access": "load-balancer"}}))
    finding = found["observability.grafana.access"]
    assert finding.severity is Severity.ERROR
    assert "no certificate" in finding.message
    assert "port-forward" in finding.remedy


def test_cost_without_metrics_is_an_error() -> None:
    found = findings({"metrics": {"enabled": False}})
    assert "OpenCost" in found["observability.cost.enabled"].message


@pytest.mark.parametrize(
    ("cost", "sentence"),
    [
        ({"monthlyBudgetUsd": None}, "no alert fires when it rises"),
        ({"enabled": False}, "200 has no effect"),
    ],
    ids=["no budget", "no prices"],
)
def test_a_budget_and_prices_need_each_other(cost: Tree, sentence: str) -> None:
    [(setting, finding)] = findings(merged(QUIET, {"cost": cost})).items()
    assert setting == "observability.cost.monthlyBudgetUsd"
    assert finding.severity is Severity.WARNING
    assert sentence in finding.message


@pytest.mark.parametrize(
    ("alarms", "left"),
    [(True, "only CloudWatch's alarms do"), (False, "CloudWatch's alarms are off, too")],
    ids=["with alarms", "without"],
)
def test_a_database_that_prometheus_does_not_see_is_a_warning(*, alarms: bool, left: str) -> None:
    chosen = merged(QUIET, {"metrics": {"databaseExporter": False}, "alarms": alarms})
    [(setting, finding)] = findings(chosen).items()
    assert setting == "observability.metrics.databaseExporter"
    assert finding.severity is Severity.WARNING
    assert left in finding.message


@pytest.mark.parametrize(
    ("chosen", "wrong"),
    [
        ({"receiver": "slack"}, {"url", "channel"}),
        ({"receiver": "slack", "url": "https://x", "channel": "#a"}, set()),
        ({"receiver": "webhook"}, {"url"}),
        ({"receiver": "webhook", "url": "https://x", "channel": "#a"}, {"channel"}),
        ({"receiver": "email"}, {"emails", "smarthost", "sender"}),
        (
            {"receiver": "email", "emails": ["a@b"], "smarthost": "m:587", "sender": "c@d"},
            set(),
        ),
        (
            {
                "receiver": "email",
                "emails": ["a@b"],
                "smarthost": "m:587",
                "sender": "c@d",
                "username": "u",
            },
            {"password"},
        ),
        ({"receiver": "none"}, {"receiver"}),
        ({"receiver": "none", "emails": ["a@b"]}, {"emails", "receiver"}),
    ],
)
def test_a_receiver_needs_its_own_settings_and_no_others(chosen: Tree, wrong: set[str]) -> None:
    found = findings({"notifications": chosen})
    assert {name.rpartition(".")[2] for name in found} == wrong


def test_a_refused_secret_is_not_repeated() -> None:
    chosen = {"receiver": "none", "url": "https://hooks.example.com/a-secret"}
    assert "a-secret" not in str(findings({"notifications": chosen}))


def test_metrics_that_go_before_the_slowest_alert_has_looked_are_a_warning() -> None:
    assert findings(merged(QUIET, {"metrics": {"retentionDays": 4}})) == {}
    [finding] = findings(merged(QUIET, {"metrics": {"retentionDays": 3}})).values()
    assert finding.severity is Severity.WARNING
    assert "look back 3" in finding.message


def test_settings_that_do_not_fit_the_nodes_are_an_error() -> None:
    found = findings(merged(QUIET, {"metrics": {"memoryMb": 4096}}))
    finding = found["nodes.groups"]
    assert finding.severity is Severity.ERROR
    assert "2 nodes offer 3860m, 6096 MiB and 70 pods" in finding.message
    assert "of the memory" in finding.message
    assert "observability.metrics.memoryMb" in finding.remedy


def test_settings_that_leave_little_capacity_are_a_warning() -> None:
    found = findings(merged(QUIET, {"metrics": {"memoryMb": 1536}}))
    assert found["nodes.groups"].severity is Severity.WARNING


def test_more_api_pods_than_fit_are_an_error() -> None:
    replicas = {"replicas": 20, "maxReplicas": 20, "databasePoolSize": 2}
    assert findings(QUIET, backend=replicas)["nodes.groups"].severity is Severity.ERROR


def test_larger_nodes_take_what_smaller_ones_do_not() -> None:
    large = {"groups": {"general": {"instanceTypes": ["t3.large"]}}}
    assert findings(merged(QUIET, {"metrics": {"memoryMb": 4096}}), nodes=large) == {}


def test_a_stack_that_is_off_is_not_asked_about() -> None:
    wrong = {"enabled": False, "storageClass": "gp2", "grafana": {"access": "load-balancer"}}
    assert findings(wrong) == {}
