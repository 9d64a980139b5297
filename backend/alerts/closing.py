"""Closes episodes that no report will close: of revoked integrations, and contested ones in time.

A batch of alerts at a time, locked before their episodes as a delivery does it. SKIP LOCKED: a
delivery locks alerts in another order, and what it changes is looked at again in the next run.
"""

from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from backend.alerts import metrics
from backend.alerts.schemas import ResolvedBy
from backend.db.base import utc_now
from backend.db.engine import Database
from backend.db.session import after_commit, committed
from backend.jobs.periodic import JobContext, PeriodicJob

BATCH_ROWS = 5000
# An integration with more open episodes than this is closed by the worker, within a minute.
MOST_BATCHES_IN_A_REQUEST = 4

# Alerts to close, each with its end. That of a contested one is the end that was reported.
_LOCK_CONTESTED = """
SELECT integration_id, fingerprint, closed_through AS ended_at FROM alert
WHERE contested_since < $2::timestamptz
ORDER BY contested_since LIMIT $1::bigint
FOR UPDATE SKIP LOCKED
"""
_LOCK_REVOKED = """
SELECT o.integration_id, o.fingerprint, i.revoked_at AS ended_at
FROM integration AS i
CROSS JOIN LATERAL (
    SELECT integration_id, fingerprint FROM open_episode
    WHERE integration_id = i.id ORDER BY fingerprint LIMIT $1::bigint
) AS o
CROSS JOIN LATERAL (
    SELECT id FROM alert WHERE integration_id = o.integration_id AND fingerprint = o.fingerprint
    FOR UPDATE SKIP LOCKED
) AS locked
WHERE i.revoked_at IS NOT NULL AND i.id = coalesce($2::bigint, i.id)
LIMIT $1::bigint
"""
# A statement of its own: it sees what a delivery committed before the rows were locked. Rows are
# found by their keys, whatever the statistics say, as in sql.py.
_CLOSE = """
WITH due AS MATERIALIZED (
    SELECT integration_id, fingerprint, ended_at
    FROM unnest($3::bigint[], $4::text[], $5::timestamptz[])
        AS t (integration_id, fingerprint, ended_at)
), taken AS (
    DELETE FROM open_episode AS o USING due AS d CROSS JOIN LATERAL (
        SELECT ctid FROM open_episode
        WHERE integration_id = d.integration_id AND fingerprint = d.fingerprint
        OFFSET 0
    ) AS found
    WHERE o.ctid = found.ctid
    RETURNING o.id, o.integration_id, o.fingerprint, o.opened_at
), closed AS MATERIALIZED (
    SELECT t.id, integration_id, fingerprint, t.opened_at,
           greatest(d.ended_at, t.opened_at) AS closed_at
    FROM due AS d LEFT JOIN taken AS t USING (integration_id, fingerprint)
), updated AS (
    UPDATE alert AS a
    SET status = 'resolved', ends_at = c.closed_at, status_changed_at = $1::timestamptz,
        closed_through = c.closed_at, contested_since = NULL
    FROM closed AS c CROSS JOIN LATERAL (
        SELECT ctid FROM alert
        WHERE integration_id = c.integration_id AND fingerprint = c.fingerprint
        OFFSET 0
    ) AS found
    WHERE a.ctid = found.ctid
    RETURNING c.id, a.integration_id, a.fingerprint, c.opened_at, c.closed_at, a.alertname,
              a.service, a.severity, a.labels
)
INSERT INTO episode (id, integration_id, fingerprint, opened_at, closed_at, alertname, service,
                     severity, labels, resolved_by)
SELECT id, integration_id, fingerprint, opened_at, closed_at, alertname, service, severity, labels,
       $2::text
FROM updated WHERE id IS NOT NULL
"""


async def close_revoked(session: AsyncSession, integration_id: int, now: datetime) -> None:
    """Close what a revoked integration left open, as far as one request may work for it."""
    for _ in range(MOST_BATCHES_IN_A_REQUEST):
        if await _close(session, _LOCK_REVOKED, now, ResolvedBy.REVOKED, integration_id) == 0:
            return


async def expire_contested(context: JobContext) -> None:
    """Close alerts that nothing has settled in time; several runs at once do no harm."""
    now = utc_now()
    before = now - timedelta(hours=context.settings.contested_hours)
    await _close_all(context.database, _LOCK_CONTESTED, now, ResolvedBy.EXPIRED, before)


async def close_left_behind(context: JobContext) -> None:
    """Close what a delivery opened that was under way while its integration was revoked."""
    await _close_all(context.database, _LOCK_REVOKED, utc_now(), ResolvedBy.REVOKED, None)


JOBS = (
    PeriodicJob("expire_contested", "* * * * *", expire_contested, limit_seconds=50),
    PeriodicJob("close_revoked", "* * * * *", close_left_behind, limit_seconds=50),
)


async def _close_all(
    database: Database, lock: str, now: datetime, by: ResolvedBy, which: object
) -> None:
    while True:
        async with committed(database) as session:
            if await _close(session, lock, now, by, which) == 0:
                return


async def _close(
    session: AsyncSession, lock: str, now: datetime, by: ResolvedBy, which: object
) -> int:
    """Close one batch and return the number of alerts."""
    connection = await session.connection()
    due = (await connection.exec_driver_sql(lock, (BATCH_ROWS, which))).all()
    if due:
        columns = (list(column) for column in zip(*due, strict=True))
        await connection.exec_driver_sql(_CLOSE, (now, by.value, *columns))
        after_commit(session, lambda: metrics.CLOSED.inc(len(due)))
    return len(due)
