"""Rendering: the Jinja environment, and the frame around every page's content."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from backend.console import display
from backend.console.assets import Assets
from backend.console.session import get_cookie

TEMPLATES = Path(__file__).parent / "templates"
THEMES = ("light", "dark")
THEME_COOKIE = "console-theme"


@dataclass(frozen=True, slots=True)
class Visitor:
    """The visitor of a page."""

    name: str
    scopes: Sequence[str]
    expires_at: datetime
    form_token: str


@dataclass(frozen=True, slots=True)
class Frame:
    theme: str | None
    visitor: Visitor | None
    here: str
    """Path and query of this page, for forms that return to it."""


def theme_of(request: Request) -> str | None:
    theme = get_cookie(request, THEME_COOKIE)
    return theme if theme in THEMES else None


def address_of(request: Request) -> str:
    """Return path and query of the request in the form of one of our own addresses."""
    query = urlencode(request.query_params.multi_items())
    path = quote(request.scope["path"])
    return f"{path}?{query}" if query else path


class Pages:
    def __init__(self, assets: Assets) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.globals.update(
            asset=assets.url, age=display.age, span=display.span, moment=display.moment
        )
        self._environment.filters.update(
            visible=display.visible,
            shorten=display.shorten,
            count=display.count,
            clock=display.clock,
            full_time=display.full_time,
            machine_time=display.machine_time,
        )

    def render(
        self,
        request: Request,
        template: str,
        *,
        visitor: Visitor | None,
        status: HTTPStatus = HTTPStatus.OK,
        **context: object,
    ) -> HTMLResponse:
        frame = Frame(theme=theme_of(request), visitor=visitor, here=address_of(request))
        html = self._environment.get_template(template).render(frame=frame, **context)
        return HTMLResponse(html, status_code=status)
