"""/api/v1/integrations."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Path, Request
from pydantic import TypeAdapter
from sqlmodel.ext.asyncio.session import AsyncSession

from backend.auth.dependencies import AdminPrincipal, ReadPrincipal
from backend.auth.route import TokenFirstRoute
from backend.db.base import utc_now
from backend.db.pagination import (
    DEFAULT_LIMIT,
    Cursor,
    InvalidCursor,
    Limit,
    Page,
    decode_cursor,
    encode_cursor,
    split_page,
)
from backend.db.session import ReadSessionDep, SessionDep
from backend.errors import (
    BodyTooLarge,
    DatabaseUnavailable,
    Forbidden,
    InvalidRequest,
    Unauthorized,
    problem_responses,
)
from backend.http.texts import Slug
from backend.integrations import service
from backend.integrations.errors import IntegrationExists, IntegrationNotFound, IntegrationRevoked
from backend.integrations.models import Integration
from backend.integrations.schemas import (
    IntegrationCreate,
    IntegrationRead,
    IntegrationWithToken,
)

router = APIRouter(
    prefix="/api/v1/integrations",
    tags=["integrations"],
    route_class=TokenFirstRoute,
    responses=problem_responses(Unauthorized, Forbidden, InvalidRequest, DatabaseUnavailable),
)

OnRevoke = Callable[[AsyncSession, int, datetime], Awaitable[None]]


def _on_revoke(request: Request) -> OnRevoke:
    """Return what the application does with the alerts of a revoked integration."""
    return cast("OnRevoke", request.app.state.on_revoke)


OnRevokeDep = Annotated[OnRevoke, Depends(_on_revoke)]
SlugPath = Annotated[Slug, Path(description="The integration's slug.")]
_CURSOR_KEY = TypeAdapter(tuple[int])


@router.post(
    "", status_code=HTTPStatus.CREATED, responses=problem_responses(IntegrationExists, BodyTooLarge)
)
async def create_integration(
    _principal: AdminPrincipal, request: IntegrationCreate, session: SessionDep
) -> IntegrationWithToken:
    """Create an integration. The answer shows its token, once."""
    integration, token = await service.create(session, request, now=utc_now())
    return _with_token(integration, token)


@router.get("", responses=problem_responses(InvalidRequest, InvalidCursor))
async def list_integrations(
    _principal: ReadPrincipal,
    session: ReadSessionDep,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[IntegrationRead]:
    """List the integrations, oldest first, revoked ones included."""
    after_id = decode_cursor(cursor, _CURSOR_KEY)[0] if cursor is not None else None
    rows = await service.list_integrations(session, after_id=after_id, limit=limit + 1)
    page, more = split_page(rows, limit)
    return Page(
        items=[IntegrationRead.model_validate(row) for row in page],
        next_cursor=encode_cursor(page[-1].id) if more else None,
    )


@router.post("/{slug}/rotate", responses=problem_responses(IntegrationNotFound, IntegrationRevoked))
async def rotate_integration(
    _principal: AdminPrincipal, slug: SlugPath, session: SessionDep
) -> IntegrationWithToken:
    """Replace the token. The old one stops working at once."""
    integration, token = await service.rotate(session, slug, now=utc_now())
    return _with_token(integration, token)


@router.post("/{slug}/revoke", responses=problem_responses(IntegrationNotFound))
async def revoke_integration(
    _principal: AdminPrincipal, slug: SlugPath, session: SessionDep, on_revoke: OnRevokeDep
) -> IntegrationRead:
    """Revoke the integration and its token for good. What it delivered stays, and ends."""
    now = utc_now()
    integration = await service.revoke(session, slug, now=now)
    await on_revoke(session, integration.id, now)
    return IntegrationRead.model_validate(integration)


def _with_token(integration: Integration, token: str) -> IntegrationWithToken:
    read = IntegrationRead.model_validate(integration)
    return IntegrationWithToken(**read.model_dump(), token=token)
