"""Walks over a list of any size, a page at a time, in bounded time.

An index gives the rows in the list's order, and conditions that it does not serve are compared row
by row. A page of 50 from the newest 500 alerts is fast, and one from a million that match nothing
is not, so a walk tries in turn:

1. a few rows in the list's order: enough when many match;
2. as many as should be enough, judging by these;
3. all that match, by whatever indexes serve the conditions: enough when few match;
4. many rows in the list's order. If they do not fill the page, it ends early, and its cursor goes
   on where they end.

No step depends on the statistics of the tables, which are old in an alert storm.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    Subquery,
    and_,
    case,
    func,
    literal,
    select,
    true,
    tuple_,
    union_all,
)
from sqlmodel.ext.asyncio.session import AsyncSession

from backend.alerts.errors import ExpressionTooExpensive
from backend.alerts.lists import expressions
from backend.alerts.lists.label_conditions import among, text_of
from backend.alerts.lists.matchers import Matcher
from backend.alerts.lists.queries import fetch_all

# Compared row by row at first, for each row of the page.
FIRST_ROWS_EACH = 4
# Compared next, if one of these matches.
MAX_TRIED_ROWS = 5_000
# Compared in all for one page: about 50 ms.
MAX_ROWS = 20_000
# Matching rows that are sorted for one page.
MAX_CANDIDATES = 5_000
# Of the different values of a label that an expression is matched with.
MAX_VALUES_BYTES = 4 * 1024 * 1024

Position: TypeAlias = tuple[datetime | int, ...]


@dataclass(frozen=True, slots=True)
class Branch:
    """A part of a list that one index gives in order. The last key is the row's id.

    `served` are conditions of the index, `fits` is compared; `known` are more columns to return.
    `labels` are what expressions are matched with.
    `lead` is the first column of the index if it is served as IS NULL: only for an equality does
    PostgreSQL see by itself that the others are in order.
    """

    keys: Sequence[ColumnElement[Any]]
    served: Sequence[ColumnElement[bool]]
    fits: ColumnElement[bool] | None = None
    known: Sequence[ColumnElement[Any]] = ()
    labels: ColumnElement[Any] | None = None
    lead: ColumnElement[Any] | None = None


@dataclass(frozen=True, slots=True)
class Walk:
    """A list. `indexed`: indexes find what fits also without the order.

    `expressions` are compared, too, with the values that they match among the next rows.
    """

    branches: Sequence[Branch]
    descending: bool = True
    indexed: bool = False
    expressions: Sequence[Matcher] = ()

    @property
    def key_count(self) -> int:
        return len(self.branches[0].keys)

    def position_of(self, row: Row[Any]) -> Position:
        return tuple(row[: self.key_count])

    @property
    def compares(self) -> bool:
        return bool(self.expressions) or any(branch.fits is not None for branch in self.branches)


@dataclass(frozen=True, slots=True)
class Found:
    """The rows of a page, keys first, and where the next one begins; None after the last."""

    rows: Sequence[Row[Any]]
    next_after: Position | None


async def find(session: AsyncSession, walk: Walk, after: Position | None, limit: int) -> Found:
    """Return the next rows of a list, at most `limit`: keys, then known columns."""
    if not walk.compares:
        rows = await fetch_all(session, window_query(walk, after, limit + 1, limit + 1))
        return _full(walk, rows, limit)
    if (found := await _in_order(session, walk, after, limit)) is not None:
        return found
    if walk.indexed and not walk.expressions:
        rows = await fetch_all(session, candidates_query(walk, after, limit + 1))
        if not rows or rows[0].candidates <= MAX_CANDIDATES:
            return _full(walk, rows, limit)
    rows = await _next(session, walk, after, MAX_ROWS, limit)
    if len(rows) > limit:
        return _full(walk, rows, limit)
    return Found(rows, await _end(session, walk, after, MAX_ROWS))


async def _in_order(
    session: AsyncSession, walk: Walk, after: Position | None, limit: int
) -> Found | None:
    """Return the page if a few rows fill it, or are all, or if as many as should be enough do."""
    few = FIRST_ROWS_EACH * (limit + 1)
    rows = await _next(session, walk, after, few, limit)
    if len(rows) <= limit:
        if await _end(session, walk, after, few) is None:
            return Found(rows, None)
        if not rows:
            return None
        # Twice the number, because matches are not spread evenly.
        enough = min(2 * (limit + 1) * few // len(rows), MAX_TRIED_ROWS)
        rows = await _next(session, walk, after, enough, limit)
    return _full(walk, rows, limit) if len(rows) > limit else None


async def _next(
    session: AsyncSession, walk: Walk, after: Position | None, rows: int, limit: int
) -> Sequence[Row[Any]]:
    """Return what fits among so many rows, one more than the limit if there is."""
    for matcher in walk.expressions:
        values = await fetch_all(session, values_query(walk, after, rows, matcher.name))
        matching = await _matching(matcher, [row.value for row in values])
        walk = _with_values(walk, matcher, matching)
    return await fetch_all(session, window_query(walk, after, rows, limit + 1))


async def _matching(matcher: Matcher, values: Sequence[str | None]) -> Sequence[str]:
    """Match in a thread: twenty thousand values would hold up all other requests."""
    texts = [value for value in values if value is not None]
    if len(texts) < len(values):
        raise ExpressionTooExpensive(
            f"The label {matcher.name[:80]!r} has more than {MAX_VALUES_BYTES // 2**20} MiB of"
            " different values here: add filters."
        )
    return await asyncio.to_thread(expressions.matching, matcher.value, texts)


def _with_values(walk: Walk, matcher: Matcher, matching: Sequence[str]) -> Walk:
    branches = []
    for branch in walk.branches:
        assert branch.labels is not None  # noqa: S101  # lists with expressions have labels
        found = among(branch.labels, matcher, matching)
        fits = found if branch.fits is None else and_(branch.fits, found)
        branches.append(replace(branch, fits=fits))
    return replace(walk, branches=branches)


async def _end(
    session: AsyncSession, walk: Walk, after: Position | None, rows: int
) -> Position | None:
    """Return the position of the last of so many rows; None if there are not more."""
    there = await fetch_all(session, end_query(walk, after, rows))
    return walk.position_of(there[0]) if len(there) > 1 else None


def _full(walk: Walk, rows: Sequence[Row[Any]], limit: int) -> Found:
    page = rows[:limit]
    return Found(page, walk.position_of(page[-1]) if len(rows) > limit else None)


def window_query(walk: Walk, after: Position | None, rows: int, limit: int) -> Select[Any]:
    """Select what fits among the next rows. It reads no further than it must."""
    window = _window(walk, after).limit(rows).subquery()
    fitting = select(*_returned(window)).where(window.c.fits)
    return _ordered(walk, window, fitting).limit(limit)


def end_query(walk: Walk, after: Position | None, rows: int) -> Select[Any]:
    """Select the last of the next rows, and the one behind it."""
    bare = Walk([replace(branch, fits=None) for branch in walk.branches], walk.descending)
    return _window(bare, after).offset(rows - 1).limit(2)


def values_query(walk: Walk, after: Position | None, rows: int, name: str) -> Select[Any]:
    """Select the different values of a label in the next rows; nulls if they are too large."""
    branches = [
        replace(branch, fits=None, known=[text_of(branch.labels, name).label("value")])
        for branch in walk.branches
        if branch.labels is not None
    ]
    window = _window(replace(walk, branches=branches), after).limit(rows).subquery()
    different = select(window.c.value).distinct().subquery()
    size = func.sum(func.octet_length(different.c.value)).over()
    return select(case((size <= MAX_VALUES_BYTES, different.c.value)).label("value"))


def candidates_query(walk: Walk, after: Position | None, limit: int) -> Select[Any]:
    """Select the first of all that fit, and the number of all, counted to a limit."""
    branches = [
        _select(branch, walk, after).where(true() if branch.fits is None else branch.fits)
        for branch in walk.branches
    ]
    found = _together(branches).limit(MAX_CANDIDATES + 1).subquery()
    query = select(*_returned(found), func.count().over().label("candidates"))
    return _ordered(walk, found, query).limit(limit)


def _window(walk: Walk, after: Position | None) -> Select[Any]:
    parts = [
        _select(branch, walk, after).order_by(
            *_direction(walk, [*_lead(branch.lead), *branch.keys])
        )
        for branch in walk.branches
    ]
    if len(parts) == 1:
        return parts[0]
    # PostgreSQL merges the branches, and reads of each only what it needs.
    together = union_all(*(part.subquery().select() for part in parts)).subquery()
    return _ordered(walk, together, select(together))


def _together(parts: Sequence[Select[Any]]) -> Select[Any]:
    return parts[0] if len(parts) == 1 else select(union_all(*parts).subquery())


def _select(branch: Branch, walk: Walk, after: Position | None) -> Select[Any]:
    keys = [key.label(f"key_{place}") for place, key in enumerate(branch.keys)]
    fits = true() if branch.fits is None else branch.fits
    lead = [column.label("lead") for column in _lead(branch.lead)]
    query = select(*keys, *branch.known, fits.label("fits"), *lead).where(*branch.served)
    if after is None:
        return query
    here = tuple_(*branch.keys)
    there = tuple_(
        *(literal(value, key.type) for value, key in zip(after, branch.keys, strict=True))
    )
    return query.where(here < there if walk.descending else here > there)


def _ordered(walk: Walk, source: Subquery, query: Select[Any]) -> Select[Any]:
    keys = [source.c[f"key_{place}"] for place in range(walk.key_count)]
    return query.order_by(*_direction(walk, [*_lead(source.c.get("lead")), *keys]))


def _lead(column: ColumnElement[Any] | None) -> list[ColumnElement[Any]]:
    return [] if column is None else [column]


def _direction(walk: Walk, keys: Sequence[ColumnElement[Any]]) -> list[ColumnElement[Any]]:
    return [key.desc() if walk.descending else key.asc() for key in keys]


def _returned(source: Subquery) -> list[ColumnElement[Any]]:
    return [column for column in source.c if column.name not in {"fits", "lead"}]
