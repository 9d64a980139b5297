"""From the overview's groups to the page's sections: by service, worst first, bounded in size."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from backend.alerts.schemas import FiringGroup, FiringOverview
from backend.console.filters import ABSENT, Filters
from backend.console.rows import alert_row, element_key
from backend.console.severities import tone_of
from backend.console.views import ServiceSection, SeverityCount, SeverityGroup

# Rows of one group by the number of groups: at most about 100 rows, because a page of them (165 kB
# when all texts are long) is fetched every 15 seconds by everybody on call.
_ROWS_OF_GROUP = ((10, 10), (20, 5), (33, 3))
_LEAST_ROWS = 2


def sections_of(
    overview: FiringOverview, filters: Filters, now: datetime
) -> Sequence[ServiceSection]:
    """Gather groups by service. A service stands where its worst group does."""
    by_service: dict[str | None, list[FiringGroup]] = {}
    for group in overview.groups:
        by_service.setdefault(group.service, []).append(group)
    most_rows = _most_rows(len(overview.groups))
    return [
        _section(service, groups, filters, now, most_rows) for service, groups in by_service.items()
    ]


def _most_rows(groups: int) -> int:
    return next((rows for most, rows in _ROWS_OF_GROUP if groups <= most), _LEAST_ROWS)


def _section(
    service: str | None,
    groups: Sequence[FiringGroup],
    filters: Filters,
    now: datetime,
    most_rows: int,
) -> ServiceSection:
    started = [group.oldest_starts_at for group in groups if group.oldest_starts_at is not None]
    return ServiceSection(
        key=element_key("service", service),
        service=service,
        total=sum(group.firing for group in groups),
        oldest=min(started, default=None),
        href=replace(filters, service=service or ABSENT, draft="").href(),
        groups=[_group(group, filters, now, most_rows) for group in groups],
    )


def _group(group: FiringGroup, filters: Filters, now: datetime, most_rows: int) -> SeverityGroup:
    of_group = replace(
        filters, service=group.service or ABSENT, severity=group.severity or ABSENT, draft=""
    )
    return SeverityGroup(
        key=element_key("group", group.service, group.severity),
        severity=group.severity,
        tone=tone_of(group.severity),
        total=group.firing,
        rows=[alert_row(alert, now) for alert in group.alerts[:most_rows]],
        href=of_group.href(),
    )


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
