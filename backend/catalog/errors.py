"""What can go wrong with services of the catalog."""

from http import HTTPStatus

from backend.errors import AppError, NotFound


class ServiceNotFound(NotFound):
    code = "service_not_found"
    detail = "The catalog has no service with this slug."


class ServiceExists(AppError):
    status = HTTPStatus.CONFLICT
    code = "service_exists"
    detail = "The catalog has a service with this slug already; replace it with PUT."


class ServiceChanged(AppError):
    status = HTTPStatus.PRECONDITION_FAILED
    code = "service_changed"
    detail = "The service is not at the version that If-Match names: read it again."
