"""Principals: what a handler asks for to say who may call it."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from backend.auth.models import Scope
from backend.auth.repository import find_valid
from backend.auth.tokens import hash_token
from backend.db.session import database_of
from backend.errors import Forbidden, Unauthorized


@dataclass(frozen=True, slots=True)
class Principal:
    token_id: int
    name: str
    scopes: frozenset[str]
    integration_id: int | None
    integration_slug: str | None


async def authenticate(request: Request, token: str) -> Principal:
    """Return the principal of a token, or raise Unauthorized."""
    async with database_of(request).read_sessions() as session:
        row = await find_valid(session, hash_token(token))
    if row is None:
        raise Unauthorized
    return Principal(
        token_id=row.token_id,
        name=row.name,
        scopes=row.scopes,
        integration_id=row.integration_id,
        integration_slug=row.integration_slug,
    )


class RequireScope:
    """A dependency that admits tokens with one scope; the scope `admin` may do everything."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    async def __call__(self, request: Request) -> Principal:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthorized
        principal = await authenticate(request, token)
        if not principal.scopes & {self.scope, Scope.ADMIN}:
            raise Forbidden
        return principal


IngestPrincipal = Annotated[Principal, Depends(RequireScope(Scope.INGEST))]
ReadPrincipal = Annotated[Principal, Depends(RequireScope(Scope.READ))]
WritePrincipal = Annotated[Principal, Depends(RequireScope(Scope.WRITE))]
AdminPrincipal = Annotated[Principal, Depends(RequireScope(Scope.ADMIN))]
