"""What can go wrong with integrations."""

from http import HTTPStatus

from backend.errors import AppError, NotFound


class IntegrationNotFound(NotFound):
    code = "integration_not_found"
    detail = "There is no integration with this slug."


class IntegrationExists(AppError):
    status = HTTPStatus.CONFLICT
    code = "integration_exists"
    detail = "There is an integration with this slug already; slugs are never used again."


class IntegrationRevoked(AppError):
    status = HTTPStatus.CONFLICT
    code = "integration_revoked"
    detail = "This integration has been revoked; create a new one."
