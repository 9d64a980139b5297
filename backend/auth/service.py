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
    """Create a token and return it. It cannot be read again."""
    token = generate_token()
    await repository.add(
        session,
        sha256=hash_token(token),
        name=name,
        scopes=sorted(scopes),
        integration_id=integration_id,
        created_at=now,
    )
    return token


async def keep_one_token(
    session: AsyncSession,
    token: str,
    *,
    name: str,
    scope: Scope,
    integration_id: int | None = None,
    now: datetime,
) -> None:
    """Make this token, created elsewhere, the only valid one with this name.

    Others with the name are revoked, so a new token in the file is a rotation. A former token
    becomes valid again, so that restoring the previous file locks nobody out.
    """
    sha256 = hash_token(token)
    await repository.add_or_restore(
        session,
        sha256=sha256,
        name=name,
        scopes=[scope],
        integration_id=integration_id,
        created_at=now,
    )
    await repository.revoke_others_of_name(
        session, name, integration_id=integration_id, keep=sha256, revoked_at=now
    )


async def revoke_tokens_of_integration(
    session: AsyncSession, integration_id: int, *, now: datetime
) -> None:
    await repository.revoke_of_integration(session, integration_id, revoked_at=now)
