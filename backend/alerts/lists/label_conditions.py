"""Conditions on labels, in SQL.

An expression is not one of them: PostgreSQL would understand another language. It becomes a
comparison with the values that match (expressions.py), once the values are known.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, any_, cast, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, array
from sqlalchemy.types import Text

from backend.alerts.lists import expressions
from backend.alerts.lists.matchers import Matcher, Operator


def has_pair(labels: ColumnElement[Any], name: str, value: str) -> ColumnElement[bool]:
    return has_any(labels, name, [value])


def has_any(labels: ColumnElement[Any], name: str, values: Iterable[str]) -> ColumnElement[bool]:
    """Compare in the form that the index of labels serves."""
    pairs = [cast(literal({name: value}, JSONB), JSONB) for value in sorted(values)]
    if len(pairs) == 1:
        return labels.bool_op("@>")(pairs[0])
    return labels.bool_op("@>")(any_(array(pairs)))


def has_value_with(labels: ColumnElement[Any], word: str) -> ColumnElement[bool]:
    """Whether any value contains the word, in capitals or not."""
    pairs = func.jsonb_each_text(labels).table_valued("key", "value").alias("pair")
    return select(pairs.c.key).where(pairs.c.value.icontains(word, autoescape=True)).exists()


def text_of(labels: ColumnElement[Any], name: str) -> ColumnElement[str]:
    """Return the label; an absent one is empty, as in Prometheus."""
    return func.coalesce(labels.op("->>")(cast(name, Text)), "")


def condition(labels: ColumnElement[Any], matcher: Matcher) -> ColumnElement[bool] | None:
    """Return the condition of a matcher; None for an expression whose values must be matched."""
    values = plain_values(matcher)
    if values is None:
        return None
    if matcher.is_negative:
        return text_of(labels, matcher.name).not_in(sorted(values))
    if "" in values:
        return text_of(labels, matcher.name).in_(sorted(values))
    return has_any(labels, matcher.name, values)


def plain_values(matcher: Matcher) -> frozenset[str] | None:
    """Return the values that a matcher names; None for a real expression."""
    if matcher.operator in {Operator.EQUAL, Operator.NOT_EQUAL}:
        return frozenset([matcher.value])
    return expressions.plain_alternatives(matcher.value)


def is_indexed(matcher: Matcher) -> bool:
    """Whether the index of labels finds what matches."""
    values = plain_values(matcher)
    return values is not None and not matcher.is_negative and "" not in values


def among(
    labels: ColumnElement[Any], matcher: Matcher, matching: Sequence[str]
) -> ColumnElement[bool]:
    """Return the condition of an expression that matches these of all values.

    As a subquery, which PostgreSQL hashes: it would compare an array value by value.
    """
    values = select(
        func.unnest(cast(literal(matching, ARRAY(Text)), ARRAY(Text)))
    ).scalar_subquery()
    found = text_of(labels, matcher.name).in_(values)
    return ~found if matcher.is_negative else found
