"""The page of an alert that retention has taken out of the lists: what its episodes still say."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, Select, select
from sqlmodel.ext.asyncio.session import AsyncSession

from backend.alerts.lists.queries import fetch_all, find_episodes
from backend.alerts.models import episode, integration
from backend.alerts.schemas import AlertDetail, AlertStatus, EpisodeRead


def newest_query(integration_slug: str, fingerprint: str) -> Select[Any]:
    named = select(integration.c.id).where(integration.c.slug == integration_slug)
    return (
        select(episode)
        .where(
            episode.c.integration_id == named.scalar_subquery(),
            episode.c.fingerprint == fingerprint,
        )
        .order_by(episode.c.closed_at.desc())
        .limit(1)
    )


async def find_departed(
    session: AsyncSession, integration_slug: str, fingerprint: str, *, limit: int
) -> AlertDetail | None:
    """Return an alert without a row of its own; None without episodes.

    It was seen as often as it has episodes, at most `limit`: the true number has gone with its row.
    """
    rows = await fetch_all(session, newest_query(integration_slug, fingerprint))
    if not rows:
        return None
    newest = rows[0]
    known = await find_episodes(session, newest.integration_id, fingerprint, limit=limit)
    return AlertDetail(
        fingerprint=fingerprint,
        integration=integration_slug,
        status=AlertStatus.RESOLVED,
        labels=newest.labels if newest.labels is not None else _copies(newest),
        annotations={},
        starts_at=newest.opened_at,
        ends_at=newest.closed_at,
        first_seen_at=min(row.opened_at for row in known),
        last_seen_at=newest.closed_at,
        times_seen=len(known),
        service=newest.service,
        episodes=[EpisodeRead.model_validate(row, from_attributes=True) for row in known],
    )


def _copies(newest: Row[Any]) -> Mapping[str, str]:
    """Return the labels of which an episode of an earlier release has copies."""
    names = ("alertname", "service", "severity")
    return {name: getattr(newest, name) for name in names if getattr(newest, name)}
