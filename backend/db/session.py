"""Sessions for request handlers. This is the only place that commits on behalf of a request."""

from collections.abc import AsyncIterator
from typing import Annotated, cast

from fastapi import Depends, Request
from sqlmodel.ext.asyncio.session import AsyncSession

from backend.db.engine import Database


def database_of(request: Request) -> Database:
    return cast("Database", request.app.state.database)


async def _transaction(request: Request) -> AsyncIterator[AsyncSession]:
    async with database_of(request).sessions() as session:
        yield session
        await session.commit()


async def _reads(request: Request) -> AsyncIterator[AsyncSession]:
    async with database_of(request).read_sessions() as session:
        yield session


# scope="function": the commit happens before the response is sent, so a 2xx means committed.
SessionDep = Annotated[AsyncSession, Depends(_transaction, scope="function")]
ReadSessionDep = Annotated[AsyncSession, Depends(_reads, scope="function")]
