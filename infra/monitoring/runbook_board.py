"""The runbooks as a Grafana dashboard, and the addresses of its panels. Pure."""

import json
import re
import zlib
from pathlib import Path

RUNBOOK_FILES = Path(__file__).parents[2] / "docs" / "runbooks"
RUNBOOKS_UID = "platform-runbooks"
WIDTH, HEIGHT = 12, 14
_RUNBOOK_LINK = re.compile(r"\]\((\w+)\.md\)")
_DOCUMENT_LINK = re.compile(r"\[([^\]]+)\]\(\.\./([^)#]+)(?:#[^)]*)?\)")


def runbooks() -> str:
    """Return a dashboard with a text panel for each runbook, in the order of their names."""
    texts = sorted(RUNBOOK_FILES.glob("*.md"))
    panels = [
        {
            "id": _panel_id(path.stem),
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
    """Return a runbook for Grafana: links to runbooks become panels, other links become names.

    In the repository, links are paths from `docs/runbooks`, which Grafana cannot follow.
    """
    panels = _RUNBOOK_LINK.sub(lambda match: f"]({runbook_url(match[1])})", text)
    return _DOCUMENT_LINK.sub(r"\1 (docs/\2)", panels)


def runbook_url(alert: str) -> str:
    """Return the address of an alert's runbook in Grafana, from its root."""
    return f"/d/{RUNBOOKS_UID}?viewPanel=panel-{_panel_id(alert)}"


def _panel_id(alert: str) -> int:
    """Return the id of an alert's panel. Links carry it, so it must never change."""
    return zlib.crc32(alert.encode()) % 1_000_000
