"""Queries on tokens."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Text, and_, column, or_, table, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from backend.auth.models import DEFAULT_INTEGRATION, Scope, Token

# Named, not imported: integrations depend on auth, and authentication is one round trip.
_integration = table("integration", column("id", BigInteger), column("slug", Text))


@dataclass(frozen=True, slots=True)
class TokenRow:
    token_id: int
    name: str
    scopes: frozenset[str]
    integration_id: int | None
    integration_slug: str | None


# A token with all rights that belongs to no integration delivers for the one called `default`.
_ingests_for_default = and_(
    col(Token.integration_id).is_(None),
    col(Token.scopes).contains([Scope.ADMIN]),
    _integration.c.slug == DEFAULT_INTEGRATION,
)
_BY_HASH = (
    select(Token, _integration.c.id, _integration.c.slug)
    .join(
        _integration,
        or_(_integration.c.id == col(Token.integration_id), _ingests_for_default),
        isouter=True,
    )
    .where(col(Token.revoked_at).is_(None))
)


async def find_valid(session: AsyncSession, sha256: bytes) -> TokenRow | None:
    """Return the token with this hash unless it has been revoked."""
    row = (await session.exec(_BY_HASH.where(col(Token.sha256) == sha256))).first()
    if row is None:
        return None
    token, integration_id, slug = row
    # The index search is not constant in time; what it can leak is a prefix of a hash.
    if not hmac.compare_digest(token.sha256, sha256):
        return None
    return TokenRow(
        token_id=token.id,
        name=token.name,
        scopes=frozenset(token.scopes),
        integration_id=integration_id,
        integration_slug=slug,
    )


async def add(
    session: AsyncSession,
    *,
    sha256: bytes,
    name: str,
    scopes: Sequence[str],
    integration_id: int | None,
    created_at: datetime,
) -> None:
    """Store a token's hash; a hash that is there already stays as it is."""
    await session.exec(
        insert(Token)
        .values(
            sha256=sha256,
            name=name,
            scopes=list(scopes),
            integration_id=integration_id,
            created_at=created_at,
        )
        .on_conflict_do_nothing(index_elements=["sha256"])
    )


async def revoke_of_integration(
    session: AsyncSession, integration_id: int, *, revoked_at: datetime
) -> None:
    await session.exec(
        update(Token)
        .where(col(Token.integration_id) == integration_id, col(Token.revoked_at).is_(None))
        .values(revoked_at=revoked_at)
    )
