"""Walks over a list of any size, a page at a time, in bounded time.

An index gives the rows in the list's order, and conditions that it does not serve are compared row
by row. A page of 50 from the newest 500 alerts is fast, and one from a million that match nothing
is not, so a walk tries in turn:

1. a few rows in the list's order: enough when many match;
2. all that match, by whatever indexes serve the conditions: enough when few match;
3. many rows in the list's order. If they do not fill the page, it ends early, and its cursor goes
   on where they end.

No step depends on the statistics of the tables, which are old in an alert storm.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    Subquery,
    func,
    literal,
    select,
    true,
    tuple_,
    union_all,
)
from sqlmodel.ext.asyncio.session import AsyncSession

from backend.alerts.queries import fetch_all

# Compared row by row at first, for each row of the page.
FIRST_ROWS_EACH = 4
# Compared in all for one page: about 50 ms.
MAX_ROWS = 20_000
# Matching rows that are sorted for one page.
MAX_CANDIDATES = 5_000

Position: TypeAlias = tuple[datetime | int, ...]


@dataclass(frozen=True, slots=True)
class Branch:
    """A part of a list that one index gives in order. The last key is the row's id.

    `served` are conditions of the index, `fits` is compared; `known` are more columns to return.
    `lead` is the first column of the index if it is served as IS NULL: only for an equality does
    PostgreSQL see by itself that the others are in order.
    """

    keys: Sequence[ColumnElement[Any]]
    served: Sequence[ColumnElement[bool]]
    fits: ColumnElement[bool] | None = None
    known: Sequence[ColumnElement[Any]] = ()
    lead: ColumnElement[Any] | None = None


@dataclass(frozen=True, slots=True)
class Walk:
    """A list. `indexed`: indexes find what fits also without the order."""

    branches: Sequence[Branch]
    descending: bool = True
    indexed: bool = False

    @property
    def key_count(self) -> int:
        return len(self.branches[0].keys)

    @property
    def compares(self) -> bool:
        return any(branch.fits is not None for branch in self.branches)


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
    few = FIRST_ROWS_EACH * (limit + 1)
    if (found := await _in_order(session, walk, after, few, limit)) is not None:
        return found
    if walk.indexed:
        rows = await fetch_all(session, candidates_query(walk, after, limit + 1))
        if not rows or rows[0].candidates <= MAX_CANDIDATES:
            return _full(walk, rows, limit)
    rows = await fetch_all(session, window_query(walk, after, MAX_ROWS, limit + 1))
    if len(rows) > limit:
        return _full(walk, rows, limit)
    return Found(rows, await _end(session, walk, after, MAX_ROWS))


async def _in_order(
    session: AsyncSession, walk: Walk, after: Position | None, few: int, limit: int
) -> Found | None:
    """Return the page if so few rows fill it, or are all."""
    rows = await fetch_all(session, window_query(walk, after, few, limit + 1))
    if len(rows) > limit:
        return _full(walk, rows, limit)
    if await _end(session, walk, after, few) is None:
        return Found(rows, None)
    return None


async def _end(
    session: AsyncSession, walk: Walk, after: Position | None, rows: int
) -> Position | None:
    """Return the position of the last of so many rows; None if there are not more."""
    there = await fetch_all(session, end_query(walk, after, rows))
    return _position(walk, there[0]) if len(there) > 1 else None


def _full(walk: Walk, rows: Sequence[Row[Any]], limit: int) -> Found:
    page = rows[:limit]
    return Found(page, _position(walk, page[-1]) if len(rows) > limit else None)


def _position(walk: Walk, row: Row[Any]) -> Position:
    return tuple(row[: walk.key_count])


def window_query(walk: Walk, after: Position | None, rows: int, limit: int) -> Select[Any]:
    """Select what fits among the next rows. It reads no further than it must."""
    window = _window(walk, after).limit(rows).subquery()
    fitting = select(*_returned(window)).where(window.c.fits)
    return _ordered(walk, window, fitting).limit(limit)


def end_query(walk: Walk, after: Position | None, rows: int) -> Select[Any]:
    """Select the last of the next rows, and the one behind it."""
    bare = Walk([replace(branch, fits=None) for branch in walk.branches], walk.descending)
    return _window(bare, after).offset(rows - 1).limit(2)


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
