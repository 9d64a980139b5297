"""Separates errors of the database from errors of the request.

Alertmanager repeats a delivery after a 5xx and drops it after a 4xx. So an outage must never look
like the client's fault, and a value that cannot be stored must never look like an outage.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
import structlog
from prometheus_client import Counter
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from backend.errors import AppError, DatabaseUnavailable, InvalidRequest

log = structlog.get_logger()


ERRORS = Counter(
    "backend_database_errors_total",
    "Failed database operations by kind: no connection, none free in the pool, a temporary error,"
    " or a value that cannot be stored.",
    ["kind"],
)
for _kind in ("connect", "pool", "passing", "value"):
    ERRORS.labels(_kind)  # a series that begins at 1 has no increase


class ConnectFailed(Exception):
    """The connection failed: refused, timed out, or not authorized."""


# SQLSTATE classes and codes of temporary errors: the same request succeeds later.
_TEMPORARY_CLASSES = ("08", "53", "57", "58")  # connection, resources, operator, system
_TEMPORARY_CODES = frozenset(
    {
        "25006",  # read-only: a failover has made this server a standby
        "25P03",  # idle in transaction for too long
        "28000",  # not authorized: the role or its rules are being changed
        "28P01",  # wrong password: a rotation is under way
        "3D000",  # no such database: it is being restored
        "40001",  # serialization failure
        "40P01",  # deadlock
        "55P03",  # lock not available in time
    }
)
_DATA_CLASS = "22"
# The driver raises these when the connection is broken, not the statement.
DRIVER_ERRORS = (asyncpg.InterfaceError, asyncpg.InternalClientError, TimeoutError)
_ERRORS = (ConnectFailed, PoolTimeout, DBAPIError, asyncpg.PostgresError, *DRIVER_ERRORS)


class UnstorableValue(InvalidRequest):
    code = "unstorable_value"
    detail = "The request holds a value that cannot be stored, such as a NUL character."


@contextmanager
def database_errors() -> Iterator[None]:
    """Turn errors of the database or its driver into answers for the client.

    An error of our own (wrong SQL, a broken constraint) passes unchanged.
    """
    try:
        yield
    except _ERRORS as error:
        answer = classify(error)
        if answer is None:
            raise
        # The message of an unstorable value quotes the value.
        message = None if isinstance(answer, UnstorableValue) else str(error)
        ERRORS.labels(_kind_of(error, answer)).inc()
        log.warning("database_trouble", code=answer.code, type=_name(error), message=message)
        raise answer from error


def classify(error: BaseException) -> AppError | None:
    """Return the answer for the client, or None for an error of our own."""
    if isinstance(error, (ConnectFailed, PoolTimeout, TimeoutError)):
        return DatabaseUnavailable()
    if isinstance(error, DBAPIError):
        if error.connection_invalidated:
            return DatabaseUnavailable()
        # SQLAlchemy's error wraps its adapter's error, which wraps the driver's.
        cause = error.orig and error.orig.__cause__
        return None if cause is None else _classify_driver(cause)
    return _classify_driver(error)


def _classify_driver(error: BaseException) -> AppError | None:
    if isinstance(error, asyncpg.DataError) or _sqlstate(error).startswith(_DATA_CLASS):
        return UnstorableValue()
    if _sqlstate(error) in _TEMPORARY_CODES or _sqlstate(error).startswith(_TEMPORARY_CLASSES):
        return DatabaseUnavailable()
    return DatabaseUnavailable() if isinstance(error, DRIVER_ERRORS) else None


def _kind_of(error: BaseException, answer: AppError) -> str:
    if isinstance(error, ConnectFailed):
        return "connect"
    if isinstance(error, PoolTimeout):
        return "pool"
    return "value" if isinstance(answer, UnstorableValue) else "passing"


def _name(error: BaseException) -> str:
    cause = error.orig.__cause__ if isinstance(error, DBAPIError) and error.orig else error
    return type(cause or error).__name__


def _sqlstate(error: BaseException) -> str:
    return getattr(error, "sqlstate", None) or ""
