"""/api/v1/alerts."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from backend.alerts import service
from backend.alerts.errors import AlertNotFound, InvalidLabelFilter
from backend.alerts.parameters import AlertFilterDep
from backend.alerts.schemas import AlertDetail, AlertRead, AlertSort
from backend.auth.dependencies import ReadPrincipal
from backend.auth.route import TokenFirstRoute
from backend.db.pagination import DEFAULT_LIMIT, Cursor, InvalidCursor, Limit, Page
from backend.db.session import ReadSessionDep
from backend.errors import (
    DatabaseUnavailable,
    Forbidden,
    InvalidRequest,
    Unauthorized,
    problem_responses,
)
from backend.http.texts import NO_NUL

router = APIRouter(
    prefix="/api/v1",
    tags=["alerts"],
    route_class=TokenFirstRoute,
    responses=problem_responses(Unauthorized, Forbidden, DatabaseUnavailable),
)

_Slug = Annotated[str, Path(max_length=63, pattern=NO_NUL, description="The integration's slug.")]
_Fingerprint = Annotated[
    str, Path(max_length=128, pattern=NO_NUL, description="As Alertmanager sent it.")
]


@router.get(
    "/alerts", responses=problem_responses(InvalidRequest, InvalidCursor, InvalidLabelFilter)
)
async def list_alerts(
    _principal: ReadPrincipal,
    session: ReadSessionDep,
    filters: AlertFilterDep,
    *,
    sort: Annotated[
        AlertSort,
        Query(description="The order; a minus means descending. `first_seen_at` is by our clock."),
    ] = AlertSort.LAST_CHANGE,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[AlertRead]:
    """List alerts whatever their status, by default the one whose status changed last first.

    `status`, `service`, `severity` and `integration` may be repeated: an alert needs any of the
    values of each. An alert that does not change is on exactly one page of a walk; one that changes
    meanwhile is on at most one. A page can be shorter than `limit`: only `next_cursor` says that
    there is no other.
    """
    return await service.list_alerts(session, filters, sort=sort, limit=limit, cursor=cursor)


# A fingerprint may hold any visible character, a slash included.
@router.get(
    "/alerts/{integration}/{fingerprint:path}",
    responses=problem_responses(InvalidRequest, AlertNotFound),
)
async def read_alert(
    _principal: ReadPrincipal,
    session: ReadSessionDep,
    integration: _Slug,
    fingerprint: _Fingerprint,
) -> AlertDetail:
    """Return one alert with its newest episodes."""
    return await service.get_alert(session, integration, fingerprint)
