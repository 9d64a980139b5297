"""The episodes of a time: which were open between two moments, the last to open first.

An episode keeps its place when it closes, because that does not change when it opened. An index
gives this order; how to find what overlaps a time in it is in docs/adr/0013.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Row,
    Select,
    Table,
    Text,
    and_,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel.ext.asyncio.session import AsyncSession

from backend.alerts.lists import cursors, queries
from backend.alerts.lists.conditions import (
    any_of,
    expressions_of,
    label_conditions,
    of_integrations,
)
from backend.alerts.lists.queries import fetch_all
from backend.alerts.lists.walk import Branch, Walk, find
from backend.alerts.models import alert, episode, integration, open_episode
from backend.alerts.schemas import EpisodeFilter, EpisodeListed
from backend.db.pagination import Page

# Most episodes are shorter, so only these can have begun that long before a time.
LONG = timedelta(days=1)
_IS_LONG: ColumnElement[bool] = text("closed_at - opened_at > interval '1 day'")  # type: ignore[assignment]  # as the index has it
_IS_SHORT: ColumnElement[bool] = text("closed_at - opened_at <= interval '1 day'")  # type: ignore[assignment]  # as above

_Column = Callable[[str], ColumnElement[Any]]


async def list_episodes(
    session: AsyncSession, filters: EpisodeFilter, *, limit: int, cursor: str | None
) -> Page[EpisodeListed]:
    """Return a page; it may be shorter than the limit and not the last, as that of alerts."""
    walk, list_of = walk_of(filters), cursors.digest(filters, "episodes")
    found = await find(session, walk, cursors.decode(cursor, list_of, walk), limit)
    alerts = await fetch_all(session, alerts_query(found.rows)) if found.rows else ()
    next_after = found.next_after
    if len(alerts) < len(found.rows):
        next_after = walk.position_of(found.rows[len(alerts) - 1])
    return Page(
        items=[_listed(*pair) for pair in zip(found.rows, alerts, strict=False)],
        next_cursor=next_after and cursors.encode(next_after, list_of),
    )


def _listed(row: Row[Any], of: Row[Any]) -> EpisodeListed:
    closed = row.closed_at is not None
    return EpisodeListed(
        id=row.key_1,
        integration=of.integration,
        fingerprint=row.fingerprint,
        alertname=row.alertname if closed else of.alertname,
        service=row.service if closed else of.service,
        severity=row.severity if closed else of.severity,
        labels=of.labels,
        opened_at=row.key_0,
        closed_at=row.closed_at,
        resolved_by=row.resolved_by,
    )


def walk_of(filters: EpisodeFilter) -> Walk:
    return Walk(
        branches=(
            _branch(filters, open_episode, _open_column, _began(filters, open_episode)),
            _branch(filters, episode, _closed_column, _short(filters)),
            _branch(filters, episode, _closed_column, _long(filters)),
        ),
        expressions=expressions_of(filters.matchers),
    )


def _branch(
    filters: EpisodeFilter, table: Table, column: _Column, served: Sequence[ColumnElement[bool]]
) -> Branch:
    labels = column("labels")
    fits = label_conditions(labels, filters.labels, filters.matchers)
    fits += [
        any_of(column(name), values)
        for name, values in (
            ("alertname", filters.alertnames),
            ("service", filters.services),
            ("severity", filters.severities),
        )
        if values
    ]
    if filters.integrations:
        fits.append(of_integrations(table.c.integration_id, filters.integrations))
    names = ("closed_at", "resolved_by", "alertname", "service", "severity")
    return Branch(
        keys=(table.c.opened_at, table.c.id),
        served=served,
        fits=and_(*fits) if fits else None,
        known=(
            table.c.integration_id,
            table.c.fingerprint,
            *(
                (table.c[name] if name in table.c else cast(null(), episode.c[name].type)).label(
                    name
                )
                for name in names
            ),
        ),
        labels=labels,
    )


def _open_column(name: str) -> ColumnElement[Any]:
    return _of_alert(open_episode, name)


def _closed_column(name: str) -> ColumnElement[Any]:
    if name == "labels":
        return func.coalesce(episode.c.labels, _of_alert(episode, "labels"))
    return episode.c[name]


def _of_alert(table: Table, name: str) -> ColumnElement[Any]:
    """Look the alert up for a row. A join would let the planner read all alerts."""
    return (
        select(alert.c[name])
        .where(
            alert.c.integration_id == table.c.integration_id,
            alert.c.fingerprint == table.c.fingerprint,
        )
        .scalar_subquery()
    )


def _began(filters: EpisodeFilter, table: Table) -> list[ColumnElement[bool]]:
    return [] if filters.until is None else [table.c.opened_at < filters.until]


def _short(filters: EpisodeFilter) -> list[ColumnElement[bool]]:
    conditions = [_IS_SHORT, *_began(filters, episode)]
    if filters.until is not None:
        conditions.append(episode.c.closed_at < filters.until + LONG)  # leaves out partitions
    if filters.since is not None:
        conditions.append(episode.c.opened_at >= filters.since - LONG)
        conditions.append(episode.c.closed_at >= filters.since)
    return conditions


def _long(filters: EpisodeFilter) -> list[ColumnElement[bool]]:
    conditions = [_IS_LONG, *_began(filters, episode)]
    if filters.since is not None:
        conditions.append(episode.c.closed_at >= filters.since)
    return conditions


def alerts_query(rows: Sequence[Row[Any]]) -> Select[Any]:
    """Select what is known of the episodes' alerts, in their order, until it is too large."""
    columns = (
        ([row.integration_id for row in rows], BigInteger()),
        ([row.fingerprint for row in rows], Text()),
        ([row.closed_at for row in rows], DateTime(timezone=True)),
        ([row.key_1 for row in rows], BigInteger()),
    )
    arrays = [cast(literal(values, ARRAY(type_)), ARRAY(type_)) for values, type_ in columns]
    given = (
        func.unnest(*arrays)
        .table_valued("integration_id", "fingerprint", "closed_at", "id", with_ordinality="place")
        .render_derived()
    )
    own = (
        select(episode.c.labels)
        .where(
            episode.c.integration_id == given.c.integration_id,
            episode.c.fingerprint == given.c.fingerprint,
            episode.c.closed_at == given.c.closed_at,
            episode.c.id == given.c.id,
        )
        .scalar_subquery()
    )
    known = (
        select(
            given.c.place,
            integration.c.slug.label("integration"),
            func.coalesce(own, alert.c.labels).label("labels"),
            alert.c.alertname,
            alert.c.service,
            alert.c.severity,
        )
        .select_from(given)
        .join(integration, integration.c.id == given.c.integration_id)
        .join(
            alert,
            and_(
                alert.c.integration_id == given.c.integration_id,
                alert.c.fingerprint == given.c.fingerprint,
            ),
            isouter=True,
        )
        .subquery()
    )
    size = func.coalesce(func.octet_length(cast(known.c.labels, Text)), 0)
    sized = select(known, func.sum(size).over(order_by=known.c.place).label("bytes")).subquery()
    return (
        select(sized)
        .where(or_(sized.c.bytes <= queries.MAX_PAGE_BYTES, sized.c.place == 1))
        .order_by(sized.c.place)
    )
