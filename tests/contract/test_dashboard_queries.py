"""Every query of the dashboards is one for Prometheus, about metrics and labels that exist."""

import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

import promql_parser
import pytest
import yaml

from infra import versions
from tests.support.backend_metrics import OF_PROCESS, exposed_by_backend, labels_of
from tests.support.chart import CHART, load
from tests.support.grafana import Asked, queries
from tests.support.metric_lists import metric_lists
from tests.support.plan import inputs_of, plan_of
from tests.support.rules import rules_of
from tests.support.third_party import rendered
from tests.support.tools import require_tool

CONTRACT = Path(__file__).parent
QUERIES = list(queries())
each_query = pytest.mark.parametrize("asked", QUERIES, ids=str)
# What Prometheus and its operator add to every series of a target.
OF_TARGETS = {
    *("job", "instance", "namespace", "pod", "container", "endpoint", "service"),
    "app_kubernetes_io_component",  # podTargetLabels of the chart's monitors
}
OF_PROMETHEUS = {"up", "scrape_duration_seconds", "ALERTS", "ALERTS_FOR_STATE"}


def known_labels() -> dict[str, set[str]]:
    lines = (CONTRACT / "metric_labels.txt").read_text().splitlines()
    found = [line.split() for line in lines if line and not line.startswith("#")]
    return {name: set(labels) for name, *labels in found}


LABELS = known_labels()


def our_recorded() -> set[str]:
    """Return what the chart's rules and the program's record, each as it is deployed."""
    documents = [
        *map(load, (CHART / "files" / "rules").glob("*.yaml")),
        inputs_of(plan_of("dev"), "observability-platform-rules")["spec"],
    ]
    return {rule["record"] for rule in rules_of(documents) if "record" in rule}


def parts(query: str) -> Iterator[promql_parser.Expr]:
    """Yield every part of a query, the outermost first."""
    found: list[promql_parser.Expr] = []

    def visit(node: promql_parser.Expr) -> bool:
        found.append(node)
        return True

    promql_parser.walk(promql_parser.parse(query), visit)
    return iter(found)


def selectors(query: str) -> list[promql_parser.VectorSelector]:
    return [
        part.vector_selector if isinstance(part, promql_parser.MatrixSelector) else part
        for part in parts(query)
        if isinstance(part, (promql_parser.VectorSelector, promql_parser.MatrixSelector))
    ]


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
    promtool = require_tool("promtool", package="prometheus")
    rules = [
        {"record": f"query:{number}", "expr": asked.query} for number, asked in enumerate(QUERIES)
    ]
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "all", "rules": rules}]}))
    checked = subprocess.run(  # noqa: S603  Debian's program
        [promtool, "check", "rules", str(file)], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr + checked.stdout
    assert f"SUCCESS: {len(QUERIES)} rules found" in checked.stdout


@each_query
def test_every_metric_asked_for_exists(asked: Asked) -> None:
    names = {str(selector.name) for selector in selectors(asked.query)}
    assert names, "a query without a metric"
    exposed = exposed_by_backend().union(*metric_lists().values())
    recorded = our_recorded() | {name for name in LABELS if ":" in name}
    assert names - exposed - recorded - OF_PROMETHEUS - OF_PROCESS == set()


@each_query
def test_every_label_asked_for_exists(asked: Asked) -> None:
    exposed_by_backend()
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
    asked = {str(s.name) for a in QUERIES for s in selectors(a.query)}
    monitors = rendered(versions.PROMETHEUS_STACK_CHART).of_kind("ServiceMonitor")
    checked = 0
    for monitor in monitors:
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
