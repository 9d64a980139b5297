"""A dashboard as one HTML file that needs nothing else: the grid, and what it is not."""

import json
from html import escape
from pathlib import Path

from dashboards.preview.panel import Tree, body
from dashboards.preview.prometheus import Prometheus

STYLE = (Path(__file__).parent / "style.css").read_text()
NOT_GRAFANA = (
    "A rendering of the layout by this repository's own code, not Grafana: places, questions, units"
    " and limits are those of the deployed JSON."
)


def preview(text: str, source: Prometheus | None, note: str = "") -> str:
    """Return HTML of a dashboard's JSON; without a Prometheus every panel is empty."""
    board: Tree = json.loads(text)
    panels = "".join(_placed(panel, source) for panel in board["panels"])
    choices = " ".join(
        f"<span>{escape(variable.get('label', variable['name']))}:"
        f" {escape(str(variable['current']['text']))}</span>"
        for variable in board.get("templating", {}).get("list", [])
        if variable["type"] != "constant"
    )
    links = " ".join(f"<span>{escape(link['title'])}</span>" for link in board.get("links", []))
    said = f"{NOT_GRAFANA} {escape(note)}"
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        f"<title>{escape(board['title'])}: preview</title><style>{STYLE}</style>"
        f'<p class="not-grafana">{said}</p>'
        f"<header><h1>{escape(board['title'])}</h1><p>{escape(board['description'])}</p>"
        f'<nav class="choices">{choices}</nav><nav>{links}</nav></header>'
        f"<main>{panels}</main></html>\n"
    )


def _placed(panel: Tree, source: Prometheus | None) -> str:
    place = panel["gridPos"]
    columns = f"{place['x'] + 1}/span {place['w']}"
    where = f"grid-column:{columns};grid-row:{place['y'] + 1}/span {place['h']}"
    if panel["type"] == "row":
        return f'<h2 style="{where}">{escape(panel["title"])}</h2>'
    question, *_ = panel.get("description", "").partition("?")
    asked = f'<p class="question">{escape(question)}?</p>' if question else ""
    return (
        f'<section class="{panel["type"]}" style="{where}"><h3>{escape(panel["title"])}</h3>'
        f"{asked}{body(panel, source)}{_details(panel)}</section>"
    )


def _details(panel: Tree) -> str:
    """Return what one clicks for: the whole description, the queries, the links."""
    if panel["type"] == "text":
        return ""
    unit = escape(panel["fieldConfig"]["defaults"]["unit"])
    queries = "".join(f"<pre>{escape(target['expr'])}</pre>" for target in panel["targets"])
    links = "".join(f"<li>{escape(link['title'])}</li>" for link in panel.get("links", []))
    return (
        f"<details><summary>i</summary><p>{escape(panel['description'])}</p><p>Unit: {unit}</p>"
        f"{queries}<ul>{links}</ul></details>"
    )
