"""Sessions, for requests and for jobs. Nothing else in the backend commits."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, cast

from fastapi import Depends, Request
from sqlalchemy import event
from sqlmodel import Session
from sqlmodel.ext.asyncio.session import AsyncSession

from backend.db.engine import Database
from backend.db.errors import database_errors
from backend.telemetry import tracing

# The key of a session's callbacks after its commit.
_ACTIONS = "backend.db.session.after_commit"


def database_of(request: Request) -> Database:
    return cast("Database", request.app.state.database)


@asynccontextmanager
async def committed(database: Database) -> AsyncIterator[AsyncSession]:
    """Yield a session whose transaction is committed at the end, or rolled back by an exception."""
    async with database.sessions() as session:
        yield session
        with tracing.timed("COMMIT"):
            await session.commit()


def after_commit(session: AsyncSession, action: Callable[[], None]) -> None:
    """Run something small after the session's transaction is committed, and only then."""
    session.sync_session.info.setdefault(_ACTIONS, []).append(action)


# One listener for all sessions: one for each took 3 % of the CPU of a delivery.
@event.listens_for(Session, "after_commit")
def _act(session: Session) -> None:
    for action in session.info.pop(_ACTIONS, ()):
        action()


@event.listens_for(Session, "after_rollback")
def _forget(session: Session) -> None:
    session.info.pop(_ACTIONS, None)


async def _transaction(request: Request) -> AsyncIterator[AsyncSession]:
    with database_errors():
        async with committed(database_of(request)) as session:
            yield session


async def _reads(request: Request) -> AsyncIterator[AsyncSession]:
    with database_errors():
        async with database_of(request).read_sessions() as session:
            yield session


async def _snapshot(request: Request) -> AsyncIterator[AsyncSession]:
    with database_errors():
        async with database_of(request).snapshots() as session:
            yield session


# scope="function": the commit happens before the response is sent, so a 2xx means committed.
SessionDep = Annotated[AsyncSession, Depends(_transaction, scope="function")]
ReadSessionDep = Annotated[AsyncSession, Depends(_reads, scope="function")]
SnapshotDep = Annotated[AsyncSession, Depends(_snapshot, scope="function")]
