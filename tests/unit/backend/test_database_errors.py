"""Which database errors are answered 503, which 422, and which are our own mistake."""

import asyncpg
import pytest
from prometheus_client import REGISTRY
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from backend.db.errors import ConnectFailed, classify, database_errors
from backend.errors import AppError, DatabaseUnavailable

PASSES = [
    asyncpg.ConnectionDoesNotExistError("gone"),
    asyncpg.ConnectionFailureError("gone"),
    asyncpg.TooManyConnectionsError("full"),
    asyncpg.DiskFullError("full"),
    asyncpg.OutOfMemoryError("full"),
    asyncpg.AdminShutdownError("stopped"),
    asyncpg.CrashShutdownError("crashed"),
    asyncpg.CannotConnectNowError("starting"),
    asyncpg.QueryCanceledError("statement timeout"),
    asyncpg.LockNotAvailableError("lock timeout"),
    asyncpg.DeadlockDetectedError("deadlock"),
    asyncpg.SerializationError("conflict"),
    asyncpg.ReadOnlySQLTransactionError("standby"),
    asyncpg.InvalidPasswordError("rotation"),
    asyncpg.InvalidAuthorizationSpecificationError("rotation"),
    asyncpg.InvalidCatalogNameError("restore"),
    asyncpg.InterfaceError("connection is closed"),
    ConnectFailed("refused"),
    PoolTimeout("no connection in time"),
    TimeoutError(),
]
UNSTORABLE = [
    asyncpg.CharacterNotInRepertoireError("NUL"),
    asyncpg.UntranslatableCharacterError("NUL in jsonb"),
    asyncpg.NumericValueOutOfRangeError("too large"),
    asyncpg.DataError("value out of int64 range"),
]
OURS = [
    asyncpg.UndefinedTableError("no such table"),
    asyncpg.PostgresSyntaxError("SELEC"),
    asyncpg.UniqueViolationError("not caught"),
    asyncpg.InsufficientPrivilegeError("no grant"),
    ValueError("nothing of a database"),
]


def name(error: Exception) -> str:
    return f"{type(error).__module__.partition('.')[0]}.{type(error).__name__}"


def raised(error: Exception, *, wrapped: bool) -> Exception:
    """Return a driver's error, wrapped if wanted as SQLAlchemy's asyncpg adapter does it."""
    if not wrapped or not isinstance(error, (asyncpg.PostgresError, asyncpg.InterfaceError)):
        return error
    adapted = Exception(str(error))
    adapted.__cause__ = error
    return DBAPIError("SELECT 1", {}, adapted)


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("error", PASSES, ids=name)
def test_what_passes_is_to_be_sent_again(error: Exception, wrapped: bool) -> None:
    assert isinstance(classify(raised(error, wrapped=wrapped)), DatabaseUnavailable)


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("error", UNSTORABLE, ids=name)
def test_a_value_that_cannot_be_stored_is_the_clients(error: Exception, wrapped: bool) -> None:
    answer = classify(raised(error, wrapped=wrapped))

    assert answer is not None
    assert (answer.status, answer.code) == (422, "unstorable_value")


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("error", OURS, ids=name)
def test_our_own_mistakes_are_not_blamed_on_the_database(error: Exception, wrapped: bool) -> None:
    assert classify(raised(error, wrapped=wrapped)) is None


def test_a_connection_that_sqlalchemy_found_dead_passes() -> None:
    error = DBAPIError("SELECT 1", {}, Exception("?"), connection_invalidated=True)

    assert isinstance(classify(error), DatabaseUnavailable)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ConnectFailed("refused"), "connect"),
        (PoolTimeout("no connection in time"), "pool"),
        (asyncpg.DeadlockDetectedError("deadlock"), "passing"),
        (asyncpg.DataError("value out of int64 range"), "value"),
    ],
    ids=name,
)
def test_what_is_answered_is_counted_by_its_kind(error: Exception, kind: str) -> None:
    def counted() -> float | None:
        return REGISTRY.get_sample_value("backend_database_errors_total", {"kind": kind})

    before = counted()
    with pytest.raises(AppError), database_errors():
        raise error

    assert before is not None, "a series that begins at 1 has no increase"
    assert counted() == before + 1
