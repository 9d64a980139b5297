"""Accepts forms only from our own pages: checks the origin and the visitor's form token."""

import secrets
from hashlib import sha256
from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit

from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.responses import Response

from backend.console.session import LIFETIME, Session, get_cookie, set_cookie
from backend.errors import AppError, Forbidden, InvalidRequest

FORM_FIELD = "form_token"
_MAX_FIELDS = 20
_ANONYMOUS = "console-form"
_FORM_TYPE = "application/x-www-form-urlencoded"


class ForeignForm(Forbidden):
    code = "foreign_form"
    detail = "This form does not come from a page of this console."


class ExpiredForm(Forbidden):
    code = "expired_form"
    detail = "This form has expired or was opened before you signed in: reload the page."


class NotAForm(AppError):
    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    code = "not_a_form"
    detail = f"Send a form as {_FORM_TYPE}."


class FormTokens:
    """Issues and checks form tokens. A token is bound to a session, or to an anonymous browser."""

    def __init__(self, key: bytes) -> None:
        self._serializer = URLSafeTimedSerializer(
            key, salt="console-form", signer_kwargs={"digest_method": sha256}
        )

    def for_session(self, session: Session) -> str:
        return str(self._serializer.dumps(["session", session.nonce]))

    def for_anonymous(self, nonce: str) -> str:
        return str(self._serializer.dumps(["anonymous", nonce]))

    def check_session(self, form: dict[str, str], session: Session) -> None:
        self._check(form, ["session", session.nonce])

    def check_anonymous(self, form: dict[str, str], request: Request) -> None:
        self._check(form, ["anonymous", get_cookie(request, _ANONYMOUS)])

    def _check(self, form: dict[str, str], expected: list[str | None]) -> None:
        try:
            bound_to = self._serializer.loads(
                form.get(FORM_FIELD, ""), max_age=int(LIFETIME.total_seconds())
            )
        except BadData as error:
            raise ExpiredForm from error
        if bound_to != expected:
            raise ExpiredForm


def anonymous_nonce(request: Request) -> str:
    """Return the anonymous browser's id for its forms, a new one if it has none."""
    return get_cookie(request, _ANONYMOUS) or secrets.token_urlsafe(16)


def remember_nonce(request: Request, response: Response, nonce: str) -> None:
    set_cookie(request, response, _ANONYMOUS, nonce, max_age=LIFETIME)


async def read_form(request: Request) -> dict[str, str]:
    """Read a form of one of our own pages; the last of repeated fields counts."""
    require_own_origin(request)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM_TYPE:
        raise NotAForm
    # The middleware limits its size: 64 KiB for everything but the intake.
    body = await request.body()
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MAX_FIELDS))
    except ValueError as error:
        raise InvalidRequest("The form is not valid.") from error


def require_own_origin(request: Request) -> None:
    """Raise ForeignForm if the browser reports that another site sent this.

    Only hosts are compared: behind a proxy that nobody told us to trust, the scheme is not known.
    A client that sends neither header is no current browser; the form token is what stops it.
    """
    origin = request.headers.get("origin")
    if origin is not None:
        if urlsplit(origin).netloc != request.headers.get("host"):
            raise ForeignForm
    elif request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise ForeignForm
