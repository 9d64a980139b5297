"""What the program adds to the dashboards of infra/monitoring/grafana_dashboards. Pure.

Which of them apply, where the console is, and the runbooks as a dashboard of their own: at night,
they are where the alerts are, in the version that was deployed.
"""

import json
import re
import zlib
from pathlib import Path

from infra.config.observability import ObservabilityOptions

FILES = Path(__file__).parent / "grafana_dashboards"
RUNBOOK_FILES = Path(__file__).parents[2] / "docs" / "runbooks"
# Rendered by `make dashboards`, from the package dashboards, which nothing here imports.
OVERVIEW = "overview"
ALWAYS, WITH_COST = (OVERVIEW, "database", "kubernetes"), "cost"
RUNBOOKS = "runbooks"
RUNBOOKS_UID = "platform-runbooks"
WIDTH, HEIGHT = 12, 14
_PANEL = "/d/{uid}?viewPanel=panel-{panel}"
_RUNBOOK_LINK = re.compile(r"\]\((\w+)\.md\)")
_DOCUMENT_LINK = re.compile(r"\[([^\]]+)\]\(\.\./([^)#]+)(?:#[^)]*)?\)")


def boards(options: ObservabilityOptions) -> dict[str, str]:
    """Return the JSON of each dashboard by its name."""
    names = [*ALWAYS, *([WITH_COST] if options.cost.enabled else [])]
    return {name: (FILES / f"{name}.json").read_text() for name in names} | {RUNBOOKS: runbooks()}


def runbooks() -> str:
    """Return a dashboard with a text for each runbook, in the order of their names."""
    texts = sorted(RUNBOOK_FILES.glob("*.md"))
    panels = [
        {
            "id": panel_of(path.stem),
            "type": "text",
            "title": path.stem,
            "gridPos": {
                "x": index % 2 * WIDTH,
                "y": index // 2 * HEIGHT,
                "w": WIDTH,
                "h": HEIGHT,
            },
            "options": {"mode": "markdown", "content": linked(path.read_text())},
        }
        for index, path in enumerate(texts)
    ]
    board = {
        "uid": RUNBOOKS_UID,
        "title": "Runbooks",
        "description": "What does an alert mean, and what to do? docs/runbooks, as deployed.",
        "tags": ["platform"],
        "schemaVersion": 42,
        "editable": False,
        "panels": panels,
    }
    return json.dumps(board, indent=2) + "\n"


def linked(text: str) -> str:
    """Return a runbook as Grafana shows it: another one is a panel, other documents are names.

    In the repository, links are paths from `docs/runbooks`; in Grafana they would lead nowhere.
    """
    panels = _RUNBOOK_LINK.sub(
        lambda match: f"]({_PANEL.format(uid=RUNBOOKS_UID, panel=panel_of(match[1]))})", text
    )
    return _DOCUMENT_LINK.sub(r"\1 (docs/\2)", panels)


def panel_of(alert: str) -> int:
    """Return the number of an alert's panel, which links carry: it must not change."""
    return zlib.crc32(alert.encode()) % 1_000_000


def with_console(text: str, address: str) -> str:
    """Return the overview with a link to where the console is."""
    board = json.loads(text)
    [variable] = [each for each in board["templating"]["list"] if each["name"] == "console"]
    variable["query"] = address
    return json.dumps(board, indent=2) + "\n"
