"""Alerts ask only for what the backend exposes, and every alert has its runbook.

Dashboards: test_dashboard_queries.py.
"""

from collections.abc import Iterator

import promql_parser
import pytest
from prometheus_client import REGISTRY
from prometheus_client.metrics import Histogram

from infra.monitoring.platform_rules import RULES as PLATFORM_RULES
from infra.third_party.grafana import trace_queries
from tests.support.backend_metrics import OF_PROCESS, exposed_by_backend
from tests.support.chart import CHART, ROOT, Tree, load
from tests.support.rules import alerts_of, rules_of

RUNBOOKS = ROOT / "docs" / "runbooks"
# What Prometheus says about a target itself, and the labels that it and the operator add to all.
_OF_PROMETHEUS = {"up"}
_OF_TARGETS = {
    *("job", "instance", "namespace", "pod", "container", "endpoint", "service"),
    "app_kubernetes_io_component",  # podTargetLabels of the chart's monitors
}


def _rules() -> Iterator[Tree]:
    return rules_of(map(load, sorted((CHART / "files" / "rules").glob("*.yaml"))))


_OF_THE_PLATFORM = {rule["alert"] for rule in alerts_of(map(load, PLATFORM_RULES.glob("*.yaml")))}
_ALERTS = {rule["alert"] for rule in _rules() if "alert" in rule} | _OF_THE_PLATFORM
# What rules compute for other rules; all of them aggregate by namespace.
_RECORDED = {rule["record"] for rule in _rules() if "record" in rule}


def _conditions() -> Iterator[tuple[str, str]]:
    for rule in _rules():
        tier = rule.get("labels", {}).get("tier", "")
        yield f"{rule.get('alert') or rule['record']} {tier}".strip(), rule["expr"]


def _links() -> Iterator[tuple[str, str]]:
    """From a trace to metrics: the queries of Grafana's data source."""
    for query in trace_queries():
        yield f"link {query['name']}", query["query"]


_QUERIES = dict([*_conditions(), *_links()])
# The one condition that must hold whatever is scraped.
_WITHOUT_METRIC = {"vector(1)"}


def _selectors(query: str) -> list[promql_parser.VectorSelector]:
    found: list[promql_parser.VectorSelector] = []

    def visit(node: promql_parser.Expr) -> bool:
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node)
        elif isinstance(node, promql_parser.MatrixSelector):
            found.append(node.vector_selector)
        return True

    promql_parser.walk(promql_parser.parse(query), visit)
    return found


@pytest.fixture(scope="module")
def exposed() -> frozenset[str]:
    return exposed_by_backend()


@pytest.mark.parametrize("query", _QUERIES.values(), ids=_QUERIES)
def test_every_metric_asked_for_is_exposed(query: str, exposed: frozenset[str]) -> None:
    asked = {selector.name for selector in _selectors(query)}
    assert asked or query in _WITHOUT_METRIC, "a query without a metric"
    assert asked - exposed - _RECORDED - _OF_PROMETHEUS == set()


@pytest.mark.parametrize("query", _QUERIES.values(), ids=_QUERIES)
@pytest.mark.usefixtures("exposed")
def test_every_label_asked_for_is_there(query: str) -> None:
    for selector in _selectors(query):
        if selector.name in _OF_PROMETHEUS | OF_PROCESS:
            continue
        if selector.name in _RECORDED:
            assert {matcher.name for matcher in selector.matchers.matchers} <= {"namespace"}
            continue
        collector = REGISTRY._names_to_collectors[str(selector.name)]
        known = {*getattr(collector, "_labelnames", ()), *_OF_TARGETS, "le"}
        assert {matcher.name for matcher in selector.matchers.matchers} <= known, selector.name


@pytest.mark.parametrize("query", _QUERIES.values(), ids=_QUERIES)
@pytest.mark.usefixtures("exposed")
def test_every_bucket_asked_for_is_one_and_is_spelt_as_exposed(query: str) -> None:
    """A bound that no bucket has selects nothing, and nothing is never too slow."""
    for selector in _selectors(query):
        asked = {m.value for m in selector.matchers.matchers if m.name == "le"}
        if asked:
            histogram = REGISTRY._names_to_collectors[str(selector.name)]
            assert isinstance(histogram, Histogram)
            buckets = histogram._kwargs["buckets"]
            assert asked <= {str(float(bound)) for bound in buckets}


@pytest.mark.usefixtures("exposed")
def test_no_metric_has_a_label_that_prometheus_adds() -> None:
    """It would rename ours to exported_…, and every query by the name would ask for its own."""
    for name, collector in REGISTRY._names_to_collectors.items():
        labels = set(getattr(collector, "_labelnames", ()))
        assert labels & _OF_TARGETS == set(), name


def test_the_selectors_of_a_query_are_really_seen() -> None:
    """Guard: a walk that finds nothing would leave the tests above green."""
    query = 'sum(rate(a_total{x="1"}[5m])) / (b unless b offset 5m) > bool on () absent(c)'
    assert {selector.name for selector in _selectors(query)} == {"a_total", "b", "c"}


def test_every_alert_has_its_runbook_and_every_runbook_its_alert() -> None:
    assert {path.stem for path in RUNBOOKS.glob("*.md")} == _ALERTS


@pytest.mark.parametrize("name", sorted(_ALERTS))
def test_a_runbook_says_what_it_means_and_what_to_do(name: str) -> None:
    lines = (RUNBOOKS / f"{name}.md").read_text().splitlines()
    assert lines[0] == f"# {name}"
    assert any(line.startswith("**") for line in lines), "what it means, in a sentence"
    assert any(line.startswith("1. ") for line in lines), "what to do, in steps"
