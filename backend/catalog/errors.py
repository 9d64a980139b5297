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


class CatalogFull(AppError):
    status = HTTPStatus.CONFLICT
    code = "catalog_full"
    detail = "The catalog has as many services as Prometheus can be told of: delete one first."


class ServiceChanged(AppError):
    status = HTTPStatus.PRECONDITION_FAILED
    code = "service_changed"
    detail = "The service is not at the version that If-Match names: read it again."
