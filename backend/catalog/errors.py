"""Errors of the catalog's services."""

from http import HTTPStatus

from backend.errors import AppError, NotFound


class ServiceNotFound(NotFound):
    code = "service_not_found"
    detail = "The catalog has no service with this slug."


class ServiceExists(AppError):
    status = HTTPStatus.CONFLICT
    code = "service_exists"
    detail = "The catalog already has a service with this slug: replace it with PUT."


class CatalogFull(AppError):
    status = HTTPStatus.CONFLICT
    code = "catalog_full"
    detail = "The catalog is full: delete a service first."


class ServiceChanged(AppError):
    status = HTTPStatus.PRECONDITION_FAILED
    code = "service_changed"
    detail = "The service has changed since the version in If-Match: read it again."
