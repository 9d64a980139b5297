"""The OpenAPI document: what FastAPI derives, plus the schema that every error shares."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic.json_schema import models_json_schema

from backend.errors import AppError, Problem, problem_responses

DESCRIPTION = """\
The backend of the observability platform: which alerts fire, which integrations deliver them, and
which services exist. Errors are `application/problem+json` with a stable `code`; lists are pages
with an opaque `next_cursor`."""
TAGS = [
    {"name": "integrations", "description": "The sources that deliver alerts, and their tokens."},
    {"name": "alerts", "description": "Deliveries, and the state and history of alerts."},
    {"name": "catalog", "description": "Services, their owners, and where they are scraped."},
    {"name": "health", "description": "Probes."},
]
_REF_TEMPLATE = "#/components/schemas/{model}"


def operation_id(route: APIRoute) -> str:
    """Name an operation after its handler, so that generated clients have readable names."""
    return route.name


def install(app: FastAPI) -> None:
    """Replace the application's document by one that is built once and includes Problem."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _build(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's documented way to do this


def _build(app: FastAPI) -> dict[str, Any]:
    # No operation declares this answer, but it has the form of every other error.
    unexpected = {str(status): answer for status, answer in problem_responses(AppError).items()}
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=DESCRIPTION,
        tags=TAGS,
        routes=app.routes,
    )
    for path in document["paths"].values():
        for operation in path.values():
            operation["responses"] |= unexpected
    _, problems = models_json_schema([(Problem, "serialization")], ref_template=_REF_TEMPLATE)
    document.setdefault("components", {}).setdefault("schemas", {}).update(problems["$defs"])
    return document
