"""The dashboards that are committed, as Grafana's sidecar reads them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.support.chart import CHART, ROOT, Tree

FILES = [
    *sorted((CHART / "files" / "dashboards").glob("*.json")),
    *sorted((ROOT / "infra" / "monitoring" / "grafana_dashboards").glob("*.json")),
]
# Grafana fills these in before Prometheus sees them.
VARIABLES = {
    "$__rate_interval": "5m",
    "$namespace": "observability",
    "$node": ".*",
}


class Asked(NamedTuple):
    """A query, and where it stands."""

    dashboard: str
    panel: str
    letter: str
    query: str

    def __str__(self) -> str:
        return f"{self.dashboard}: {self.panel} {self.letter}"


def read(path: Path) -> Tree:
    loaded: Tree = json.loads(path.read_text())
    return loaded


def panels_of(dashboard: Tree) -> list[Tree]:
    """Return everything but rows."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def queries() -> Iterator[Asked]:
    """Yield every query as Prometheus would get it: those of panels, then those of variables."""
    for path in FILES:
        dashboard = read(path)
        for panel in panels_of(dashboard):
            for target in panel.get("targets", []):
                query = filled_in(target["expr"])
                yield Asked(path.stem, panel["title"], target["refId"], query)
        for variable in dashboard["templating"]["list"]:
            if variable["type"] == "query":
                metric, label = variable["query"]["query"][len("label_values(") : -1].split(", ")
                query = f"count by ({label}) ({metric})"
                yield Asked(path.stem, "variable", variable["name"], query)


def filled_in(query: str) -> str:
    for variable, value in VARIABLES.items():
        query = query.replace(variable, value)
    return query
