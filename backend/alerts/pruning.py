"""Deletes the current state of alerts that resolved long ago. Their episodes stay."""

from datetime import datetime
from typing import NamedTuple, cast

from sqlmodel.ext.asyncio.session import AsyncSession

from backend.db.engine import Database
from backend.db.session import committed

BATCH_ROWS = 5000

# Walks over the resolved alerts by id, a batch at a time, so that a run reads each of them once.
# SKIP LOCKED: a delivery locks rows in another order, and an alert that is being delivered is not
# old. The conditions are checked again on the locked row, in case it has just fired.
_PRUNE = """
WITH batch AS (
    SELECT id FROM alert WHERE status = 'resolved' AND id > $1::bigint ORDER BY id LIMIT $2::bigint
), old AS (
    SELECT a.id FROM alert AS a JOIN batch USING (id)
    WHERE a.status = 'resolved' AND a.last_seen_at < $3::timestamptz
    FOR UPDATE OF a SKIP LOCKED
), pruned AS (
    DELETE FROM alert AS a USING old WHERE a.id = old.id RETURNING a.id
)
SELECT (SELECT max(id) FROM batch) AS last_id, (SELECT count(*) FROM pruned) AS pruned
"""


class _Batch(NamedTuple):
    last_id: int | None
    pruned: int


async def prune_resolved(
    database: Database, *, before: datetime, batch_rows: int = BATCH_ROWS
) -> int:
    """Delete alerts that are resolved and were last seen before this; return their number."""
    pruned, last_id = 0, 0
    while True:
        async with committed(database) as session:
            batch = await _prune_batch(session, last_id, batch_rows, before)
        pruned += batch.pruned
        if batch.last_id is None:
            return pruned
        last_id = batch.last_id


async def _prune_batch(session: AsyncSession, after_id: int, rows: int, before: datetime) -> _Batch:
    connection = await session.connection()
    result = await connection.exec_driver_sql(_PRUNE, (after_id, rows, before))
    return _Batch(*cast("tuple[int | None, int]", tuple(result.one())))
