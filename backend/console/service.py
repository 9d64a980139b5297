"""Builds the pages' content from alerts and catalog. It only reads."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from backend.alerts import service as alerts
from backend.alerts.schemas import AlertFilter, FiringOverview, IntakeHealth
from backend.catalog import service as catalog
from backend.console.filters import ABSENT, Filters, chips
from backend.console.rows import (
    SHOWN,
    alert_row,
    annotation_texts,
    label_texts,
    link_texts,
    service_texts,
)
from backend.console.sections import sections_of, severity_counts
from backend.console.timeline import draw
from backend.console.views import AlertList, AlertPage, Empty, NowPage, ServiceSection, Suggestions

PAGE_SIZE = 50
_USUAL_SEVERITIES = ("critical", "warning", "info")
_NOTHING = FiringOverview(firing=0, severities=[], hidden_groups=0, groups=[])


async def now_page(session: AsyncSession, filters: Filters, now: datetime) -> NowPage:
    """Return groups of firing alerts, or a page of a list: `filters.grouped` decides."""
    overview = _NOTHING
    if filters.counted:
        overview = await alerts.firing_overview(session, filters.to_alert_filter(), SHOWN)
    listed = None if filters.grouped else await _list(session, filters, now)
    intake = await alerts.intake_health(session, now=now)
    empty = None
    # A page may end before anything has matched, and go on.
    if not (listed.rows or listed.next_href if listed else overview.groups):
        empty = await _why_empty(session, filters, intake)
    sections = sections_of(overview, filters, now) if filters.grouped else ()
    return NowPage(
        as_of=now,
        filters=filters,
        chips=chips(filters),
        suggestions=_suggestions(overview, intake),
        total=overview.firing if filters.counted else None,
        severities=severity_counts(overview, filters),
        sections=sections,
        hidden_groups=overview.hidden_groups,
        listed=listed,
        shown=len(listed.rows) if listed else sum(_rows_in(section) for section in sections),
        empty=empty,
        intake=intake,
        last_delivery_at=_last_delivery(intake),
    )


async def _list(session: AsyncSession, filters: Filters, now: datetime) -> AlertList:
    page = await alerts.list_alerts(
        session, filters.to_alert_filter(), limit=PAGE_SIZE, cursor=filters.cursor
    )
    here = replace(filters, draft="")
    return AlertList(
        rows=[alert_row(alert, now) for alert in page.items],
        first_href=replace(here, cursor=None).href() if filters.cursor else None,
        next_href=replace(here, cursor=page.next_cursor).href() if page.next_cursor else None,
    )


async def _why_empty(
    session: AsyncSession, filters: Filters, intake: Sequence[IntakeHealth]
) -> Empty:
    if filters.narrowing or filters.cursor:
        return Empty.FILTERED
    if _last_delivery(intake) is not None:
        return Empty.QUIET
    # Deliveries are kept for a few days only, but an old alert proves an earlier delivery, too.
    known = await alerts.list_alerts(session, AlertFilter(), limit=1, cursor=None)
    return Empty.QUIET if known.items else Empty.NEVER


def _last_delivery(intake: Sequence[IntakeHealth]) -> datetime | None:
    return max((item.last_delivery_at for item in intake if item.last_delivery_at), default=None)


def _suggestions(overview: FiringOverview, intake: Sequence[IntakeHealth]) -> Suggestions:
    found = {item.severity for item in overview.severities if item.severity is not None}
    return Suggestions(
        services=sorted({group.service for group in overview.groups if group.service is not None}),
        severities=[*_USUAL_SEVERITIES, *sorted(found.difference(_USUAL_SEVERITIES))],
        integrations=[item.integration for item in intake],
    )


def _rows_in(section: ServiceSection) -> int:
    return sum(len(group.rows) for group in section.groups)


async def alert_page(
    session: AsyncSession, integration: str, fingerprint: str, now: datetime
) -> AlertPage:
    """Return one alert's page, or raise AlertNotFound."""
    alert = await alerts.get_alert(session, integration, fingerprint)
    service = await catalog.find(session, alert.service) if alert.service else None
    return AlertPage(
        as_of=now,
        alert=alert_row(alert, now),
        integration=alert.integration,
        fingerprint=alert.fingerprint,
        first_seen_at=alert.first_seen_at,
        service_href=Filters(service=alert.service or ABSENT).href(),
        catalogued=service_texts(service) if service else (),
        annotations=annotation_texts(alert.annotations),
        links=link_texts(alert),
        labels=label_texts(alert.labels),
        episodes=alert.episodes,
        timeline=draw(alert.episodes, now),
    )
