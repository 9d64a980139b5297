"""Traces every request but the probes, as a new trace or as part of the caller's."""

from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.http.middleware import PROBES
from backend.telemetry import tracing
from backend.telemetry.metrics import METHODS, route_template
from backend.telemetry.tracing import Traces

# Limits text that a client chooses.
MAX_PATH_CHARACTERS = 500


class TraceMiddleware:
    """The outermost middleware, so that metrics and logs of a request belong to its trace."""

    def __init__(self, app: ASGIApp, *, traces: Traces) -> None:
        self.app = app
        self.traces = traces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in PROBES:
            await self.app(scope, receive, send)
            return
        status = 0

        async def send_and_note(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        trail = self.traces.begin(Headers(scope=scope).get("traceparent"))
        try:
            with tracing.leaving(trail):
                await self.app(scope, receive, send_and_note)
        finally:
            # Without a status the client has disconnected, perhaps because it waited too long.
            failed = not status or status >= HTTPStatus.INTERNAL_SERVER_ERROR
            if trail.is_kept(failed=failed):
                self.traces.export(trail, *_described(scope, status, failed=failed), failed=failed)


def _described(scope: Scope, status: int, *, failed: bool) -> tuple[str, dict[str, str | int]]:
    """Return the span's name and attributes, named as OpenTelemetry names them."""
    method = scope["method"] if scope["method"] in METHODS else "_OTHER"
    route = route_template(scope)
    attributes: dict[str, str | int] = {
        "http.request.method": method,
        "http.route": route,
        "url.scheme": scope["scheme"],
        "url.path": scope["path"][:MAX_PATH_CHARACTERS],
    }
    if status:
        attributes["http.response.status_code"] = status
    if failed:
        attributes["error.type"] = str(status or "client_disconnected")
    return f"{method} {route}", attributes
