"""Every query of ours, of dashboards, rules and links, is about metrics and labels that exist."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import promql_parser
import pytest
from prometheus_client import REGISTRY
from prometheus_client.metrics import Histogram

from infra import versions
from infra.third_party.grafana import trace_queries
from tests.support.backend_metrics import OF_PROCESS, exposed_by_backend, labels_of
from tests.support.chart import load
from tests.support.grafana import Asked, queries
from tests.support.metric_lists import metric_lists
from tests.support.plan import inputs_of, plan_of
from tests.support.rules import (
    BACKEND_FILES,
    PLATFORM_FILES,
    alerts_of,
    check_rules,
    rules_of,
)
from tests.support.third_party import rendered

# What Prometheus and its operator add to every series of a target.
OF_TARGETS = {
    *("job", "instance", "namespace", "pod", "container", "endpoint", "service"),
    "app_kubernetes_io_component",  # podTargetLabels of the chart's monitors
}
OF_PROMETHEUS = {"up", "scrape_duration_seconds", "ALERTS", "ALERTS_FOR_STATE"}
# The one condition that must hold whatever is scraped.
WITHOUT_METRIC = {"vector(1)"}


def known_labels() -> dict[str, set[str]]:
    lines = (Path(__file__).parent / "metric_labels.txt").read_text().splitlines()
    found = [line.split() for line in lines if line and not line.startswith("#")]
    return {name: set(labels) for name, *labels in found}


def queries_of_rules() -> Iterator[Asked]:
    for path in (*BACKEND_FILES, *PLATFORM_FILES):
        for rule in rules_of([load(path)]):
            labels = rule.get("labels", {})
            which = f"{labels.get('severity', '')} {labels.get('tier', '')}".strip()
            yield Asked(path.stem, rule.get("alert") or rule["record"], which, rule["expr"])


def queries_of_links() -> Iterator[Asked]:
    """From a trace to metrics: the queries of Grafana's data source."""
    for query in trace_queries():
        yield Asked("link", query["name"], "", query["query"])


LABELS = known_labels()

QUERIES = [*queries(), *queries_of_rules(), *queries_of_links()]
each_query = pytest.mark.parametrize("asked", QUERIES, ids=str)


@pytest.fixture(scope="module", autouse=True)
def exposed() -> frozenset[str]:
    return exposed_by_backend()


def our_recorded() -> set[str]:
    """Return what the chart's rules and the program's record, each as it is deployed."""
    platform = inputs_of(plan_of("dev"), "observability-platform-rules")["spec"]
    documents = [*map(load, BACKEND_FILES), platform]
    return {rule["record"] for rule in rules_of(documents) if "record" in rule}


def selectors(query: str) -> list[promql_parser.VectorSelector]:
    found: list[promql_parser.VectorSelector] = []

    def visit(node: promql_parser.Expr) -> bool:
        if isinstance(node, promql_parser.MatrixSelector):
            node = node.vector_selector
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node)
        return True

    promql_parser.walk(promql_parser.parse(query), visit)
    return found


def labels_known_of(metric: str) -> set[str]:
    if metric in OF_PROCESS:
        return OF_TARGETS
    if metric.startswith(("backend:", "platform:")):
        return {"namespace"}
    if metric.startswith("backend_"):
        return {*labels_of(metric), *OF_TARGETS}
    assert metric in LABELS, f"say the labels of {metric} in tests/contract/metric_labels.txt"
    return {*LABELS[metric], *OF_TARGETS}


def test_prometheus_takes_every_query(tmp_path: Path) -> None:
    rules = [
        {"record": f"query:{number}", "expr": asked.query} for number, asked in enumerate(QUERIES)
    ]
    printed = check_rules([{"name": "all", "rules": rules}], tmp_path)
    assert f"SUCCESS: {len(QUERIES)} rules found" in printed


