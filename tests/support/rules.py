"""Rules of Prometheus, out of rule files and of PrometheusRules' specs: both hold groups."""

from collections.abc import Iterable, Iterator

from tests.support.chart import Tree


def rules_of(documents: Iterable[Tree]) -> Iterator[Tree]:
    """Yield every rule, in order; a document is what has `groups`."""
    for document in documents:
        for group in document["groups"]:
            yield from group["rules"]


def alerts_of(documents: Iterable[Tree]) -> Iterator[Tree]:
    """Yield the rules that are alerts, and not recordings."""
    return (rule for rule in rules_of(documents) if "alert" in rule)
