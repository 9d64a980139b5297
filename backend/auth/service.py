"""Issuing and revoking tokens. Callers hold the transaction."""

from collections.abc import Iterable
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from backend.auth import repository
from backend.auth.principal import Scope
from backend.auth.tokens import generate_token, hash_token


async def issue_token(
    session: AsyncSession,
    *,
    name: str,
    scopes: Iterable[Scope],
    integration_id: int | None = None,
    now: datetime,
) -> str:
    """Make a token and return it: this is the only moment at which it can be read."""
    token = generate_token()
    await ensure_token(
        session, token, name=name, scopes=scopes, integration_id=integration_id, now=now
    )
    return token


async def ensure_token(
    session: AsyncSession,
    token: str,
    *,
    name: str,
    scopes: Iterable[Scope],
    integration_id: int | None = None,
    now: datetime,
) -> None:
    """Make sure that a token made elsewhere is known; one that was revoked stays revoked."""
    await repository.add(
        session,
        sha256=hash_token(token),
        name=name,
        scopes=sorted(scopes),
        integration_id=integration_id,
        created_at=now,
    )


async def revoke_tokens_of_integration(
    session: AsyncSession, integration_id: int, *, now: datetime
) -> None:
    await repository.revoke_of_integration(session, integration_id, revoked_at=now)
