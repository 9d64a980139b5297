"""The platform's alerts ask only for metrics that somebody exposes, and each has its runbook."""

import re

import promql_parser
import pytest

from infra.monitoring.platform_rules import RULES
from tests.support.chart import Tree, load
from tests.support.metric_lists import metric_lists, source_of
from tests.support.rules import rules_of

# What Prometheus says about a target itself.
OF_PROMETHEUS = {"up"}
# What infra/monitoring/platform_rules.py gives the rules to compare with.
NUMBERS = {
    "platform:database_storage_ceiling:bytes",
    "platform:cluster_budget:usd_per_month",
}
ALL: list[Tree] = list(rules_of(map(load, sorted(RULES.glob("*.yaml")))))
RECORDED = {rule["record"] for rule in ALL if "record" in rule}
QUERIES = {
    f"{rule.get('alert') or rule['record']} {rule.get('labels', {}).get('severity', '')}".strip(): (
        rule["expr"]
    )
    for rule in ALL
}


def asked(query: str) -> set[str]:
    found: set[str] = set()

    def visit(node: promql_parser.Expr) -> bool:
        if isinstance(node, promql_parser.MatrixSelector):
            node = node.vector_selector
        if isinstance(node, promql_parser.VectorSelector):
            found.add(str(node.name))
        return True

    promql_parser.walk(promql_parser.parse(query), visit)
    return found


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_every_metric_asked_for_is_exposed(query: str) -> None:
    exposed = frozenset().union(*metric_lists().values())
    names = asked(query)
    assert names
    assert names - exposed - RECORDED - NUMBERS - OF_PROMETHEUS == set()


def test_the_metrics_of_a_query_are_really_seen() -> None:
    """Guard: a walk that finds nothing would leave the test above green."""
    query = "sum by (x) (rate(a_total[5m])) / (b unless b offset 5m) > scalar(c)"
    assert asked(query) == {"a_total", "b", "c"}


@pytest.mark.parametrize("name", metric_lists())
def test_a_list_says_of_which_version_it_is_and_where_from(name: str) -> None:
    assert re.match(r"# [\w-]+ v?\d+\.\d+(\.\d+)? \(.+\)", source_of(name))
    names = metric_lists()[name]
    assert names
    assert not [one for one in names if not re.fullmatch(r"[a-zA-Z_:][a-zA-Z0-9_:]*", one)]
