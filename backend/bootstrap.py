"""The rows that a new installation starts with: the integration `default` and the first token."""

from sqlmodel.ext.asyncio.session import AsyncSession

from backend.auth.models import Scope
from backend.auth.service import ensure_token
from backend.db.base import utc_now
from backend.integrations.service import ensure_default
from backend.settings import Settings


async def ensure(session: AsyncSession, settings: Settings) -> None:
    """Insert what is missing; the caller commits."""
    now = utc_now()
    await ensure_default(session, now=now)
    if settings.admin_token_file is not None:
        token = settings.admin_token_file.read_text(encoding="utf-8").strip()
        await ensure_token(session, token, name="admin", scopes=[Scope.ADMIN], now=now)
