"""The route class of all pages: turns errors into pages, redirects to sign in, adds headers."""

from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.responses import RedirectResponse

from backend.console.headers import protect
from backend.console.pages import address_of
from backend.console.state import console_of
from backend.console.visitor import SignInNeeded
from backend.db.errors import database_errors
from backend.errors import AppError, InvalidRequest

SIGN_IN = "/sign-in"
_TITLES = {
    HTTPStatus.FORBIDDEN: "Not allowed",
    HTTPStatus.NOT_FOUND: "Not found",
    HTTPStatus.SERVICE_UNAVAILABLE: "The database is unavailable",
}


class PageRoute(APIRoute):
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_page(request: Request) -> Response:
            try:
                # Translated here, because behind this route the sessions' own translation becomes
                # JSON.
                with database_errors():
                    response = await handle(request)
            except SignInNeeded:
                response = sign_in_first(request)
            except AppError as error:
                response = problem_page(request, error)
            except RequestValidationError:
                response = problem_page(request, InvalidRequest())
            protect(response)
            return response

        return handle_page


def sign_in_first(request: Request) -> Response:
    """Redirect the browser to sign in, and then back to its page."""
    target = address_of(request) if request.method == "GET" else "/"
    query = "" if target == "/" else "?" + urlencode({"next": target})
    return RedirectResponse(SIGN_IN + query, status_code=HTTPStatus.SEE_OTHER)


def problem_page(request: Request, error: AppError) -> Response:
    response = console_of(request).pages.render(
        request,
        "problem.html",
        visitor=None,
        status=error.status,
        title=_TITLES.get(error.status, "The request failed"),
        detail=error.detail,
        retry=error.status == HTTPStatus.SERVICE_UNAVAILABLE,
    )
    response.headers.update(error.headers)
    return response
