"""/api/v1/alerts and /api/v1/episodes."""

from http import HTTPStatus
from typing import Annotated, Any, TypeAlias

from fastapi import APIRouter, Path, Query, Request, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from backend.alerts import service
from backend.alerts.errors import (
    AlertNotFound,
    ExpressionTooExpensive,
    InvalidLabelFilter,
    InvalidMatcher,
)
from backend.alerts.lists import episodes, export
from backend.alerts.lists.export import CONTENT, Format, FormatDep
from backend.alerts.lists.parameters import AlertFilterDep, EpisodeFilterDep
from backend.alerts.schemas import AlertDetail, AlertRead, AlertSort, EpisodeListed
from backend.auth.dependencies import ReadPrincipal
from backend.auth.route import TokenFirstRoute
from backend.db.pagination import DEFAULT_LIMIT, Cursor, InvalidCursor, Limit, Page
from backend.db.session import ReadSessionDep, SnapshotDep
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


AlertPage: TypeAlias = Page[AlertRead]
EpisodePage: TypeAlias = Page[EpisodeListed]
# Of every list: it is a page, or is exported.
_LISTED: dict[int | str, dict[str, Any]] = problem_responses(
    InvalidRequest, InvalidCursor, InvalidLabelFilter, InvalidMatcher, ExpressionTooExpensive
) | {HTTPStatus.OK.value: {"content": CONTENT}}


@router.get(
    "/alerts",
    response_model=AlertPage,
    responses=_LISTED,
)
async def list_alerts(
    _principal: ReadPrincipal,
    request: Request,
    session: SnapshotDep,
    filters: AlertFilterDep,
    format_: FormatDep,
    *,
    sort: Annotated[
        AlertSort,
        Query(description="The order; a minus means descending. `first_seen_at` is by our clock."),
    ] = AlertSort.LAST_CHANGE,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[AlertRead] | Response:
    """List alerts whatever their status, by default the one whose status changed last first.

    `status`, `service`, `severity` and `integration` may be repeated: an alert needs any of the
    values of each. An alert that does not change is on exactly one page of a walk; one that changes
    meanwhile is on at most one. A page can be shorter than `limit`: only `next_cursor` says that
    there is no other.
    """

    async def read(session: AsyncSession, after: str | None, limit: int) -> AlertPage:
        return await service.list_alerts(session, filters, sort=sort, limit=limit, cursor=after)

    if format_ is Format.JSON:
        return await read(session, cursor, limit)
    first = await read(session, cursor, export.ROWS_EACH)
    return await export.stream(request, format_, AlertRead, read, first)


@router.get(
    "/episodes",
    response_model=EpisodePage,
    responses=_LISTED,
)
async def list_episodes(
    _principal: ReadPrincipal,
    request: Request,
    session: SnapshotDep,
    filters: EpisodeFilterDep,
    format_: FormatDep,
    *,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[EpisodeListed] | Response:
    """List the episodes of a time, open ones included: the last to open first.

    Parameters that are repeated accept any of their values, but for `label` and `filter`, which
    must all match. A page can be shorter than `limit`: only `next_cursor` says that there is no
    other.
    """

    async def read(session: AsyncSession, after: str | None, limit: int) -> EpisodePage:
        return await episodes.list_episodes(session, filters, limit=limit, cursor=after)

    if format_ is Format.JSON:
        return await read(session, cursor, limit)
    first = await read(session, cursor, export.ROWS_EACH)
    return await export.stream(request, format_, EpisodeListed, read, first)


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
