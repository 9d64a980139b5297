"""Queries for the console's first page: what fires, and the state of the intake."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, and_, case, func, select, true, tuple_
from sqlmodel.ext.asyncio.session import AsyncSession

from backend.alerts.lists.conditions import conditions_of
from backend.alerts.lists.queries import fetch_all, select_alert, shortened
from backend.alerts.models import alert, delivery, integration, shared_integration
from backend.alerts.schemas import AlertFilter, AlertStatus, Shown

# Worst first. Names that are not here come after them, alerts without a severity last.
SEVERITIES = ("critical", "page", "error", "high", "warning", "info", "none")
# Severities are free text: a sender may use any number of them.
MAX_SEVERITIES = 12
# Two clusters show in their alerts' repeats, which come every few hours.
SHARED_WINDOW = timedelta(days=1)

_SEVERITY_RANK = case(
    *((alert.c.severity == name, rank) for rank, name in enumerate(SEVERITIES)),
    (alert.c.severity.is_(None), len(SEVERITIES) + 1),
    else_=len(SEVERITIES),
)
# Promoted labels are never empty, so the empty text can stand for "none" in comparisons.
_GROUP = (func.coalesce(alert.c.service, ""), func.coalesce(alert.c.severity, ""))


def _firing(filters: AlertFilter) -> AlertFilter:
    return filters.model_copy(update={"statuses": (AlertStatus.FIRING,)})


def groups_query(filters: AlertFilter, *, limit: int) -> Select[Any]:
    return (
        select(
            alert.c.service,
            alert.c.severity,
            func.count().label("firing"),
            func.min(alert.c.starts_at).label("oldest_starts_at"),
            func.sum(func.count()).over().label("firing_in_all"),
            func.count().over().label("groups_in_all"),
        )
        .where(*conditions_of(_firing(filters)))
        .group_by(alert.c.service, alert.c.severity)
        .order_by(_SEVERITY_RANK, func.count().desc(), alert.c.service.nulls_last())
        .limit(limit)
    )


async def find_groups(
    session: AsyncSession, filters: AlertFilter, *, limit: int
) -> Sequence[Row[Any]]:
    """Return firing alerts counted by service and severity; the worst, then the largest, first."""
    return await fetch_all(session, groups_query(filters, limit=limit))


def severities_query(filters: AlertFilter) -> Select[Any]:
    return (
        select(alert.c.severity, func.count().label("firing"))
        .where(*conditions_of(_firing(filters)))
        .group_by(alert.c.severity)
        .order_by(_SEVERITY_RANK, func.count().desc(), alert.c.severity)
        .limit(MAX_SEVERITIES)
    )


async def find_severities(session: AsyncSession, filters: AlertFilter) -> Sequence[Row[Any]]:
    """Return firing alerts counted by severity, the worst first."""
    return await fetch_all(session, severities_query(filters))


def members_query(
    filters: AlertFilter, groups: Sequence[tuple[str, str]], shown: Shown, *, limit: int
) -> Select[Any]:
    """Select the newest alerts of each group: narrow rows are ranked, then wide ones fetched."""
    newest_first = func.row_number().over(
        partition_by=_GROUP, order_by=(alert.c.starts_at.desc().nulls_last(), alert.c.id.desc())
    )
    ranked = (
        select(alert.c.id, newest_first.label("rank"))
        .where(*conditions_of(_firing(filters)), tuple_(*_GROUP).in_(groups))
        .subquery()
    )
    texts = (
        shortened(alert.c.labels, shown.labels).label("labels"),
        shortened(alert.c.annotations, shown.annotations).label("annotations"),
    )
    return (
        select_alert(*texts)
        .add_columns(alert.c.severity)
        .join(ranked, ranked.c.id == alert.c.id)
        .where(ranked.c.rank <= limit)
        .order_by(ranked.c.rank)
    )


async def find_members(
    session: AsyncSession,
    filters: AlertFilter,
    groups: Sequence[tuple[str, str]],
    shown: Shown,
    *,
    limit: int,
) -> Sequence[Row[Any]]:
    return await fetch_all(session, members_query(filters, groups, shown, limit=limit))


def health_query(since: datetime) -> Select[Any]:
    """Select one row for each integration; the primary key and a partial index answer all of it."""
    of_integration = delivery.c.integration_id == integration.c.id
    newest_first = delivery.c.received_at.desc()
    last = (
        select(delivery.c.received_at)
        .where(of_integration)
        .order_by(newest_first)
        .limit(1)
        .lateral()
    )
    recent = (
        select(
            func.count().label("deliveries"),
            func.count(delivery.c.refusal).label("refused_deliveries"),
            func.coalesce(func.sum(delivery.c.accepted), 0).label("accepted"),
            func.coalesce(func.sum(delivery.c.rejected), 0).label("rejected"),
            func.coalesce(func.sum(delivery.c.repaired), 0).label("repaired"),
            func.coalesce(func.sum(delivery.c.truncated_alerts), 0).label("truncated"),
        )
        .where(of_integration, delivery.c.received_at >= since)
        .lateral()
    )
    rejection = (
        select(delivery.c.received_at, delivery.c.rejections[-1].label("last"))
        .where(of_integration, delivery.c.rejections.is_not(None))
        .order_by(newest_first)
        .limit(1)
        .lateral()
    )
    shared = and_(
        shared_integration.c.integration_id == integration.c.id,
        shared_integration.c.seen_at >= since - SHARED_WINDOW,
    )
    return (
        select(
            integration.c.slug.label("integration"),
            integration.c.name,
            last.c.received_at.label("last_delivery_at"),
            *recent.c,
            rejection.c.received_at.label("rejected_at"),
            rejection.c.last.label("rejection"),
            shared_integration.c.hosts.label("shared_by"),
        )
        .select_from(integration)
        .join(last, true(), isouter=True)
        .join(recent, true())
        .join(rejection, true(), isouter=True)
        .join(shared_integration, shared, isouter=True)
        .where(integration.c.revoked_at.is_(None))
        .order_by(integration.c.id)
    )


async def find_health(session: AsyncSession, since: datetime) -> Sequence[Row[Any]]:
    return await fetch_all(session, health_query(since))
