"""A dashboard: panels in rows on Grafana's grid of 24 columns, rendered to JSON.

The same input makes the same bytes: panels are numbered in their order, and nothing is of now.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders.dashboard import (
    ConstantVariable,
    Dashboard,
    QueryVariable,
    Row,
)
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    GridPos,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from dashboards import links
from dashboards.drawing import draw
from dashboards.panels import Panel

COLUMNS = 24
ALL = VariableOption(text="All", value="$__all", selected=True)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A variable: a label of a metric whose value the reader chooses."""

    name: str
    label: str
    of: str  # label_values(…)
    default: str | None  # None: all of them


NAMESPACE = Choice(
    name="namespace",
    label="Namespace",
    of="label_values(backend_build_info, namespace)",
    default="observability",
)


@dataclass(frozen=True)
class Section:
    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True, kw_only=True)
class Page:
    uid: str
    title: str
    description: str
    sections: Sequence[Section]
    choices: Sequence[Choice] = ()
    # Whether it links to the console, whose address the program puts in.
    console: bool = False


class DoesNotFit(ValueError):
    """A row of panels is wider than the grid, or leaves a hole at its end."""


def render(page: Page) -> str:
    """Return the JSON that Grafana's sidecar reads, with a newline at its end."""
    builder = (
        Dashboard(page.title)
        .uid(page.uid)
        .description(page.description)
        .tags([links.TAG])
        .readonly()
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .refresh("30s")
        .time("now-3h", "now")
        .timezone("browser")
        .links(list(links.header(console=page.console)))
        .variables([*map(_variable, page.choices), *_constants(page)])
    )
    number, y = 0, 0
    for section in page.sections:
        number += 1
        place = GridPos(x=0, y=y, w=COLUMNS, h=1)
        builder.with_row(Row(section.title).id(number).grid_pos(place))
        y += 1
        for line in lines(section):
            x, height = 0, max(panel.height for panel in line)
            for panel in line:
                number += 1
                place = GridPos(x=x, y=y, w=panel.width, h=panel.height)
                builder.with_panel(draw(panel, number, place))
                x += panel.width
            y += height
    text = json.dumps(builder.build(), cls=JSONEncoder, indent=2, sort_keys=True)
    return text + "\n"


def lines(section: Section) -> list[list[Panel]]:
    """Break a section's panels into lines of exactly the grid's width."""
    found: list[list[Panel]] = [[]]
    for panel in section.panels:
        if sum(each.width for each in found[-1]) == COLUMNS:
            found.append([])
        found[-1].append(panel)
    for line in found:
        if (width := sum(each.width for each in line)) != COLUMNS:
            titles = ", ".join(each.title for each in line)
            raise DoesNotFit(
                f"'{section.title}': {titles} are {width} columns wide together: make them"
                f" {COLUMNS}, which is a line of the grid"
            )
    return found


def _variable(choice: Choice) -> QueryVariable:
    variable = (
        QueryVariable(choice.name)
        .label(choice.label)
        .datasource(DataSourceRef(type_val="prometheus", uid=links.PROMETHEUS))
        .query({"query": choice.of, "refId": choice.name})
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
    )
    if choice.default is None:
        return variable.multi(multi=True).include_all(include_all=True).all_value(".*").current(ALL)
    chosen = VariableOption(text=choice.default, value=choice.default, selected=True)
    return variable.current(chosen)


def _constants(page: Page) -> list[ConstantVariable]:
    if not page.console:
        return []
    # As after `kubectl port-forward`, until the program says where it is.
    return [ConstantVariable(links.CONSOLE).value("http://localhost:8000")]
