"""Whether this process should receive requests."""

import asyncio

from sqlalchemy import QueuePool
from sqlalchemy.exc import ProgrammingError

from backend.db.engine import Database
from backend.db.errors import database_errors
from backend.db.schema import required_revision, stored_revision
from backend.errors import Unavailable
from backend.http.lifecycle import Draining

# Less than the second or two that a load balancer or a kubelet waits.
TIMEOUT_SECONDS = 1.5
_UNDEFINED_TABLE = "42P01"


class SchemaTooOld(Unavailable):
    code = "schema_too_old"
    detail = "The database schema is older than this release needs: run the migrations."


class DrainingNow(Unavailable):
    code = "draining"
    detail = "This process is stopping: send the request to another one."


class Readiness:
    """Asks the database, unless every connection is busy: then the last answer counts.

    A full pool is a busy service, and taking a busy process out of service makes the rest busier.
    """

    def __init__(self, database: Database, draining: Draining) -> None:
        self._database = database
        self._draining = draining
        self._was_ready = False

    async def check(self) -> None:
        """Return when ready, else raise the reason as an error with status 503."""
        if self._draining.active:
            raise DrainingNow
        if self._was_ready and self._pool_is_full():
            return
        self._was_ready = False
        with database_errors():
            async with asyncio.timeout(TIMEOUT_SECONDS):
                stored = await self._stored_revision()
        if stored is None or stored < required_revision():
            raise SchemaTooOld
        self._was_ready = True

    def _pool_is_full(self) -> bool:
        pool = self._database.engine.pool
        return isinstance(pool, QueuePool) and pool.checkedout() >= pool.size()

    async def _stored_revision(self) -> int | None:
        async with self._database.read_sessions() as session:
            try:
                return await stored_revision(session)
            except ProgrammingError as error:
                if getattr(error.orig, "sqlstate", None) == _UNDEFINED_TABLE:
                    return None
                raise
