"""Turns the overview's groups into sections: by service, worst first, of bounded size."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from backend.alerts.schemas import FiringGroup, FiringOverview
from backend.console.filters import ABSENT, Filters
from backend.console.rows import alert_row, element_key
from backend.console.severities import tone_of
from backend.console.views import ServiceSection, SeverityCount, SeverityGroup

# A small group is shown whole, a larger one with a few rows: a storm in one service must not hide
# alerts of the next.
_WHOLE_ROWS = 6
_SOME_ROWS = 3
# With many groups each shows fewer rows, about 100 in all: everybody on call fetches the page (165
# kB when all texts are long) every 15 seconds.
_MANY_GROUPS = 16
_FEW_ROWS = 2


def sections_of(
    overview: FiringOverview, filters: Filters, now: datetime
) -> Sequence[ServiceSection]:
    """Collect groups by service. A service has the place of its worst group."""
    by_service: dict[str | None, list[FiringGroup]] = {}
    for group in overview.groups:
        by_service.setdefault(group.service, []).append(group)
    many = len(overview.groups) > _MANY_GROUPS
    return [_section(groups, filters, now, many=many) for groups in by_service.values()]


def _section(
    groups: Sequence[FiringGroup], filters: Filters, now: datetime, *, many: bool
) -> ServiceSection:
    service = groups[0].service
    started = [group.oldest_starts_at for group in groups if group.oldest_starts_at is not None]
    return ServiceSection(
        key=element_key("service", service),
        service=service,
        total=sum(group.firing for group in groups),
        oldest=min(started, default=None),
        href=replace(filters, service=service or ABSENT, draft="").href(),
        groups=[_group(group, filters, now, many=many) for group in groups],
    )


def _group(group: FiringGroup, filters: Filters, now: datetime, *, many: bool) -> SeverityGroup:
    of_group = replace(
        filters, service=group.service or ABSENT, severity=group.severity or ABSENT, draft=""
    )
    shown = group.alerts[: _row_count(group.firing, many=many)]
    return SeverityGroup(
        key=element_key("group", group.service, group.severity),
        severity=group.severity,
        tone=tone_of(group.severity),
        total=group.firing,
        rows=[alert_row(alert, now) for alert in shown],
        href=of_group.href(),
    )


def _row_count(firing: int, *, many: bool) -> int:
    if many:
        return _FEW_ROWS
    return firing if firing <= _WHOLE_ROWS else _SOME_ROWS


def severity_counts(overview: FiringOverview, filters: Filters) -> Sequence[SeverityCount]:
    """Count by severity, the worst first; each count leads to its alerts."""
    return [
        SeverityCount(
            key=element_key("severity", item.severity),
            severity=item.severity,
            tone=tone_of(item.severity),
            total=item.firing,
            href=replace(filters, severity=item.severity or ABSENT, cursor=None, draft="").href(),
        )
        for item in overview.severities
    ]
