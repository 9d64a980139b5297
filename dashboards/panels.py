"""The kinds of panels, each with its question, its unit and the limits that matter.

A panel is built in two steps: here without a place, in `page` with its number and place.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """The plugin that draws it."""

    STAT = "stat"
    GRAPH = "timeseries"
    BARS = "bargauge"
    TABLE = "table"
    TEXT = "text"


class Color(StrEnum):
    GOOD = "green"
    WARN = "orange"
    BAD = "red"


@dataclass(frozen=True)
class Query:
    """PromQL, and what Grafana calls each series of its answer."""

    expr: str
    legend: str


@dataclass(frozen=True)
class Step:
    """From this value on, this color; the first step of a panel has no value."""

    value: float | None
    color: Color


@dataclass(frozen=True, kw_only=True)
class Panel:
    kind: Kind
    title: str
    # A question, then how to read the answer.
    question: str
    queries: Sequence[Query]
    unit: str = ""
    width: int
    height: int
    steps: Sequence[Step] = ()
    # Alerts that watch the same: the runbook of each is a link.
    alerts: Sequence[str] = ()
    # Loki's selector of the log lines that may tell why, and whether Jaeger has traces of it.
    logs: str = ""
    traces: bool = False
    # Values by the text that stands for them.
    texts: Mapping[str, str] = field(default_factory=dict)
    stacked: bool = False
    maximum: float | None = None
    decimals: int | None = None
    # Of a table: labels in their order, and the name of the value's column.
    columns: Sequence[str] = ()
    value_column: str = ""


def rising(*, warn: float | None = None, bad: float | None = None) -> list[Step]:
    """Good from below: a value that reaches `warn` or `bad` is worse."""
    steps = [Step(None, Color.GOOD)]
    if warn is not None:
        steps.append(Step(warn, Color.WARN))
    if bad is not None:
        steps.append(Step(bad, Color.BAD))
    return steps


def falling(*, bad_below: float, good_from: float) -> list[Step]:
    """Good from above: below `bad_below` is bad, between the two is a warning."""
    steps = [Step(None, Color.BAD)]
    if good_from > bad_below:
        steps.append(Step(bad_below, Color.WARN))
    return [*steps, Step(good_from, Color.GOOD)]


def stat(
    title: str,
    question: str,
    query: str,
    *,
    unit: str,
    legend: str = "",
    steps: Sequence[Step] = (),
    width: int = 4,
    texts: Mapping[str, str] | None = None,
    alerts: Sequence[str] = (),
    decimals: int | None = None,
) -> Panel:
    """One number of now, with its course behind it."""
    return Panel(
        kind=Kind.STAT,
        title=title,
        question=question,
        queries=[Query(query, legend or title.lower())],
        unit=unit,
        width=width,
        height=4,
        steps=steps or [Step(None, Color.GOOD)],
        texts=texts or {},
        alerts=alerts,
        decimals=decimals,
    )


def graph(
    title: str,
    question: str,
    *queries: Query,
    unit: str,
    width: int = 8,
    steps: Sequence[Step] = (),
    alerts: Sequence[str] = (),
    logs: str = "",
    traces: bool = False,
    stacked: bool = False,
    maximum: float | None = None,
) -> Panel:
    """Series over time; `steps` are drawn as dashed lines."""
    return Panel(
        kind=Kind.GRAPH,
        title=title,
        question=question,
        queries=queries,
        unit=unit,
        width=width,
        height=8,
        steps=steps,
        alerts=alerts,
        logs=logs,
        traces=traces,
        stacked=stacked,
        maximum=maximum,
    )


def bars(
    title: str,
    question: str,
    *queries: Query,
    unit: str,
    width: int = 8,
    steps: Sequence[Step] = (),
    alerts: Sequence[str] = (),
    maximum: float | None = None,
) -> Panel:
    """One bar for each series of now."""
    return Panel(
        kind=Kind.BARS,
        title=title,
        question=question,
        queries=queries,
        unit=unit,
        width=width,
        height=8,
        steps=steps or [Step(None, Color.GOOD)],
        alerts=alerts,
        maximum=maximum,
    )


def table(
    title: str,
    question: str,
    query: str,
    *,
    columns: Sequence[str],
    value_column: str,
    unit: str,
    width: int = 12,
    steps: Sequence[Step] = (),
    alerts: Sequence[str] = (),
) -> Panel:
    """One line for each series of now: its labels `columns`, and its value."""
    return Panel(
        kind=Kind.TABLE,
        title=title,
        question=question,
        queries=[Query(query, "")],
        unit=unit,
        width=width,
        height=8,
        steps=steps,
        alerts=alerts,
        columns=columns,
        value_column=value_column,
    )


def text(title: str, content: str, *, width: int = 24, height: int = 3) -> Panel:
    """Markdown: what no query can say."""
    return Panel(
        kind=Kind.TEXT, title=title, question=content, queries=(), width=width, height=height
    )
