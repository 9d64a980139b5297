"""Answers an address of the API with a slash at its end as the one without it."""

from starlette.types import ASGIApp, Receive, Scope, Send

_API = "/api/"


class TrailingSlashMiddleware:
    """Removes the slash before anything else looks at the path.

    A redirect would cost a second request, and senders of webhooks do not follow one. A fingerprint
    that ends with a slash has it escaped.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(_API):
            raw = scope.get("raw_path") or scope["path"].encode()
            if raw.endswith(b"/"):
                # In place: what is around reads there which route was taken.
                scope["path"], scope["raw_path"] = scope["path"][:-1], raw[:-1]
        await self.app(scope, receive, send)
