"""The dashboards of infra/monitoring/grafana_dashboards that apply with the settings. Pure."""

import json
from pathlib import Path

from infra.config.observability import ObservabilityOptions
from infra.monitoring.runbook_board import runbooks

FILES = Path(__file__).parent / "grafana_dashboards"
# Rendered by `make dashboards` from the package dashboards.
OVERVIEW = "overview"
ALWAYS, WITH_COST = (OVERVIEW, "database", "kubernetes"), "cost"
RUNBOOKS = "runbooks"


def boards(options: ObservabilityOptions) -> dict[str, str]:
    """Return the JSON of each dashboard by its name."""
    names = [*ALWAYS, *([WITH_COST] if options.cost.enabled else [])]
    return {name: (FILES / f"{name}.json").read_text() for name in names} | {RUNBOOKS: runbooks()}


def with_console(text: str, address: str) -> str:
    """Return the overview with a link to the console."""
    board = json.loads(text)
    [variable] = [each for each in board["templating"]["list"] if each["name"] == "console"]
    variable["query"] = address
    return json.dumps(board, indent=2) + "\n"
