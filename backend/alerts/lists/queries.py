"""Queries for lists and for one alert: plain rows, no ORM objects."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Result,
    Row,
    Select,
    Table,
    Text,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel.ext.asyncio.session import AsyncSession

from backend.alerts.models import alert, episode, integration, open_episode

# In lists: an annotation may have 65,536 characters, which only the alert's own page shows.
MAX_LISTED_CHARACTERS = 1024
CUT = "…"
# Of the texts of one page: its last alerts move to the next one.
MAX_PAGE_BYTES = 8 * 1024 * 1024

_OTHER_COLUMNS = (
    alert.c.fingerprint,
    integration.c.slug.label("integration"),
    alert.c.status,
    alert.c.starts_at,
    alert.c.ends_at,
    alert.c.first_seen_at,
    alert.c.last_seen_at,
    alert.c.times_seen,
    alert.c.service,
    alert.c.contested_since,
    alert.c.links,
)


def select_alert(*texts: ColumnElement[Any]) -> Select[Any]:
    """Select an alert with these forms of its labels and its annotations."""
    return select(alert.c.id, *texts, *_OTHER_COLUMNS).join(
        integration, integration.c.id == alert.c.integration_id
    )


def shortened(
    texts: ColumnElement[Any], names: Sequence[str] | None = None
) -> ColumnElement[dict[str, str]]:
    """Cut the values, and leave out all but these names: the database sends no more than that."""
    each = func.jsonb_each_text(texts).table_valued("key", "value").render_derived()
    value = case(
        (
            func.length(each.c.value) > MAX_LISTED_CHARACTERS,
            func.left(each.c.value, MAX_LISTED_CHARACTERS - len(CUT)).concat(CUT),
        ),
        else_=each.c.value,
    )
    query = select(func.jsonb_object_agg(each.c.key, value))
    if names is not None:
        query = query.where(each.c.key.in_(names))
    empty = cast(literal({}, JSONB), JSONB)
    return func.coalesce(query.scalar_subquery(), empty, type_=JSONB())


async def fetch_all(session: AsyncSession, query: Select[Any]) -> Sequence[Row[Any]]:
    """Return plain rows: the connection's own `execute` knows nothing of ORM objects."""
    result: Result[Any] = await (await session.connection()).execute(query)
    return result.all()


def alerts_query(ids: Sequence[int]) -> Select[Any]:
    """Select alerts with their `place` among the ids, until their texts are too large."""
    asked = func.unnest(cast(literal(ids, ARRAY(BigInteger)), ARRAY(BigInteger)))
    given = asked.table_valued("id", with_ordinality="place").render_derived()
    annotations = shortened(alert.c.annotations).label("annotations")
    listed = (
        select_alert(alert.c.labels, annotations)
        .add_columns(given.c.place)
        .join(given, given.c.id == alert.c.id)
        .subquery()
    )
    size = func.octet_length(cast(listed.c.labels, Text)) + func.octet_length(
        cast(listed.c.annotations, Text)
    )
    sized = select(listed, func.sum(size).over(order_by=listed.c.place).label("bytes")).subquery()
    return (
        select(sized)
        .where(or_(sized.c.bytes <= MAX_PAGE_BYTES, sized.c.place == 1))
        .order_by(sized.c.place)
    )


async def find_alerts(session: AsyncSession, ids: Sequence[int]) -> Sequence[Row[Any]]:
    """Return alerts in the order of their ids, without those that retention has just deleted.

    The last are left out when the texts of all are larger than MAX_PAGE_BYTES.
    """
    return await fetch_all(session, alerts_query(ids)) if ids else ()


async def find_alert(
    session: AsyncSession, integration_slug: str, fingerprint: str
) -> Row[Any] | None:
    whole = select_alert(alert.c.labels, alert.c.annotations)
    query = whole.add_columns(alert.c.integration_id).where(
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
