"""Middleware, pure ASGI only: each BaseHTTPMiddleware costs three times a bare FastAPI request.

Outermost first: SecurityHeaders, RequestContext (id, access log, last resort for errors), Drain,
BodyLimit.
"""

import asyncio
import re
import secrets
from collections.abc import Mapping
from http import HTTPStatus
from time import perf_counter

import structlog
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.errors import AppError, BodyTooLarge, problem_response
from backend.http.lifecycle import Draining
from backend.telemetry import logs, tracing
from backend.telemetry.metrics import route_template

log = structlog.get_logger()

# The ids that a client may choose; others could forge or flood log lines.
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
# nginx's status for a client that disconnected before the answer.
CLIENT_CLOSED_REQUEST = 499
PROBES = frozenset({"/health", "/ready", "/metrics"})


class RequestContextMiddleware:
    """Gives each request an id, logs one event for it, and answers 500 to unhandled errors."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _request_id(scope)
        reset = logs.request_id.set(request_id)
        started = perf_counter()
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message.get("headers", ()),
                    (b"x-request-id", request_id.encode()),
                ]
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        except ClientDisconnect:
            status = CLIENT_CLOSED_REQUEST
        except Exception as error:
            log.exception("unhandled_error", route=route_template(scope))
            tracing.unexpected(error)
            if status:  # the answer has begun: only a broken connection tells the client
                raise
            await problem_response(AppError())(scope, receive, send_with_id)
        finally:
            _log_request(scope, status, perf_counter() - started)
            logs.request_id.reset(reset)


def _request_id(scope: Scope) -> str:
    given = Headers(scope=scope).get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


def _log_request(scope: Scope, status: int, seconds: float) -> None:
    if scope["path"] in PROBES and status < HTTPStatus.BAD_REQUEST:
        return
    log.info(
        "http_request",
        method=scope["method"],
        route=route_template(scope),
        status=status,
        duration_ms=round(seconds * 1000, 2),
    )


class SecurityHeadersMiddleware:
    """Adds headers for an API, unless the answer (a page) has its own."""

    _DEFAULTS = (
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
        (b"cache-control", b"no-store"),
        (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    )
    _TLS_DEFAULTS = (*_DEFAULTS, (b"strict-transport-security", b"max-age=31536000"))

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        defaults = self._TLS_DEFAULTS if scope["scheme"] == "https" else self._DEFAULTS

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message.get("headers", [])
                present = {name.lower() for name, _ in headers}
                missing = [header for header in defaults if header[0] not in present]
                message["headers"] = [*headers, *missing]
            await send(message)

        await self.app(scope, receive, send_with_headers)


class DrainMiddleware:
    """Asks clients to send their next request elsewhere while the process is stopping."""

    def __init__(self, app: ASGIApp, draining: Draining) -> None:
        self.app = app
        self.draining = draining

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self.draining.active:
            await self.app(scope, receive, send)
            return
        if scope["path"] not in PROBES:
            self.draining.last_request_at = asyncio.get_running_loop().time()

        async def send_and_close(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
            await send(message)

        await self.app(scope, receive, send_and_close)


# The intake, whose senders repeat only after a 5xx, has a shorter time of its own.
BODY_SECONDS = 35.0
# The key of the declared length of a body that is too large.
TOO_LARGE = "backend.http.too_large"
_DIGITS_OF_A_BIGINT = 19


class _BodyTooSlow(HTTPException):
    """As _BodyTooLarge."""

    def __init__(self) -> None:
        detail = f"The body did not arrive within {BODY_SECONDS:.0f} seconds."
        super().__init__(HTTPStatus.REQUEST_TIMEOUT, detail)


class _BodyTooLarge(HTTPException):
    """Raised out of `receive`; FastAPI lets only its own HTTPException through from there."""

    def __init__(self) -> None:
        super().__init__(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


def _exceeds(declared: str, limit: int) -> bool:
    # The length is compared first: int() refuses to parse very long numbers of a hostile header.
    digits = declared.lstrip("0")
    return digits.isdecimal() and (len(digits) > len(str(limit)) or int(digits) > limit)


def _bounded(declared: str) -> int:
    return min(int(declared.lstrip("0")[:_DIGITS_OF_A_BIGINT]), 2**63 - 1)


class BodyLimitMiddleware:
    """Refuses bodies over the limit: by declared length before a byte is read, else by count.

    A body that does not come to its end is given up.

    `limits` raises or lowers the limit for single paths. Their endpoints want to know who sends too
    much, so they run: with the declared length in the scope (TOO_LARGE), and without a body.
    """

    def __init__(self, app: ASGIApp, *, default: int, limits: Mapping[str, int]) -> None:
        self.app = app
        self.default = default
        self.limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = self.limits.get(scope["path"], self.default)
        declared = Headers(scope=scope).get("content-length")
        received, complete, until = 0, False, 0.0
        if declared is not None and _exceeds(declared, limit):
            if scope["path"] not in self.limits:
                await problem_response(BodyTooLarge())(scope, receive, send)
                return
            scope = {**scope, TOO_LARGE: _bounded(declared)}

        async def receive_counted() -> Message:
            nonlocal received, complete, until
            if TOO_LARGE in scope:
                raise _BodyTooLarge
            # From the first look at the body: a large one may have waited for its turn.
            until = until or asyncio.get_running_loop().time() + BODY_SECONDS
            try:
                async with asyncio.timeout_at(None if complete else until):
                    message = await receive()
            except TimeoutError as error:
                raise _BodyTooSlow from error
            received += len(message.get("body", b""))
            complete = not message.get("more_body", False)
            if received > limit:
                raise _BodyTooLarge
            return message

        await self.app(scope, receive_counted, send)
