"""The console's pages and static files, and their installation in the application."""

from http import HTTPStatus

from fastapi import APIRouter, FastAPI, Request, Response
from starlette.responses import PlainTextResponse, RedirectResponse

from backend.console import service, sign_in
from backend.console.assets import PREFIX as STATIC_PREFIX
from backend.console.filters import is_canonical, parse_filters
from backend.console.first_alert import first_alert
from backend.console.route import SIGN_IN, PageRoute
from backend.console.session import read_key
from backend.console.state import Console, console_of
from backend.console.views import Empty
from backend.console.visitor import SignedInDep
from backend.db.base import utc_now
from backend.db.session import SnapshotDep
from backend.settings import PREFIX, Settings

pages = APIRouter(route_class=PageRoute, include_in_schema=False)
off = APIRouter(include_in_schema=False)


def install(app: FastAPI, settings: Settings) -> None:
    """Add the console; without a session key, only a page that says so."""
    if settings.session_key_file is None:
        app.include_router(off)
        return
    key = read_key(settings.session_key_file)
    app.state.console = Console.create(key, local=settings.environment == "local")
    app.include_router(pages)
    app.include_router(sign_in.router)


@pages.get("/")
async def show_now(request: Request, signed_in: SignedInDep, session: SnapshotDep) -> Response:
    filters = parse_filters(request.query_params)
    if not filters.draft and not is_canonical(request.query_params):
        return RedirectResponse(filters.href(), status_code=HTTPStatus.SEE_OTHER)
    now = utc_now()
    page = await service.now_page(session, filters, now)
    console = console_of(request)
    return console.pages.render(
        request,
        "now.html",
        visitor=signed_in.visitor,
        status=HTTPStatus.UNPROCESSABLE_ENTITY if filters.draft else HTTPStatus.OK,
        page=page,
        first_alert=first_alert(request, now, local=console.local)
        if page.empty is Empty.NEVER
        else None,
    )


@pages.get("/alerts/{integration}/{fingerprint:path}")
async def show_alert(
    request: Request,
    signed_in: SignedInDep,
    session: SnapshotDep,
    integration: str,
    fingerprint: str,
) -> Response:
    page = await service.alert_page(session, integration, fingerprint, utc_now())
    return console_of(request).pages.render(
        request, "alert.html", visitor=signed_in.visitor, page=page
    )


@pages.get(STATIC_PREFIX + "/{digest}/{name}")
async def serve_static(request: Request, digest: str, name: str) -> Response:
    return console_of(request).assets.respond(request, digest, name)


@off.get("/")
@off.get(SIGN_IN)
async def say_off() -> Response:
    return PlainTextResponse(
        "The console is disabled, because it has no key to sign sessions.\n"
        f"Set {PREFIX}SESSION_KEY_FILE to a file with at least 32 random bytes, then restart.\n",
        status_code=HTTPStatus.SERVICE_UNAVAILABLE,
    )
