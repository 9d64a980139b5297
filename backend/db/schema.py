"""The schema that this release needs, and the schema of the database.

Revisions are numbered (`0001`, `0002`, …), so that a release recognises an unknown revision as
newer than the one it needs: docs/adr/0004-schema-at-least.md.
"""

from functools import cache
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

VERSIONS = Path(__file__).parent.parent / "migrations" / "versions"

_STORED = text("SELECT version_num FROM alembic_version")


@cache
def required_revision() -> int:
    return max(int(path.name.partition("_")[0]) for path in VERSIONS.glob("[0-9]*_*.py"))


async def stored_revision(session: AsyncSession) -> int | None:
    """Return the number of the database's revision, or None while it has none."""
    connection = await session.connection()
    stored = (await connection.execute(_STORED)).scalar_one_or_none()
    return None if stored is None else int(stored)
