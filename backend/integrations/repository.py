"""Queries on integrations."""

from collections.abc import Sequence

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from backend.integrations.models import Integration


async def add(session: AsyncSession, integration: Integration) -> Integration:
    """Insert the integration and return it with its id; a taken slug is an IntegrityError."""
    session.add(integration)
    await session.flush()
    return integration


async def add_if_missing(session: AsyncSession, integration: Integration) -> None:
    values = integration.model_dump(exclude={"id"})
    await session.exec(
        insert(Integration).values(values).on_conflict_do_nothing(index_elements=["slug"])
    )


async def find_by_slug(
    session: AsyncSession, slug: str, *, for_update: bool = False
) -> Integration | None:
    statement = select(Integration).where(col(Integration.slug) == slug)
    if for_update:
        statement = statement.with_for_update()
    return (await session.exec(statement)).one_or_none()


async def list_after(
    session: AsyncSession, after_id: int | None, *, limit: int
) -> Sequence[Integration]:
    """Return up to `limit` integrations, oldest first."""
    statement = select(Integration).order_by(col(Integration.id)).limit(limit)
    if after_id is not None:
        statement = statement.where(col(Integration.id) > after_id)
    return (await session.exec(statement)).all()
