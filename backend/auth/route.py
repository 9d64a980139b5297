"""The route class of every API router whose operations take a JSON body."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from backend.auth.dependencies import RequireScope


class TokenFirstRoute(APIRoute):
    """Checks the token before FastAPI reads the body, which is not FastAPI's own order."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        needed = requirements(self.dependant)

        async def handle_if_allowed(request: Request) -> Response:
            for requirement in needed:
                await requirement(request)
            return await handle(request)

        return handle_if_allowed


def requirements(dependant: Dependant) -> list[RequireScope]:
    """Return an operation's requirement of a token, from anywhere in its dependencies."""
    found = [dependant.call] if isinstance(dependant.call, RequireScope) else []
    for dependency in dependant.dependencies:
        found += requirements(dependency)
    return found
