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
        if finding.setting.startswith("observability.") or finding.setting == "nodes.groups"
    }


QUIET: Tree = {"notifications": {"emails": ["on-call@example.com"]}}


def test_the_reference_deployment_warns_of_nothing_but_missing_subscribers() -> None:
    assert findings(QUIET) == {}
    [setting] = findings({})
    assert setting == "observability.notifications.emails"


ERROR, WARNING = Severity.ERROR, Severity.WARNING
JAEGER = "observability.traces.version"
BUDGET = "observability.cost.monthlyBudgetUsd"
EXPORTER = "observability.metrics.databaseExporter"
NO_EXPORTER: Tree = {"metrics": {"databaseExporter": False}}
GRAFANA: Tree = {"grafana": {"access": "load-balancer"}}


def jaeger(version: str) -> Tree:
    return {"traces": {"version": version}}


def memory(mib: int) -> Tree:
    return {"metrics": {"memoryMb": mib}}


@pytest.mark.parametrize(
    ("chosen", "severity", "setting", "says"),
    [
        ({"storageClass": "gp2"}, ERROR, "observability.storageClass", "'gp2' does not exist"),
        (jaeger("2.21.0"), ERROR, JAEGER, "Grafana 13.2.0 cannot search in Jaeger 2.21.0"),
        (jaeger("2.30.0"), ERROR, JAEGER, "Grafana 13.2.0 cannot search in Jaeger 2.30.0"),
        (jaeger("latest"), ERROR, JAEGER, "not a version x.y.z"),
        (jaeger("2.19"), ERROR, JAEGER, "not a version x.y.z"),
        (jaeger("1.76.0"), ERROR, JAEGER, "the chart runs Jaeger 2"),
        (GRAFANA, ERROR, "observability.grafana.access", "no certificate"),
        ({"cost": {"monthlyBudgetUsd": None}}, WARNING, BUDGET, "no alert fires when it rises"),
        ({"cost": {"enabled": False}}, WARNING, BUDGET, "200 has no effect"),
        (NO_EXPORTER, WARNING, EXPORTER, "only CloudWatch's alarms do"),
        ({**NO_EXPORTER, "alarms": False}, WARNING, EXPORTER, "CloudWatch's alarms are off, too"),
        (
            {"metrics": {"retentionDays": 3}},
            WARNING,
            "observability.metrics.retentionDays",
            "look back 3",
        ),
        (
            memory(4096),
            ERROR,
            "nodes.groups",
            "2 nodes offer 3860m, 6096 MiB and 70 pods. That is",
        ),
        (memory(1536), WARNING, "nodes.groups", "of the memory; 85% is safe"),
    ],
)
def test_what_cannot_work_is_an_error_and_what_may_surprise_a_warning(
    chosen: Tree, severity: Severity, setting: str, says: str
) -> None:
    [found] = findings(merged(QUIET, chosen)).values()
    assert (found.setting, found.severity) == (setting, severity)
    assert says in found.message


def test_cost_without_metrics_is_an_error() -> None:
    found = findings({"metrics": {"enabled": False}})
    assert "OpenCost" in found["observability.cost.enabled"].message


def test_without_grafana_any_jaeger_2_will_do() -> None:
    chosen = {
        "traces": {"version": "2.21.0"},
        "metrics": {"enabled": False},
        "cost": {"enabled": False, "monthlyBudgetUsd": None},
    }
    assert findings(chosen) == {}


@pytest.mark.parametrize("version", ["2.19.0", "2.20.0", "2.20.3"])
def test_a_jaeger_that_can_be_searched_is_fine(version: str) -> None:
    assert findings(merged(QUIET, jaeger(version))) == {}


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


def test_more_api_pods_than_fit_are_an_error() -> None:
    replicas = {"replicas": 20, "maxReplicas": 20, "databasePoolSize": 2}
    assert findings(QUIET, backend=replicas)["nodes.groups"].severity is Severity.ERROR


def test_larger_nodes_take_what_smaller_ones_do_not() -> None:
    large = {"groups": {"general": {"instanceTypes": ["t3.large"]}}}
    assert findings(merged(QUIET, memory(4096)), nodes=large) == {}


def test_a_stack_that_is_off_is_not_asked_about() -> None:
    wrong = {"enabled": False, "storageClass": "gp2", "grafana": {"access": "load-balancer"}}
    assert findings(wrong) == {}
