"""Rows that tests start from, made by the services that the product uses. Callers commit."""

from collections.abc import Sequence

from sqlmodel.ext.asyncio.session import AsyncSession

from backend.auth.principal import Scope
from backend.auth.service import issue_token
from backend.db.base import utc_now
from backend.integrations import service as integrations
from backend.integrations.models import Integration
from backend.integrations.schemas import IntegrationCreate


async def make_token(session: AsyncSession, *scopes: Scope, name: str = "a token") -> str:
    """Store a token with these scopes (all rights if none is named) and return it."""
    return await issue_token(session, name=name, scopes=scopes or [Scope.ADMIN], now=utc_now())


async def make_integration(
    session: AsyncSession,
    slug: str = "cluster-a",
    *,
    alertmanagers: Sequence[str] = (),
    receivers: str | None = None,
) -> tuple[Integration, str]:
    """Store an integration and return it with its ingest token."""
    request = IntegrationCreate(
        slug=slug, name=slug, alertmanagers=list(alertmanagers), receivers=receivers
    )
    return await integrations.create(session, request, now=utc_now())
