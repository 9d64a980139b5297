"""Identifies the visitor by the cookie and then the database, at every request."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from backend.auth.dependencies import find_principal
from backend.auth.principal import Scope
from backend.console.pages import Visitor
from backend.console.session import Session
from backend.console.state import console_of
from backend.db.session import SnapshotDep
from backend.errors import Unauthorized


class SignInNeeded(Unauthorized):
    """No valid session: missing or expired, or its token is revoked or can no longer read."""

    code = "sign_in_needed"


@dataclass(frozen=True, slots=True)
class SignedIn:
    session: Session
    visitor: Visitor


async def _signed_in(request: Request, database: SnapshotDep) -> SignedIn:
    console = console_of(request)
    session = console.sessions.of(request)
    if session is None:
        raise SignInNeeded
    principal = await find_principal(database, session.token_id)
    if principal is None or not principal.may(Scope.READ):
        raise SignInNeeded
    visitor = Visitor(
        name=principal.name,
        scopes=sorted(principal.scopes),
        expires_at=session.expires_at,
        form_token=console.form_tokens.for_session(session),
    )
    return SignedIn(session, visitor)


SignedInDep = Annotated[SignedIn, Depends(_signed_in)]
