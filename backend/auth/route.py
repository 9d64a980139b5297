"""The route class of the API: what it checks before FastAPI reads a request."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from backend.auth.dependencies import RequireScope
from backend.errors import InvalidRequest


class TokenFirstRoute(APIRoute):
    """Checks the token before FastAPI reads the body, which is not FastAPI's own order.

    Then it refuses query parameters that the operation does not know: a filter with a mistake in
    its name would return everything.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        needed = requirements(self.dependant)
        known = query_parameters(self.dependant)

        async def handle_if_allowed(request: Request) -> Response:
            for requirement in needed:
                await requirement(request)
            if unknown := request.query_params.keys() - known:
                raise InvalidRequest(_unknown(min(unknown), known))
            return await handle(request)

        return handle_if_allowed


def query_parameters(dependant: Dependant) -> frozenset[str]:
    """Return the names of an operation's query parameters, from anywhere in its dependencies."""
    own = {parameter.alias for parameter in dependant.query_params}
    return frozenset(own.union(*map(query_parameters, dependant.dependencies)))


def _unknown(name: str, known: frozenset[str]) -> str:
    use = f"use {', '.join(sorted(known))}" if known else "it takes none"
    return f"This operation has no query parameter {name[:60]!r}: {use}."


def requirements(dependant: Dependant) -> list[RequireScope]:
    """Return an operation's requirement of a token, from anywhere in its dependencies."""
    found = [dependant.call] if isinstance(dependant.call, RequireScope) else []
    for dependency in dependant.dependencies:
        found += requirements(dependency)
    return found
