"""Creating, listing and revoking integrations. Callers hold the transaction."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from backend.auth.principal import DEFAULT_INTEGRATION, Scope
from backend.auth.service import issue_token, revoke_tokens_of_integration
from backend.integrations import repository
from backend.integrations.errors import IntegrationExists, IntegrationNotFound, IntegrationRevoked
from backend.integrations.models import Integration
from backend.integrations.schemas import IntegrationCreate


async def create(
    session: AsyncSession, request: IntegrationCreate, *, now: datetime
) -> tuple[Integration, str]:
    """Create an integration and return it with its token, which cannot be read again."""
    try:
        integration = await repository.add(
            session, Integration(**request.model_dump(), created_at=now)
        )
    except IntegrityError as error:
        raise IntegrationExists from error
    return integration, await _issue(session, integration, now)


async def ensure_default(session: AsyncSession, *, now: datetime) -> int:
    """Make sure that the integration for which admin tokens deliver exists; return its id."""
    default = Integration(
        slug=DEFAULT_INTEGRATION, name="Default", alertmanagers=[], created_at=now
    )
    await repository.add_if_missing(session, default)
    return (await _locked(session, DEFAULT_INTEGRATION)).id


async def list_integrations(
    session: AsyncSession, *, after_id: int | None, limit: int
) -> Sequence[Integration]:
    return await repository.list_after(session, after_id, limit=limit)


async def rotate(session: AsyncSession, slug: str, *, now: datetime) -> tuple[Integration, str]:
    """Replace the token: the old one stops working when this transaction commits."""
    integration = await _locked(session, slug)
    if integration.revoked_at is not None:
        raise IntegrationRevoked
    await revoke_tokens_of_integration(session, integration.id, now=now)
    return integration, await _issue(session, integration, now)


async def revoke(session: AsyncSession, slug: str, *, now: datetime) -> Integration:
    """Stop accepting deliveries for good; revoking again changes nothing."""
    integration = await _locked(session, slug)
    if integration.revoked_at is None:
        integration.revoked_at = now
        await revoke_tokens_of_integration(session, integration.id, now=now)
        await session.flush()
    return integration


async def _locked(session: AsyncSession, slug: str) -> Integration:
    integration = await repository.find_by_slug(session, slug, for_update=True)
    if integration is None:
        raise IntegrationNotFound
    return integration


async def _issue(session: AsyncSession, integration: Integration, now: datetime) -> str:
    return await issue_token(
        session,
        name=f"integration {integration.slug}",
        scopes=[Scope.INGEST],
        integration_id=integration.id,
        now=now,
    )
