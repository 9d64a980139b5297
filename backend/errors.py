"""Errors as data: each has an HTTP status and a stable code; all leave as problem+json (RFC 9457).

Domain packages raise subclasses of AppError; nothing else decides what an error looks like.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, ClassVar

import orjson
from asyncpg import InterfaceError, PostgresError
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException

PROBLEM_JSON = "application/problem+json"
# Enough to correct a request by; a hostile body must not be able to ask for a large answer.
MAX_REPORTED_FIELDS = 20


class FieldProblem(BaseModel):
    loc: list[str | int] = Field(examples=[["body", "slug"]])
    code: str = Field(examples=["string_pattern_mismatch"])
    detail: str = Field(examples=["String should match pattern '^[a-z0-9-]+$'"])


class Problem(BaseModel):
    """The body of every error (RFC 9457), with a `code` that clients may rely on."""

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: str
    errors: list[FieldProblem] | None = None


class AppError(Exception):
    status: ClassVar[HTTPStatus] = HTTPStatus.INTERNAL_SERVER_ERROR
    code: ClassVar[str] = "internal_error"
    detail: str = "Something went wrong on our side; it has been logged."
    headers: Mapping[str, str] = {}

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail or self.detail)
        if detail is not None:
            self.detail = detail


class Unauthorized(AppError):
    status = HTTPStatus.UNAUTHORIZED
    code = "unauthorized"
    detail = "Send a valid token: Authorization: Bearer <token>."
    headers: Mapping[str, str] = {"WWW-Authenticate": "Bearer"}


class Forbidden(AppError):
    status = HTTPStatus.FORBIDDEN
    code = "forbidden"
    detail = "This token does not have the scope that the operation needs."


class NotFound(AppError):
    status = HTTPStatus.NOT_FOUND
    code = "not_found"
    detail = "There is nothing at this address."


class InvalidRequest(AppError):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "invalid_request"
    detail = "The request is not valid."


class BodyTooLarge(AppError):
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    code = "body_too_large"
    detail = "The body is larger than this operation accepts."


class DatabaseUnavailable(AppError):
    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "database_unavailable"
    detail = "The database cannot be reached at the moment; send the same request again."
    headers: Mapping[str, str] = {"Retry-After": "5"}


def problem_responses(*errors: type[AppError]) -> dict[int | str, dict[str, Any]]:
    """Describe errors for FastAPI's `responses=`, one entry for each status with all its codes."""
    described: dict[int | str, dict[str, Any]] = {}
    for error in errors:
        entry = described.setdefault(
            int(error.status),
            {
                "model": Problem,
                "description": error.status.phrase,
                "content": {PROBLEM_JSON: {"examples": {}}},
            },
        )
        entry["content"][PROBLEM_JSON]["examples"][error.code] = {"value": _body(error())}
    return described


def _body(error: AppError, errors: Sequence[FieldProblem] | None = None) -> dict[str, Any]:
    return Problem(
        title=error.status.phrase,
        status=error.status,
        code=error.code,
        detail=error.detail,
        errors=list(errors) if errors else None,
    ).model_dump(exclude_none=True)


def problem_response(error: AppError, errors: Sequence[FieldProblem] | None = None) -> Response:
    return Response(
        orjson.dumps(_body(error, errors)),
        status_code=error.status,
        headers=dict(error.headers),
        media_type=PROBLEM_JSON,
    )


def install(app: FastAPI) -> None:
    """Make every error of the application leave as problem+json."""
    app.exception_handler(AppError)(_app_error)
    app.exception_handler(RequestValidationError)(_invalid_request)
    app.exception_handler(HTTPException)(_http_exception)
    for trouble in (DBAPIError, PoolTimeoutError, PostgresError, InterfaceError, OSError):
        app.exception_handler(trouble)(_database_trouble)


async def _app_error(_request: Request, error: AppError) -> Response:
    return problem_response(error)


async def _invalid_request(_request: Request, error: RequestValidationError) -> Response:
    fields = [
        FieldProblem(loc=list(field["loc"]), code=field["type"], detail=field["msg"])
        for field in error.errors()[:MAX_REPORTED_FIELDS]
    ]
    return problem_response(InvalidRequest(), fields)


async def _http_exception(_request: Request, error: HTTPException) -> Response:
    known = {type_.status: type_ for type_ in (NotFound, BodyTooLarge)}
    status = HTTPStatus(error.status_code)
    if status in known:
        return problem_response(known[status]())
    return problem_response(_from_framework(status, error))


def _from_framework(status: HTTPStatus, error: HTTPException) -> AppError:
    problem = AppError(error.detail)
    problem.status = status  # type: ignore[misc]  # an error of the framework has no class of ours
    problem.code = status.name.lower()  # type: ignore[misc]  # as above
    problem.headers = dict(error.headers or {})
    return problem


async def _database_trouble(_request: Request, _error: Exception) -> Response:
    return problem_response(DatabaseUnavailable())
