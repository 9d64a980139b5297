"""Errors as data: each has a status and a stable code, and is sent as problem+json (RFC 9457).

Domain packages raise subclasses of AppError; nothing else decides what an error looks like.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match
from starlette.types import Scope

from backend.sentences import sentence
from backend.telemetry import tracing

PROBLEM_JSON = "application/problem+json"
# Enough to correct a request. It bounds the answer to a hostile body.
MAX_REPORTED_FIELDS = 20


class FieldProblem(BaseModel):
    """An error in one part of the request. It never repeats the value."""

    loc: list[str | int] = Field(examples=[["body", "slug"]])
    code: str = Field(examples=["string_too_long"])
    detail: str = Field(examples=["It must have at most 63 characters."])


class Problem(BaseModel):
    """The body of every error (RFC 9457), with a `code` that clients may rely on."""

    type: str = "about:blank"
    title: str = Field(examples=["Unprocessable Entity"])
    status: int = Field(examples=[422])
    code: str = Field(examples=["invalid_request"])
    detail: str = Field(examples=["The request is not valid."])
    errors: list[FieldProblem] | None = None
    trace_id: str | None = Field(
        None,
        description="Finds the request in the logs and, after a 5xx, its trace; if tracing is on.",
        examples=["0af7651916cd43dd8448eb211c80319c"],
    )


class AppError(Exception):
    """An error that a client may see. Subclasses set status and code; `detail` may be replaced."""

    status: HTTPStatus = HTTPStatus.INTERNAL_SERVER_ERROR
    code: str = "internal_error"
    detail: str = "The server failed; the error has been logged."
    headers: Mapping[str, str] = {}

    def __init__(self, detail: str | None = None) -> None:
        if detail is not None:
            self.detail = detail
        super().__init__(self.detail)


class Unauthorized(AppError):
    status = HTTPStatus.UNAUTHORIZED
    code = "unauthorized"
    detail = "Send a valid token: Authorization: Bearer <token>, or Basic with it as the password."
    headers: Mapping[str, str] = {"WWW-Authenticate": "Bearer"}


class Forbidden(AppError):
    status = HTTPStatus.FORBIDDEN
    code = "forbidden"
    detail = "This token does not have the scope that the operation needs."


class NotFound(AppError):
    status = HTTPStatus.NOT_FOUND
    code = "not_found"
    detail = "Nothing exists at this address."


class MethodNotAllowed(AppError):
    status = HTTPStatus.METHOD_NOT_ALLOWED
    code = "method_not_allowed"
    detail = "This address does not support the method: the header Allow lists those it supports."


class BodyTooLarge(AppError):
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    code = "body_too_large"
    detail = "The body is larger than this operation accepts."


class UnsupportedEncoding(AppError):
    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    code = "unsupported_encoding"
    detail = "Send the body as it is, or compressed with gzip, deflate or zstd."
    headers: Mapping[str, str] = {"Accept-Encoding": "gzip, deflate, zstd"}


class HeadTooLarge(AppError):
    status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
    code = "headers_too_large"
    detail = "The request's line and headers have more than 64 KiB, or more than 200 headers."


class InvalidHttp(AppError):
    status = HTTPStatus.BAD_REQUEST
    code = "invalid_http"
    detail = "The request is not valid HTTP."


class InvalidRequest(AppError):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "invalid_request"
    detail = "The request is not valid."


class Unavailable(AppError):
    """A temporary error: the client should send the same request again."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "unavailable"
    detail = "The service is temporarily unavailable: send the same request again."
    headers: Mapping[str, str] = {"Retry-After": "5"}


class DatabaseUnavailable(Unavailable):
    code = "database_unavailable"
    detail = "The database is temporarily unavailable: send the same request again."


def problem_responses(*errors: type[AppError]) -> dict[int | str, dict[str, Any]]:
    """Describe errors for FastAPI's `responses=`: an entry for each status, with all its codes.

    A route's entry replaces the router's for the same status, so it names the router's codes too.
    """
    described: dict[int | str, dict[str, Any]] = {}
    for error in errors:
        media = {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}}
        entry = described.setdefault(
            int(error.status),
            {"description": error.status.phrase, "content": {PROBLEM_JSON: media}},
        )
        examples = entry["content"][PROBLEM_JSON]["examples"]
        examples[error.code] = {"value": _body(error(), ())}
    return described


def problem_response(error: AppError, errors: Sequence[FieldProblem] = ()) -> Response:
    return Response(
        problem_body(error, errors),
        status_code=int(error.status),
        headers=dict(error.headers),
        media_type=PROBLEM_JSON,
    )


def problem_body(error: AppError, errors: Sequence[FieldProblem] = ()) -> bytes:
    return orjson.dumps(_body(error, errors))


def _body(error: AppError, errors: Sequence[FieldProblem]) -> dict[str, Any]:
    problem = Problem(
        title=error.status.phrase,
        status=error.status,
        code=error.code,
        detail=error.detail,
        errors=list(errors) or None,
        trace_id=tracing.trace_id(),
    )
    return problem.model_dump(exclude_none=True)


def install(app: FastAPI, routes: Sequence[BaseRoute]) -> None:
    """Answer errors of the application and of its framework as problem+json.

    The routes say which methods a path has, because the framework names only those of one route.
    """

    async def framework_error(request: Request, error: HTTPException) -> Response:
        problem = _framework_problem(error)
        if problem.status is HTTPStatus.METHOD_NOT_ALLOWED:
            problem.headers = {"Allow": ", ".join(_methods(routes, request.scope))}
        return problem_response(problem)

    app.exception_handler(AppError)(_app_error)
    app.exception_handler(RequestValidationError)(_validation_error)
    app.exception_handler(HTTPException)(framework_error)


async def _app_error(_request: Request, error: AppError) -> Response:
    return problem_response(error)


async def _validation_error(_request: Request, error: RequestValidationError) -> Response:
    fields = [
        FieldProblem(loc=list(field["loc"]), code=field["type"], detail=sentence(field))
        for field in error.errors()[:MAX_REPORTED_FIELDS]
    ]
    return problem_response(InvalidRequest(), fields)


def _framework_problem(error: HTTPException) -> AppError:
    """Translate the errors of Starlette and FastAPI: 404, 405, 413, an undecodable body."""
    status = HTTPStatus(error.status_code)
    if status is HTTPStatus.BAD_REQUEST:
        return InvalidRequest("The body does not match its Content-Type or Content-Encoding.")
    for known in (NotFound, BodyTooLarge, MethodNotAllowed):
        if known.status is status:
            return known()
    problem = AppError(error.detail)
    problem.status = status
    problem.code = status.name.lower()
    problem.headers = error.headers or {}
    return problem


def _methods(routes: Sequence[BaseRoute], scope: Scope) -> list[str]:
    """Return the methods of every route that has this path."""
    here = (route for route in routes if route.matches(scope)[0] is not Match.NONE)
    return sorted({method for route in here for method in getattr(route, "methods", None) or ()})
