"""Creates and drops partitions while the intake runs.

Every change is its own transaction, which does nothing if another run has already made the change.
It waits for locks only for LOCK_TIMEOUT, so queries that queue behind it wait no longer. Names come
from periods.py and from PostgreSQL's catalog, never from outside.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from typing import cast

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from backend.db.engine import Database
from backend.db.session import committed
from backend.retention.periods import Partition, PartitionedTable

LOCK_TIMEOUT = "2s"
# Any constant that nothing else in this database locks.
ADVISORY_LOCK = 0x0B5E_0002
DELETE_BATCH_ROWS = 5000
# Counting stops here: the default partition should be empty.
MAX_COUNTED_ROWS = 10_000

_CHECK_VIOLATION = "23514"
_LOCK_NOT_AVAILABLE = "55P03"


class Postponed(Exception):
    """A change that is not possible now; the text says why. The next run tries again."""


async def partitions_of(database: Database, table: PartitionedTable) -> list[Partition]:
    """Return the table's dated partitions, the oldest first."""
    async with database.read_sessions() as session:
        rows = await (await session.connection()).exec_driver_sql(
            "SELECT c.relname FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = $1::text::regclass",
            (table.name,),
        )
        names = [cast("str", name) for name in rows.scalars()]
    named = (table.partition_named(name) for name in names)
    return sorted(
        (partition for partition in named if partition is not None),
        key=lambda partition: partition.start,
    )


async def create(database: Database, partition: Partition) -> None:
    """Create a partition; raise Postponed for a long lock, or rows of its time in the default one.

    Writers wait for the moment that it takes. Without the lock, a row that is already on its way
    into the default partition would be refused there. Rows that are there stay, and are deleted
    when they are old enough.
    """
    async with _change(database) as connection:
        if await _is_attached(connection, partition):
            return
        await connection.exec_driver_sql(
            f"LOCK TABLE {partition.table} IN SHARE ROW EXCLUSIVE MODE"
        )
        await connection.exec_driver_sql(
            f"CREATE TABLE {partition.name}"
            f" (LIKE {partition.table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"
        )
        await connection.exec_driver_sql(
            f"ALTER TABLE {partition.table} ATTACH PARTITION {partition.name}"
            f" FOR VALUES FROM ('{partition.start.isoformat()}') TO ('{partition.end.isoformat()}')"
        )


async def drop(database: Database, partition: Partition) -> None:
    """Detach and drop a partition with all its rows; Postponed when it is in use for too long."""
    async with _change(database) as connection:
        if not await _is_attached(connection, partition):
            return
        await connection.exec_driver_sql(
            f"ALTER TABLE {partition.table} DETACH PARTITION {partition.name}"
        )
        await connection.exec_driver_sql(f"DROP TABLE {partition.name}")


async def delete_from_default(database: Database, table: PartitionedTable, before: datetime) -> int:
    """Delete one batch of old rows from the default partition and return their number."""
    name = table.default_partition
    async with committed(database) as session:
        result = await (await session.connection()).exec_driver_sql(
            f"DELETE FROM {name} WHERE ctid = ANY(ARRAY("  # noqa: S608  # names of our own
            f"SELECT ctid FROM {name} WHERE {table.column} < $1::timestamptz"
            f" LIMIT {DELETE_BATCH_ROWS} FOR UPDATE SKIP LOCKED))",
            (before,),
        )
        return result.rowcount


async def rows_in_default(database: Database, table: PartitionedTable) -> int:
    """Count the rows that fit no dated partition, up to MAX_COUNTED_ROWS."""
    async with database.read_sessions() as session:
        result = await (await session.connection()).exec_driver_sql(
            f"SELECT count(*) FROM (SELECT 1 FROM {table.default_partition}"  # noqa: S608  # as above
            f" LIMIT {MAX_COUNTED_ROWS}) AS counted"
        )
        return cast("int", result.scalar_one())


@asynccontextmanager
async def _change(database: Database) -> AsyncIterator[AsyncConnection]:
    """Give a transaction that changes partitions; only one at a time does."""
    with _postponing():
        async with committed(database) as session:
            connection = await session.connection()
            await connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
            await connection.exec_driver_sql(
                "SELECT pg_advisory_xact_lock($1::bigint)", (ADVISORY_LOCK,)
            )
            yield connection


@contextmanager
def _postponing() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        sqlstate = getattr(error.orig, "sqlstate", None)
        if sqlstate == _LOCK_NOT_AVAILABLE:
            raise Postponed(f"the table has been in use for more than {LOCK_TIMEOUT}") from error
        if sqlstate == _CHECK_VIOLATION:
            raise Postponed("the default partition holds rows of this time") from error
        raise


async def _is_attached(connection: AsyncConnection, partition: Partition) -> bool:
    # By a query and not by to_regclass(), which answers from a cache that may be older than the
    # advisory lock.
    found = await connection.exec_driver_sql(
        "SELECT EXISTS (SELECT FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid"
        " WHERE i.inhparent = $1::text::regclass AND c.relname = $2::text)",
        (partition.table, partition.name),
    )
    return cast("bool", found.scalar_one())
