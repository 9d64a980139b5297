"""Errors of integrations."""

from http import HTTPStatus

from backend.errors import AppError, NotFound


class IntegrationNotFound(NotFound):
    code = "integration_not_found"
    detail = "No integration has this slug."


class IntegrationExists(AppError):
    status = HTTPStatus.CONFLICT
    code = "integration_exists"
    detail = "An integration with this slug already exists; slugs are never reused."


class IntegrationRevoked(AppError):
    status = HTTPStatus.CONFLICT
    code = "integration_revoked"
    detail = "This integration is revoked: create a new one."
