"""Converts a panel with Grafana's builders."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias, TypeVar

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    prometheus,
    stat,
    table,
    text,
    timeseries,
)
from grafana_foundation_sdk.builders.dashboard import DashboardLink, ThresholdsConfig
from grafana_foundation_sdk.models import common as kinds
from grafana_foundation_sdk.models.dashboard import (
    DataTransformerConfig,
    DynamicConfigValue,
    GridPos,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat
from grafana_foundation_sdk.models.text import TextMode

from dashboards import links
from dashboards.panels import Color, Kind, Panel, Query, Step

Asking: TypeAlias = stat.Panel | timeseries.Panel | bargauge.Panel | table.Panel
P = TypeVar("P", stat.Panel, timeseries.Panel, bargauge.Panel, table.Panel)

SOURCE = kinds.DataSourceRef(type_val="prometheus", uid=links.PROMETHEUS)
LAST = ["lastNotNull"]
SEVERITIES = {"critical": Color.BAD, "warning": Color.WARN}


def draw(panel: Panel, number: int, place: GridPos) -> Asking | text.Panel:
    """Return Grafana's builder of the panel, with its number and place."""
    if panel.kind is Kind.TEXT:
        return (
            text.Panel()
            .id(number)
            .title(panel.title)
            .grid_pos(place)
            .mode(TextMode.MARKDOWN)
            .content(panel.question)
        )
    drawn = _DRAW[panel.kind](panel)
    drawn.id(number).title(panel.title).description(panel.question).grid_pos(place)
    drawn.datasource(SOURCE).unit(panel.unit).min(0)
    drawn.links(list(_links(panel)))
    if panel.maximum is not None:
        drawn.max(panel.maximum)
    if panel.decimals is not None:
        drawn.decimals(panel.decimals)
    if panel.steps:
        drawn.thresholds(_thresholds(panel.steps))
    if panel.texts:
        results = {key: ValueMappingResult(text=value) for key, value in panel.texts.items()}
        drawn.mappings([ValueMap(options=results)])
    return drawn


def _stat(panel: Panel) -> stat.Panel:
    named = "{{" in panel.queries[0].legend
    drawn = (
        stat.Panel()
        .reduce_options(common.ReduceDataOptions().calcs(LAST))
        .color_mode(kinds.BigValueColorMode.VALUE)
        .graph_mode(kinds.BigValueGraphMode.NONE if named else kinds.BigValueGraphMode.AREA)
        .text_mode(kinds.BigValueTextMode.VALUE_AND_NAME if named else kinds.BigValueTextMode.VALUE)
    )
    return _with_queries(drawn, panel.queries, lambda query: query)


def _graph(panel: Panel) -> timeseries.Panel:
    drawn = (
        timeseries.Panel()
        .legend(
            common.VizLegendOptions()
            .show_legend(show_legend=True)
            .display_mode(kinds.LegendDisplayMode.LIST)
            .placement(kinds.LegendPlacement.BOTTOM)
        )
        .tooltip(
            common.VizTooltipOptions()
            .mode(kinds.TooltipDisplayMode.MULTI)
            .sort(kinds.SortOrder.DESCENDING)
        )
        .line_width(1)
        .fill_opacity(30 if panel.stacked else 8)
    )
    if panel.stacked:
        drawn.stacking(common.StackingConfig().mode(kinds.StackingMode.NORMAL).group("A"))
    if panel.steps:
        drawn.thresholds_style(
            common.GraphThresholdsStyleConfig().mode(kinds.GraphThresholdsStyleMode.DASHED)
        )
    return _with_queries(drawn, panel.queries, lambda query: query.exemplar(exemplar=panel.traces))


def _bars(panel: Panel) -> bargauge.Panel:
    drawn = (
        bargauge.Panel()
        .reduce_options(common.ReduceDataOptions().calcs(LAST))
        .orientation(kinds.VizOrientation.HORIZONTAL)
        .display_mode(kinds.BarGaugeDisplayMode.BASIC)
    )
    return _with_queries(drawn, panel.queries, lambda query: query.instant())


def _table(panel: Panel) -> table.Panel:
    order = {name: index for index, name in enumerate([*panel.columns, "Value"])}
    tidy = DataTransformerConfig(
        id_val="organize",
        options={
            "excludeByName": {"Time": True},
            "indexByName": order,
            "renameByName": {"Value": panel.value_column},
        },
    )
    sort = common.TableSortByFieldState().display_name(panel.value_column).desc(desc=True)
    drawn = table.Panel().with_transformation(tidy).sort_by([sort]).filterable(filterable=False)
    if "severity" in panel.columns:
        drawn.override_by_name("severity", _colored(SEVERITIES))
    return _with_queries(
        drawn,
        panel.queries,
        lambda query: query.instant().format(PromQueryFormat.TABLE),
    )


_DRAW: dict[Kind, Callable[[Panel], Asking]] = {
    Kind.STAT: _stat,
    Kind.GRAPH: _graph,
    Kind.BARS: _bars,
    Kind.TABLE: _table,
}


def _with_queries(
    drawn: P,
    queries: Sequence[Query],
    shape: Callable[[prometheus.Dataquery], prometheus.Dataquery],
) -> P:
    for letter, query in zip("ABCDEFGH", queries, strict=False):
        asked = (
            prometheus.Dataquery()
            .ref_id(letter)
            .expr(query.expr)
            .legend_format(query.legend)
            .datasource(SOURCE)
        )
        drawn.with_target(shape(asked))
    return drawn


def _thresholds(steps: Sequence[Step]) -> ThresholdsConfig:
    found = [Threshold(value=step.value, color=step.color) for step in steps]
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(found)


def _colored(texts: Mapping[str, str]) -> list[DynamicConfigValue]:
    results = {key: ValueMappingResult(text=key, color=color) for key, color in texts.items()}
    return [
        DynamicConfigValue("mappings", [ValueMap(options=results)]),
        DynamicConfigValue("custom.cellOptions", {"type": "color-text"}),
    ]


def _links(panel: Panel) -> list[DashboardLink]:
    return [
        *map(links.runbook, panel.alerts),
        *([links.logs(panel.logs)] if panel.logs else []),
        *([links.traces()] if panel.traces else []),
    ]
