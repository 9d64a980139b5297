"""One panel as HTML: its number, lines, bars or table, or what it would ask."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, TypeAlias
from urllib.error import URLError

from dashboards.preview import svg
from dashboards.preview.numbers import written
from dashboards.preview.prometheus import Prometheus, Series

# A panel of Grafana's JSON: read by key.
Tree: TypeAlias = Mapping[str, Any]
Named: TypeAlias = list[tuple[str, Series]]
MOST_ROWS, MOST_NAMES = 8, 9
COLUMN_PIXELS, ROW_PIXELS = 57, 38


def body(panel: Tree, source: Prometheus | None) -> str:
    """Return what stands below the title."""
    if panel["type"] == "text":
        return f'<p class="words">{escape(panel["options"]["content"])}</p>'
    if source is None:
        return '<p class="none">no data here</p>'
    named = _answers(panel, source)
    if not named:
        # A table of what is wrong is empty when nothing is.
        nothing = "none" if panel["type"] == "table" else "no data here"
        return f'<p class="none">{nothing}</p>'
    return _DRAW[panel["type"]](panel, named, source)


def _answers(panel: Tree, source: Prometheus) -> Named:
    instant = panel["type"] in {"bargauge", "table"}
    found: Named = []
    for target in panel["targets"]:
        try:
            series = source.ask(target["expr"], instant=instant)
        except URLError as error:
            raise ConnectionError(f"{panel['title']}: {target['expr']}: {error}") from error
        found += [(each.name(target["legendFormat"]), each) for each in series]
    return found


def _stat(panel: Tree, named: Named, source: Prometheus) -> str:
    tiles, with_names = [], panel["options"]["textMode"] == "value_and_name"
    for name, series in named[:4]:
        label = f"<small>{escape(name)}</small>" if with_names else ""
        value = _text_of(panel, series.last)
        color = _color_of(panel, series.last)
        tiles.append(f'<div class="number {color}">{escape(value)}{label}</div>')
    shown = svg.course(named[0][1], _span(source)) if len(named) == 1 else ""
    return f'<div class="numbers">{"".join(tiles)}</div>{shown}'


def _graph(panel: Tree, named: Named, source: Prometheus) -> str:
    defaults, place = panel["fieldConfig"]["defaults"], panel["gridPos"]
    custom = defaults.get("custom", {})
    picture = svg.graph(
        named,
        unit=defaults["unit"],
        limits=[(s["value"], s["color"]) for s in _steps(panel) if s["value"] is not None],
        maximum=defaults.get("max"),
        stacked=custom.get("stacking", {}).get("mode") == "normal",
        size=(place["w"] * COLUMN_PIXELS, (place["h"] - 3) * ROW_PIXELS),
        span=_span(source),
    )
    names = [
        f'<li><i style="background:{svg.COLORS[index % len(svg.COLORS)]}"></i>{escape(name)}'
        f" <b>{escape(written(series.last, defaults['unit']))}</b></li>"
        for index, (name, series) in enumerate(named[:MOST_NAMES])
    ]
    more = [f"<li>and {len(named) - MOST_NAMES} more</li>"] if len(named) > MOST_NAMES else []
    return f'{picture}<ul class="names">{"".join(names + more)}</ul>'


def _bars(panel: Tree, named: Named, _source: Prometheus) -> str:
    defaults = panel["fieldConfig"]["defaults"]
    longest = defaults.get("max") or max(series.last for _, series in named) or 1
    rows = [
        f'<div class="bar"><span>{escape(name)}</span><div><i class="{_color_of(panel, s.last)}"'
        f' style="width:{min(s.last / longest, 1) * 100:.1f}%"></i></div>'
        f"<b>{escape(written(s.last, defaults['unit']))}</b></div>"
        for name, s in named[:MOST_ROWS]
    ]
    return f'<div class="bars">{"".join(rows)}</div>'


def _table(panel: Tree, named: Named, _source: Prometheus) -> str:
    [arrangement] = panel["transformations"]
    order: dict[str, int] = arrangement["options"]["indexByName"]
    columns = [name for name in sorted(order, key=order.__getitem__) if name != "Value"]
    value_column = arrangement["options"]["renameByName"]["Value"]
    unit = panel["fieldConfig"]["defaults"]["unit"]
    head = "".join(f"<th>{escape(name)}</th>" for name in [*columns, value_column])
    rows = [
        "<tr>"
        + "".join(f"<td>{escape(series.labels.get(name, ''))}</td>" for name in columns)
        + f"<td>{escape(written(series.last, unit))}</td></tr>"
        for _, series in sorted(named, key=lambda one: -one[1].last)[:MOST_ROWS]
    ]
    return f"<table><tr>{head}</tr>{''.join(rows)}</table>"


_DRAW = {"stat": _stat, "timeseries": _graph, "bargauge": _bars, "table": _table}


def _steps(panel: Tree) -> Sequence[Tree]:
    steps: Sequence[Tree] = panel["fieldConfig"]["defaults"].get("thresholds", {}).get("steps", [])
    return steps


def _color_of(panel: Tree, value: float) -> str:
    reached = [s["color"] for s in _steps(panel) if s["value"] is None or value >= s["value"]]
    return str(reached[-1]) if reached else ""


def _text_of(panel: Tree, value: float) -> str:
    defaults = panel["fieldConfig"]["defaults"]
    for mapping in defaults.get("mappings", []):
        found = mapping["options"].get(f"{value:g}")
        if found:
            return str(found["text"])
    if defaults.get("decimals") == 0:
        return f"{value:.0f}"
    return written(value, defaults["unit"])


def _span(source: Prometheus) -> tuple[float, float]:
    return source.end - source.seconds, source.end