@each_query
def test_every_metric_asked_for_exists(asked: Asked, exposed: frozenset[str]) -> None:
    names = {str(selector.name) for selector in selectors(asked.query)}
    assert names or asked.query in WITHOUT_METRIC, "a query without a metric"
    known = exposed.union(*metric_lists().values())
    recorded = our_recorded() | {name for name in LABELS if ":" in name}
    assert names - known - recorded - OF_PROMETHEUS - OF_PROCESS == set()


@each_query
def test_every_label_asked_for_exists(asked: Asked) -> None:
    found = set[str]()
    for selector in selectors(asked.query):
        known = labels_known_of(str(selector.name))
        assert {matcher.name for matcher in selector.matchers.matchers} <= known, selector.name
        found |= known
    found |= set(re.findall(r'label_replace\(.*?, "(\w+)", "\$1"', asked.query))
    for label in grouped_by(asked.query):
        assert label in found, f"no metric of this query has the label {label}"


def grouped_by(query: str) -> Iterable[str]:
    """Return the labels that aggregations and matchings name."""
    for names in re.findall(r"\b(?:by|on|ignoring|group_left) \(([^)]*)\)", query):
        yield from (name.strip() for name in names.split(",") if name.strip())


def test_every_bucket_asked_for_is_one_and_is_spelt_as_exposed() -> None:
    """A bound that no bucket has selects nothing, and nothing is never too slow."""
    checked = 0
    for asked in QUERIES:
        for selector in selectors(asked.query):
            bounds = {m.value for m in selector.matchers.matchers if m.name == "le"}
            if bounds:
                histogram = REGISTRY._names_to_collectors[str(selector.name)]
                assert isinstance(histogram, Histogram)
                assert bounds <= {str(float(bound)) for bound in histogram._kwargs["buckets"]}
                checked += 1
    assert checked


def test_no_metric_has_a_label_that_prometheus_adds() -> None:
    """It would rename ours to exported_…, and every query by the name would ask for its own."""
    for name, collector in REGISTRY._names_to_collectors.items():
        assert set(getattr(collector, "_labelnames", ())) & OF_TARGETS == set(), name


def test_recording_rules_of_the_stack_are_among_those_that_its_chart_makes() -> None:
    recorded = {
        rule["record"]
        for item in rendered(versions.PROMETHEUS_STACK_CHART).of_kind("PrometheusRule")
        for rule in rules_of([item["spec"]])
        if "record" in rule
    }
    asked = {str(s.name) for a in QUERIES for s in selectors(a.query) if ":" in str(s.name)}
    ours = our_recorded()
    assert asked - ours
    assert asked - ours <= recorded


def test_metrics_that_the_stack_drops_are_not_asked_for() -> None:
    """The chart's monitors drop families by regular expression; ours only those of the API."""
    stack = rendered(versions.PROMETHEUS_STACK_CHART)
    asked = {str(s.name) for a in QUERIES for s in selectors(a.query)}
    for rule in alerts_of(item["spec"] for item in stack.of_kind("PrometheusRule")):
        asked |= {str(selector.name) for selector in selectors(rule["expr"])}
    checked = 0
    for monitor in stack.of_kind("ServiceMonitor"):
        for endpoint in monitor["spec"]["endpoints"]:
            for rule in endpoint.get("metricRelabelings", []):
                if rule["action"] == "drop" and rule["sourceLabels"] == ["__name__"]:
                    dropped = {name for name in asked if re.fullmatch(rule["regex"], name)}
                    assert dropped == set(), monitor["metadata"]["name"]
                    checked += 1
    assert checked > 3


def test_labels_are_said_of_what_is_asked_for_and_of_nothing_else() -> None:
    asked = {str(s.name) for a in QUERIES for s in selectors(a.query)}
    assert set(LABELS) - asked == set(), "nobody asks for these any more"


def test_the_parts_of_a_query_are_really_seen() -> None:
    """Guard: a walk that finds nothing would leave the tests above green."""
    query = 'sum by (a) (rate(b_total{c="1"}[5m])) / on (d) group_left (e) f'
    assert {selector.name for selector in selectors(query)} == {"b_total", "f"}
    assert set(grouped_by(query)) == {"a", "d", "e"}
