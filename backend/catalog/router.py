"""/api/v1/services, and /api/v1/sd/prometheus."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Response
from pydantic import TypeAdapter
from pydantic.json_schema import SkipJsonSchema

from backend.auth.dependencies import DiscoverPrincipal, ReadPrincipal, WritePrincipal
from backend.auth.route import TokenFirstRoute
from backend.catalog import service
from backend.catalog.errors import CatalogFull, ServiceChanged, ServiceExists, ServiceNotFound
from backend.catalog.schemas import MAX_OWNER, ServiceCreate, ServiceRead, ServiceReplace
from backend.catalog.scraping import TargetGroup
from backend.db.base import utc_now
from backend.db.pagination import (
    DEFAULT_LIMIT,
    Cursor,
    InvalidCursor,
    Limit,
    Page,
    decode_cursor,
    encode_cursor,
    split_page,
)
from backend.db.session import ReadSessionDep, SessionDep
from backend.errors import (
    BodyTooLarge,
    DatabaseUnavailable,
    Forbidden,
    InvalidRequest,
    Unauthorized,
    problem_responses,
)
from backend.http.texts import NO_NUL, Slug
from backend.sentences import described

router = APIRouter(
    prefix="/api/v1",
    tags=["catalog"],
    route_class=TokenFirstRoute,
    responses=problem_responses(Unauthorized, Forbidden, DatabaseUnavailable),
)

_SlugPath = Annotated[Slug, Path(description="The service's slug.")]
_Owner = Annotated[
    str | None,
    Query(
        max_length=MAX_OWNER,
        pattern=NO_NUL,
        description="Services of this team; empty: services without a team.",
        examples=["payments"],
    ),
]
# An entity tag has quotes, but a bare number from a shell is accepted too.
_VERSION = described(r'^(\*|"[0-9]{1,18}"|[0-9]{1,18})$', 'It must be an ETag such as "3", or *.')
_IfMatch = Annotated[
    # A header may be absent; it is never null.
    str | SkipJsonSchema[None],
    Header(
        pattern=_VERSION,
        # FastAPI loses it at the union.
        json_schema_extra={"pattern": _VERSION},
        description="ETag of the version to change; absent or `*`: any version.",
        examples=['"3"'],
    ),
]
_CURSOR_KEY = TypeAdapter(tuple[Slug])
_ETAG = {"headers": {"ETag": {"description": "The version.", "schema": {"type": "string"}}}}
_CREATED: dict[int | str, dict[str, Any]] = {HTTPStatus.CREATED.value: _ETAG}
_READ: dict[int | str, dict[str, Any]] = {HTTPStatus.OK.value: _ETAG}


@router.post(
    "/services",
    status_code=HTTPStatus.CREATED,
    responses=_CREATED
    | problem_responses(InvalidRequest, ServiceExists, CatalogFull, BodyTooLarge),
)
async def create_service(
    _principal: WritePrincipal, request: ServiceCreate, session: SessionDep, response: Response
) -> ServiceRead:
    """Add a service to the catalog. Its targets are scraped within a minute or so."""
    return _tagged(response, await service.create(session, request, now=utc_now()))


@router.get("/services", responses=problem_responses(InvalidRequest, InvalidCursor))
async def list_services(
    _principal: ReadPrincipal,
    session: ReadSessionDep,
    *,
    owner: _Owner = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[ServiceRead]:
    """List the services in the order of their slugs."""
    after_slug = decode_cursor(cursor, _CURSOR_KEY)[0] if cursor is not None else None
    rows = await service.list_services(session, owner=owner, after_slug=after_slug, limit=limit + 1)
    page, more = split_page(rows, limit)
    return Page(
        items=list(page),
        next_cursor=encode_cursor(page[-1].slug) if more else None,
    )


@router.get(
    "/services/{slug}",
    responses=_READ | problem_responses(InvalidRequest, ServiceNotFound),
)
async def read_service(
    _principal: ReadPrincipal, slug: _SlugPath, session: ReadSessionDep, response: Response
) -> ServiceRead:
    """Return one service."""
    found = await service.find(session, slug)
    if found is None:
        raise ServiceNotFound
    return _tagged(response, found)


@router.put(
    "/services/{slug}",
    responses=_READ
    | problem_responses(InvalidRequest, ServiceNotFound, ServiceChanged, BodyTooLarge),
)
async def replace_service(
    _principal: WritePrincipal,
    slug: _SlugPath,
    request: ServiceReplace,
    session: SessionDep,
    response: Response,
    *,
    if_match: _IfMatch = None,
) -> ServiceRead:
    """Replace everything but the slug: fields that the body leaves out become empty."""
    replaced = await service.replace(
        session, slug, request, expected_version=_version(if_match), now=utc_now()
    )
    return _tagged(response, replaced)


@router.delete(
    "/services/{slug}",
    status_code=HTTPStatus.NO_CONTENT,
    responses=problem_responses(InvalidRequest, ServiceNotFound, ServiceChanged),
)
async def delete_service(
    _principal: WritePrincipal, slug: _SlugPath, session: SessionDep, *, if_match: _IfMatch = None
) -> None:
    """Remove a service from the catalog, with its targets. Its alerts stay."""
    await service.delete(session, slug, expected_version=_version(if_match))


@router.get("/sd/prometheus")
async def discover_targets(
    _principal: DiscoverPrincipal, session: ReadSessionDep
) -> list[TargetGroup]:
    """Return all scrape targets for Prometheus' `http_sd_configs`.

    Prometheus replaces its targets by this answer and keeps them after any error: there is no
    partial one.
    """
    return await service.discover(session)


def _tagged(response: Response, read: ServiceRead) -> ServiceRead:
    response.headers["ETag"] = f'"{read.version}"'
    return read


def _version(if_match: str | None) -> int | None:
    return None if if_match in {None, "*"} else int(str(if_match).strip('"'))
