"""Queries for lists and for one alert: plain rows, no ORM objects."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Result, Row, Select, Table, null, select, union_all
from sqlmodel.ext.asyncio.session import AsyncSession

from backend.alerts.models import alert, episode, integration, open_episode

ALERT_COLUMNS = (
    alert.c.fingerprint,
    integration.c.slug.label("integration"),
    alert.c.status,
    alert.c.labels,
    alert.c.annotations,
    alert.c.starts_at,
    alert.c.ends_at,
    alert.c.first_seen_at,
    alert.c.last_seen_at,
    alert.c.times_seen,
    alert.c.service,
    alert.c.contested_since,
    alert.c.links,
)
SELECT_ALERT = select(alert.c.id, *ALERT_COLUMNS).join(
    integration, integration.c.id == alert.c.integration_id
)


async def fetch_all(session: AsyncSession, query: Select[Any]) -> Sequence[Row[Any]]:
    """Return plain rows: the connection's own `execute` knows nothing of ORM objects."""
    result: Result[Any] = await (await session.connection()).execute(query)
    return result.all()


async def find_alerts(session: AsyncSession, ids: Sequence[int]) -> Sequence[Row[Any]]:
    """Return alerts in the order of their ids, without those that retention has just deleted."""
    rows = await fetch_all(session, SELECT_ALERT.where(alert.c.id.in_(ids))) if ids else ()
    by_id = {row.id: row for row in rows}
    return [by_id[id_] for id_ in ids if id_ in by_id]


async def find_alert(
    session: AsyncSession, integration_slug: str, fingerprint: str
) -> Row[Any] | None:
    query = SELECT_ALERT.add_columns(alert.c.integration_id).where(
        integration.c.slug == integration_slug, alert.c.fingerprint == fingerprint
    )
    return next(iter(await fetch_all(session, query)), None)


def episodes_query(integration_id: int, fingerprint: str, *, limit: int) -> Select[Any]:
    def of(table: Table) -> tuple[ColumnElement[bool], ...]:
        return table.c.integration_id == integration_id, table.c.fingerprint == fingerprint

    still_open = select(
        open_episode.c.id,
        open_episode.c.opened_at,
        null().label("closed_at"),
        null().label("resolved_by"),
    ).where(*of(open_episode))
    closed = (
        select(episode.c.id, episode.c.opened_at, episode.c.closed_at, episode.c.resolved_by)
        .where(*of(episode))
        .order_by(episode.c.closed_at.desc())
        .limit(limit)
    )
    both = union_all(still_open, closed.subquery().select()).subquery()
    return select(both).order_by(both.c.closed_at.desc().nulls_first()).limit(limit)


async def find_episodes(
    session: AsyncSession, integration_id: int, fingerprint: str, *, limit: int
) -> Sequence[Row[Any]]:
    """Return the newest episodes, the open one first."""
    return await fetch_all(session, episodes_query(integration_id, fingerprint, limit=limit))
