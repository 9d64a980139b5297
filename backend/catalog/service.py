"""Changes to the catalog, and its targets for Prometheus. Callers hold the transaction."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import TypeAdapter
from sqlalchemy.exc import IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from backend.catalog import repository
from backend.catalog.errors import CatalogFull, ServiceChanged, ServiceExists, ServiceNotFound
from backend.catalog.models import Service
from backend.catalog.schemas import ServiceCreate, ServiceRead, ServiceReplace
from backend.catalog.scraping import StoredGroup, TargetGroup, target_group

_GROUPS = TypeAdapter(list[StoredGroup])


# Prometheus fetches the whole catalog once a minute, from a pod that receives alerts as well. 1,000
# services with two targets each were 230 kB and took 12 ms of its CPU.
MAX_SERVICES = 2000


async def create(session: AsyncSession, request: ServiceCreate, *, now: datetime) -> ServiceRead:
    """Add a service, or raise ServiceExists or CatalogFull.

    The limit stops programs that invent services; two requests at once may exceed it by one.
    """
    if await repository.count(session) >= MAX_SERVICES:
        raise CatalogFull
    service = Service(**request.model_dump(mode="json"), created_at=now, updated_at=now)
    try:
        added = await repository.add(session, service)
    except IntegrityError as error:
        raise ServiceExists from error
    return ServiceRead.model_validate(added)


async def list_services(
    session: AsyncSession, *, owner: str | None, after_slug: str | None, limit: int
) -> Sequence[ServiceRead]:
    rows = await repository.list_after(session, after_slug, owner=owner, limit=limit)
    return [ServiceRead.model_validate(row) for row in rows]


async def find(session: AsyncSession, slug: str) -> ServiceRead | None:
    """Return the service, or None when the catalog does not know it."""
    found = await repository.find(session, slug)
    return None if found is None else ServiceRead.model_validate(found)


async def replace(
    session: AsyncSession,
    slug: str,
    request: ServiceReplace,
    *,
    expected_version: int | None,
    now: datetime,
) -> ServiceRead:
    """Replace everything but the slug; if a version is expected, it must be the current one."""
    service = await _locked(session, slug, expected_version)
    for field, value in request.model_dump(mode="json").items():
        setattr(service, field, value)
    service.version += 1
    service.updated_at = now
    await session.flush()
    return ServiceRead.model_validate(service)


async def delete(session: AsyncSession, slug: str, *, expected_version: int | None) -> None:
    """Remove the service. Alerts that name it do not change."""
    await session.delete(await _locked(session, slug, expected_version))
    await session.flush()


async def discover(session: AsyncSession) -> list[TargetGroup]:
    """Return every target of every service, in a stable order, by one query."""
    return [
        target_group(slug, group)
        for slug, groups in await repository.list_scraped(session)
        for group in _GROUPS.validate_python(groups)
    ]


async def _locked(session: AsyncSession, slug: str, expected_version: int | None) -> Service:
    service = await repository.find(session, slug, for_update=True)
    if service is None:
        raise ServiceNotFound
    if expected_version is not None and service.version != expected_version:
        raise ServiceChanged
    return service
