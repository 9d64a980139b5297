"""Signing in and out, and the choice of colours. Every form must come from our own pages."""

from datetime import timedelta
from http import HTTPStatus
from urllib.parse import urlsplit

import structlog
from fastapi import APIRouter, Request, Response
from prometheus_client import Counter
from starlette.responses import RedirectResponse

from backend.auth.dependencies import authenticate
from backend.auth.principal import Principal, Scope
from backend.console.forms import ExpiredForm, anonymous_nonce, read_form, remember_nonce
from backend.console.pages import THEME_COOKIE, THEMES
from backend.console.route import SIGN_IN, PageRoute
from backend.console.session import set_cookie
from backend.console.state import console_of
from backend.console.visitor import SignedInDep
from backend.errors import Unauthorized

router = APIRouter(route_class=PageRoute, include_in_schema=False)

log = structlog.stdlib.get_logger(__name__)

SIGN_INS = Counter("backend_console_sign_ins_total", "Attempts to sign in.", ["outcome"])

MAX_TOKEN_CHARACTERS = 512
MAX_NEXT_CHARACTERS = 2048
THEME_LIFETIME = timedelta(days=365)

NO_TOKEN = "Paste a token."  # noqa: S105  # a message
UNKNOWN_TOKEN = "This token is unknown or revoked."  # noqa: S105  # a message
NO_READER = "This token is valid but lacks the scope “read”, which the console needs."


@router.get(SIGN_IN)
async def show_sign_in(request: Request) -> Response:
    return _sign_in_page(request, next_=own_path(request.query_params.get("next")))


@router.post(SIGN_IN)
async def sign_in(request: Request) -> Response:
    console = console_of(request)
    form = await read_form(request)
    next_ = own_path(form.get("next"))
    try:
        console.form_tokens.check_anonymous(form, request)
    except ExpiredForm:
        return _refuse(
            request, next_, "expired_form", "This form has expired: paste the token again."
        )
    token = form.get("token", "").strip()
    if not token:
        return _refuse(request, next_, "no_token", NO_TOKEN)
    principal = await _find(request, token)
    if principal is None:
        return _refuse(request, next_, "unknown_token", UNKNOWN_TOKEN)
    if not principal.may(Scope.READ):
        return _refuse(request, next_, "no_reader", NO_READER)
    SIGN_INS.labels("signed_in").inc()
    log.info("console_sign_in", outcome="signed_in", token_id=principal.token_id)
    response = RedirectResponse(next_, status_code=HTTPStatus.SEE_OTHER)
    console.sessions.start(request, response, token_id=principal.token_id)
    return response


async def _find(request: Request, token: str) -> Principal | None:
    """Look a token up. All failures look the same, and cost one hash and one index search."""
    if len(token) > MAX_TOKEN_CHARACTERS:
        return None
    try:
        return await authenticate(request, token)
    except Unauthorized:
        return None


def _refuse(request: Request, next_: str, outcome: str, problem: str) -> Response:
    SIGN_INS.labels(outcome).inc()
    log.info("console_sign_in", outcome=outcome)
    return _sign_in_page(request, next_=next_, problem=problem, status=HTTPStatus.FORBIDDEN)


def _sign_in_page(
    request: Request,
    *,
    next_: str,
    problem: str | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> Response:
    console = console_of(request)
    nonce = anonymous_nonce(request)
    page = console.pages.render(
        request,
        "sign_in.html",
        visitor=None,
        status=status,
        form_token=console.form_tokens.for_anonymous(nonce),
        next=next_,
        problem=problem,
        local=console.local,
    )
    remember_nonce(request, page, nonce)
    return page


@router.post("/sign-out")
async def sign_out(request: Request, signed_in: SignedInDep) -> Response:
    console = console_of(request)
    console.form_tokens.check_session(await read_form(request), signed_in.session)
    response = RedirectResponse(SIGN_IN, status_code=HTTPStatus.SEE_OTHER)
    console.sessions.end(request, response)
    return response


@router.post("/theme")
async def choose_theme(request: Request, signed_in: SignedInDep) -> Response:
    """Store the colours for this browser; without a choice, the system's preference applies."""
    form = await read_form(request)
    console_of(request).form_tokens.check_session(form, signed_in.session)
    theme = form.get("theme", "")
    response = RedirectResponse(own_path(form.get("next")), status_code=HTTPStatus.SEE_OTHER)
    lifetime = THEME_LIFETIME if theme in THEMES else timedelta(0)
    set_cookie(request, response, THEME_COOKIE, theme if theme in THEMES else "", max_age=lifetime)
    return response


def own_path(target: str | None) -> str:
    """Return the path to go to next if it is one of ours, else the first page.

    Browsers read backslashes as slashes and drop control characters, so neither may occur.
    """
    if target is None or len(target) > MAX_NEXT_CHARACTERS or not target.isascii():
        return "/"
    if not target.startswith("/") or target.startswith("//") or "\\" in target:
        return "/"
    if not target.isprintable() or " " in target:
        return "/"
    parts = urlsplit(target)
    return "/" if parts.scheme or parts.netloc else target
