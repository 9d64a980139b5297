"""The conditions of a list of alerts, and which of them an index serves in the list's order."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, any_, func, or_, select

from backend.alerts.lists.label_conditions import (
    condition,
    has_pair,
    has_value_with,
    is_indexed,
    plain_values,
)
from backend.alerts.lists.matchers import Matcher
from backend.alerts.lists.walk import Branch, Walk
from backend.alerts.models import alert, integration
from backend.alerts.schemas import AlertFilter, AlertSort

# More values than this are compared row by row.
MAX_BRANCHES = 16


def conditions_of(filters: AlertFilter) -> list[ColumnElement[bool]]:
    return [
        *_of_columns(filters),
        *_of_labels(filters),
        *_of_words(filters.words),
        *_since(filters.since),
    ]


def walk_of(filters: AlertFilter, sort: AlertSort) -> Walk:
    """Say how to walk over a list: one index gives the order, the rest is compared."""
    if sort is not AlertSort.LAST_CHANGE:
        rest = conditions_of(filters)
        return Walk(
            branches=(_branch((alert.c.id,), (), rest),),
            descending=sort is AlertSort.NEWEST,
            indexed=_is_indexed(filters, [*_of_columns(filters), *_since(filters.since)]),
            expressions=expressions_of(filters.matchers),
        )
    by, values = _leading(filters)
    columns = _of_columns(filters, but=by)
    rest = [*columns, *_of_labels(filters), *_of_words(filters.words)]
    keys = (alert.c.status_changed_at, alert.c.id)
    since = _since(filters.since)
    if by is None:
        branches = [_branch(keys, since, rest)]
    else:
        branches = [_branch(keys, [equals(by, value), *since], rest) for value in values]
        if values == ("",):
            branches = [replace(branches[0], lead=by)]
    return Walk(
        branches=branches,
        indexed=_is_indexed(filters, columns),
        expressions=expressions_of(filters.matchers),
    )


def _branch(
    keys: Sequence[ColumnElement[Any]],
    served: Sequence[ColumnElement[bool]],
    rest: Sequence[ColumnElement[bool]],
) -> Branch:
    fits = and_(*rest) if rest else None
    return Branch(keys=keys, served=served, fits=fits, labels=alert.c.labels)


def _leading(filters: AlertFilter) -> tuple[ColumnElement[str] | None, tuple[str, ...]]:
    """Choose the column whose index is read. A service has the fewest alerts."""
    for column, values in _columns(filters):
        # Each is a branch: a value that is given twice would show its alerts twice.
        different = tuple(dict.fromkeys(values))
        if 0 < len(different) <= MAX_BRANCHES:
            return column, different
    return None, ()


def _columns(filters: AlertFilter) -> Sequence[tuple[ColumnElement[str], Sequence[str]]]:
    return (
        (alert.c.service, filters.services),
        (alert.c.status, filters.statuses),
        (alert.c.severity, filters.severities),
    )


def _of_columns(
    filters: AlertFilter, *, but: ColumnElement[str] | None = None
) -> list[ColumnElement[bool]]:
    conditions = [
        any_of(column, values)
        for column, values in _columns(filters)
        if values and column is not but
    ]
    if filters.integrations:
        conditions.append(of_integrations(alert.c.integration_id, filters.integrations))
    return conditions


def of_integrations(column: ColumnElement[int], slugs: Sequence[str]) -> ColumnElement[bool]:
    named = select(integration.c.id).where(integration.c.slug.in_(slugs))
    # As an array, so that an index can serve it.
    return column == any_(func.array(named.scalar_subquery()))


def _of_labels(filters: AlertFilter) -> list[ColumnElement[bool]]:
    return label_conditions(alert.c.labels, filters.labels, filters.matchers)


def label_conditions(
    labels: ColumnElement[Any], pairs: Sequence[tuple[str, str]], matchers: Sequence[Matcher]
) -> list[ColumnElement[bool]]:
    # One containment for each pair: the same name twice with different values matches nothing.
    contained = [has_pair(labels, name, value) for name, value in pairs]
    matched = [condition(labels, matcher) for matcher in matchers]
    return [*contained, *(found for found in matched if found is not None)]


def expressions_of(matchers: Sequence[Matcher]) -> list[Matcher]:
    return [matcher for matcher in matchers if plain_values(matcher) is None]


def _of_words(words: Sequence[str]) -> list[ColumnElement[bool]]:
    """Compare free text. No index: one over all words would double the cost of each change."""
    return [
        or_(
            alert.c.annotations["summary"].astext.icontains(word, autoescape=True),
            has_value_with(alert.c.labels, word),
        )
        for word in words
    ]


def _is_indexed(filters: AlertFilter, columns: Sequence[ColumnElement[bool]]) -> bool:
    if filters.words:
        return False  # however few an index finds, each is compared word by word
    return bool(columns or filters.labels) or any(map(is_indexed, filters.matchers))


def _since(since: datetime | None) -> list[ColumnElement[bool]]:
    return [] if since is None else [alert.c.status_changed_at >= since]


def equals(column: ColumnElement[str], value: str) -> ColumnElement[bool]:
    """Compare a promoted label. As in Prometheus, an empty label is one that is not there."""
    return column == value if value else column.is_(None)


def any_of(column: ColumnElement[str], values: Sequence[str]) -> ColumnElement[bool]:
    named = [value for value in values if value]
    conditions = [column.in_(named)] if named else []
    if len(named) < len(values):
        conditions.append(column.is_(None))
    return or_(*conditions)
