"""Principals: a handler requires one to say who may call it."""

from base64 import b64decode
from contextlib import suppress
from typing import Annotated

from fastapi import Depends, Request
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase
from sqlmodel.ext.asyncio.session import AsyncSession

from backend.auth import repository
from backend.auth.principal import Principal, Scope
from backend.auth.tokens import hash_token
from backend.db.errors import database_errors
from backend.db.session import database_of
from backend.errors import Forbidden, Unauthorized

_SCOPE_KEY = "backend.principal"


async def authenticate(request: Request, token: str) -> Principal:
    """Return the principal of a token, or raise Unauthorized."""
    with database_errors():
        principal = await repository.find_by_hash(database_of(request).engine, hash_token(token))
    if principal is None:
        raise Unauthorized
    return principal


async def find_principal(session: AsyncSession, token_id: int) -> Principal | None:
    """Return the principal of a token that was recognised before, unless it has been revoked."""
    return await repository.find_by_id(session, token_id)


class RequireScope(SecurityBase):
    """A dependency that admits tokens with one scope; the scope `admin` may do everything.

    Being a SecurityBase puts it into the OpenAPI document.
    """

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.scheme_name = "token"
        self.model = HTTPBearer(
            description="A token of an integration, or one with all rights. Senders that know only"
            " Basic authentication send it as the password; the user's name is not read."
        )

    async def __call__(self, request: Request) -> Principal:
        principal = await self._principal(request)
        if not principal.may(self.scope):
            raise Forbidden
        return principal

    async def _principal(self, request: Request) -> Principal:
        """Authenticate once for each request: TokenFirstRoute comes here before FastAPI does."""
        known = request.scope.get(_SCOPE_KEY)
        if isinstance(known, Principal):
            return known
        token = _token_in(request.headers.get("authorization", ""))
        if not token:
            raise Unauthorized
        principal = await authenticate(request, token)
        request.scope[_SCOPE_KEY] = principal
        return principal


def _token_in(header: str) -> str:
    """Return the token, or an empty text. With Basic it is the password, whoever the user is."""
    scheme, _, credentials = header.partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip()
    if scheme.lower() == "basic":
        with suppress(ValueError):
            return b64decode(credentials, validate=True).decode().partition(":")[2]
    return ""


IngestPrincipal = Annotated[Principal, Depends(RequireScope(Scope.INGEST))]
DiscoverPrincipal = Annotated[Principal, Depends(RequireScope(Scope.DISCOVER))]
ReadPrincipal = Annotated[Principal, Depends(RequireScope(Scope.READ))]
WritePrincipal = Annotated[Principal, Depends(RequireScope(Scope.WRITE))]
AdminPrincipal = Annotated[Principal, Depends(RequireScope(Scope.ADMIN))]
