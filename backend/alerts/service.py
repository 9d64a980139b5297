"""Queries about alerts: lists, one alert, and the console's overview.

Sessions belong to the callers. Everything here only reads; a list is read from one
snapshot. Deliveries are stored by backend/alerts/intake/ingest.py.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row
from sqlmodel.ext.asyncio.session import AsyncSession

from backend.alerts import overview
from backend.alerts.errors import AlertNotFound
from backend.alerts.intake.links import expression_of
from backend.alerts.lists import cursors, queries
from backend.alerts.lists.conditions import walk_of
from backend.alerts.lists.departed import find_departed
from backend.alerts.lists.walk import find
from backend.alerts.schemas import (
    LINK_NAMES,
    AlertDetail,
    AlertFilter,
    AlertRead,
    AlertSort,
    EpisodeRead,
    FiringGroup,
    FiringOverview,
    FiringSeverity,
    IntakeHealth,
    LastRejection,
    LinkName,
    Shown,
)
from backend.db.pagination import Page

MAX_EPISODES = 100
MAX_GROUPS = 50
MAX_ALERTS_IN_GROUP = 10
HEALTH_WINDOW = timedelta(hours=1)


async def list_alerts(
    session: AsyncSession,
    filters: AlertFilter,
    *,
    limit: int,
    cursor: str | None,
    sort: AlertSort = AlertSort.LAST_CHANGE,
) -> Page[AlertRead]:
    """Return a page of at most `limit` alerts; raise InvalidCursor for a cursor of another list.

    A page may be shorter than the limit and not the last: it ends where a request has looked at
    enough alerts, or their texts are large.
    """
    walk, list_of = walk_of(filters, sort), cursors.digest(filters, sort)
    found = await find(session, walk, cursors.decode(cursor, list_of, walk), limit)
    rows = await queries.find_alerts(session, [row[walk.key_count - 1] for row in found.rows])
    next_after = found.next_after
    if rows and rows[-1].place < len(found.rows):
        next_after = walk.position_of(found.rows[rows[-1].place - 1])
    return Page(
        items=[_alert(row) for row in rows],
        next_cursor=next_after and cursors.encode(next_after, list_of),
    )


async def get_alert(session: AsyncSession, integration_slug: str, fingerprint: str) -> AlertDetail:
    """Return one alert with its newest episodes, or raise AlertNotFound.

    Retention takes its row first. What its episodes say remains for as long as they are kept.
    """
    row = await queries.find_alert(session, integration_slug, fingerprint)
    if row is None:
        departed = await find_departed(session, integration_slug, fingerprint, limit=MAX_EPISODES)
        if departed is None:
            raise AlertNotFound
        return departed
    episodes = await queries.find_episodes(
        session, row.integration_id, fingerprint, limit=MAX_EPISODES
    )
    return AlertDetail(
        **_alert(row).model_dump(),
        expression=_expression(row.links or {}),
        episodes=[_episode(found) for found in episodes],
    )


async def firing_overview(
    session: AsyncSession, filters: AlertFilter, shown: Shown
) -> FiringOverview:
    """Group the firing alerts that match by service and severity; other statuses are ignored."""
    groups = await overview.find_groups(session, filters, limit=MAX_GROUPS)
    if not groups:
        return FiringOverview(firing=0, severities=[], hidden_groups=0, groups=[])
    severities = await overview.find_severities(session, filters)
    keys = [_group_key(row) for row in groups]
    members = await overview.find_members(session, filters, keys, shown, limit=MAX_ALERTS_IN_GROUP)
    by_group: dict[tuple[str, str], list[AlertRead]] = defaultdict(list)
    for row in members:
        by_group[_group_key(row)].append(_alert(row))
    return FiringOverview(
        firing=groups[0].firing_in_all,
        severities=[FiringSeverity(severity=row.severity, firing=row.firing) for row in severities],
        hidden_groups=groups[0].groups_in_all - len(groups),
        groups=[
            FiringGroup(
                service=row.service,
                severity=row.severity,
                firing=row.firing,
                oldest_starts_at=row.oldest_starts_at,
                alerts=by_group[_group_key(row)],
            )
            for row in groups
        ],
    )


def _group_key(row: Row[Any]) -> tuple[str, str]:
    return row.service or "", row.severity or ""


async def intake_health(session: AsyncSession, *, now: datetime) -> list[IntakeHealth]:
    """Return what each integration that is not revoked delivered in the last hour."""
    rows = await overview.find_health(session, now - HEALTH_WINDOW)
    return [_health(row) for row in rows]


def _health(row: Row[Any]) -> IntakeHealth:
    rejection = None
    if row.rejected_at is not None:
        rejection = LastRejection(
            at=row.rejected_at,
            code=row.rejection["code"],
            detail=row.rejection["detail"],
            index=row.rejection.get("index"),
        )
    return IntakeHealth(
        integration=row.integration,
        name=row.name,
        last_delivery_at=row.last_delivery_at,
        deliveries=row.deliveries,
        refused_deliveries=row.refused_deliveries,
        accepted=row.accepted,
        rejected=row.rejected,
        repaired=row.repaired,
        truncated=row.truncated,
        shared_by=row.shared_by,
        last_rejection=rejection,
    )


def _episode(row: Row[Any]) -> EpisodeRead:
    return EpisodeRead(
        id=row.id, opened_at=row.opened_at, closed_at=row.closed_at, resolved_by=row.resolved_by
    )


def _links(stored: Mapping[str, str]) -> dict[LinkName, str]:
    # A newer release, which may run beside this one, may store more names.
    return {name: stored[name] for name in LINK_NAMES if name in stored}


def _expression(stored: Mapping[str, str]) -> str | None:
    return stored.get("expression") or expression_of(stored.get("source", ""))


def _alert(row: Row[Any]) -> AlertRead:
    return AlertRead(
        fingerprint=row.fingerprint,
        integration=row.integration,
        status=row.status,
        labels=row.labels,
        annotations=row.annotations,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        first_seen_at=row.first_seen_at,
        last_seen_at=row.last_seen_at,
        times_seen=row.times_seen,
        service=row.service,
        contested_since=row.contested_since,
        links=_links(row.links or {}),
        incident=None,
    )
