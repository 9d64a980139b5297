"""Queries on services of the catalog."""

from collections.abc import Sequence
from typing import Any

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from backend.catalog.models import Service


async def add(session: AsyncSession, service: Service) -> Service:
    """Insert the service and return it with its id; a taken slug is an IntegrityError."""
    session.add(service)
    await session.flush()
    return service


async def count(session: AsyncSession) -> int:
    return (await session.exec(select(func.count()).select_from(Service))).one()


async def find(session: AsyncSession, slug: str, *, for_update: bool = False) -> Service | None:
    statement = select(Service).where(col(Service.slug) == slug)
    if for_update:
        statement = statement.with_for_update()
    return (await session.exec(statement)).one_or_none()


async def list_after(
    session: AsyncSession, after_slug: str | None, *, owner: str | None, limit: int
) -> Sequence[Service]:
    """Return up to `limit` services in the order of their slugs; an empty owner means none."""
    statement = select(Service).order_by(col(Service.slug)).limit(limit)
    if owner is not None:
        mine = col(Service.owner) == owner if owner else col(Service.owner).is_(None)
        statement = statement.where(mine)
    if after_slug is not None:
        statement = statement.where(col(Service.slug) > after_slug)
    return (await session.exec(statement)).all()


async def list_scraped(session: AsyncSession) -> Sequence[tuple[str, Sequence[Any]]]:
    """Return slug and scrape targets of every service that has some, in the order of slugs."""
    statement = (
        select(Service.slug, Service.scrape_targets)
        .where(col(Service.scrape_targets) != [])
        .order_by(col(Service.slug))
    )
    return (await session.exec(statement)).all()
