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

# `$1` is now, `$2` the word for what closes, `$3` the most rows. Rows are found by their keys,
# whatever the statistics say, as in sql.py. `still` is checked again on the locked row, because a
# delivery may have settled the alert since the statement began.
_CLOSE = """
, due AS MATERIALIZED (
    SELECT a.id, a.integration_id, a.fingerprint, candidate.ended_at
    FROM candidate CROSS JOIN LATERAL (
        SELECT id, integration_id, fingerprint FROM alert
        WHERE integration_id = candidate.integration_id AND fingerprint = candidate.fingerprint
            AND {still}
        FOR UPDATE SKIP LOCKED
    ) AS a
), taken AS (
    DELETE FROM open_episode AS o USING due AS d CROSS JOIN LATERAL (
        SELECT ctid FROM open_episode
        WHERE integration_id = d.integration_id AND fingerprint = d.fingerprint
        OFFSET 0
    ) AS found
    WHERE o.ctid = found.ctid
    RETURNING o.id, d.id AS alert_id, o.opened_at, greatest(d.ended_at, o.opened_at) AS closed_at
), updated AS (
    UPDATE alert AS a
    SET status = 'resolved', ends_at = t.closed_at, status_changed_at = $1::timestamptz,
        closed_through = greatest(a.closed_through, t.closed_at), contested_since = NULL
    FROM taken AS t CROSS JOIN LATERAL (
        SELECT ctid FROM alert WHERE id = t.alert_id OFFSET 0
    ) AS found
    WHERE a.ctid = found.ctid
    RETURNING t.id, a.integration_id, a.fingerprint, t.opened_at, t.closed_at, a.alertname,
              a.service, a.severity, a.labels
)
INSERT INTO episode (id, integration_id, fingerprint, opened_at, closed_at, alertname, service,
                     severity, labels, resolved_by)
SELECT id, integration_id, fingerprint, opened_at, closed_at, alertname, service, severity, labels,
       $2::text
FROM updated
"""
# The end that was reported is what is known of the end.
_EXPIRED = "contested_since < $4::timestamptz AND status <> 'resolved'"
_CLOSE_CONTESTED = f"""
WITH candidate AS MATERIALIZED (
    SELECT integration_id, fingerprint, closed_through AS ended_at FROM alert
    WHERE {_EXPIRED}
    ORDER BY contested_since LIMIT $3::bigint
){_CLOSE.format(still=_EXPIRED)}"""  # noqa: S608  # texts of our own
_CLOSE_REVOKED = f"""
WITH candidate AS MATERIALIZED (
    SELECT o.integration_id, o.fingerprint, i.revoked_at AS ended_at
    FROM integration AS i CROSS JOIN LATERAL (
        SELECT integration_id, fingerprint FROM open_episode
        WHERE integration_id = i.id
        ORDER BY fingerprint LIMIT $3::bigint
    ) AS o
    WHERE i.revoked_at IS NOT NULL AND i.id = coalesce($4::bigint, i.id)
    LIMIT $3::bigint
){_CLOSE.format(still="status <> 'resolved'")}"""  # noqa: S608  # texts of our own


async def close_revoked(session: AsyncSession, integration_id: int, now: datetime) -> None:
    """Close what a revoked integration left open, as far as one request may work for it."""
    for _ in range(MOST_BATCHES_IN_A_REQUEST):
        if await _close(session, _CLOSE_REVOKED, now, ResolvedBy.REVOKED, integration_id) == 0:
            return


async def run(context: JobContext) -> None:
    """Close what is due; several runs at once do no harm."""
    now = utc_now()
    before = now - timedelta(hours=context.settings.contested_hours)
    await _close_all(context.database, _CLOSE_CONTESTED, now, ResolvedBy.EXPIRED, before)
    # A delivery that was under way while its integration was revoked may open episodes after it.
    await _close_all(context.database, _CLOSE_REVOKED, now, ResolvedBy.REVOKED, None)


JOB = PeriodicJob("close_episodes", "* * * * *", run, limit_seconds=50)


async def _close_all(
    database: Database, statement: str, now: datetime, by: ResolvedBy, which: object
) -> None:
    while True:
        async with committed(database) as session:
            if await _close(session, statement, now, by, which) == 0:
                return


async def _close(
    session: AsyncSession, statement: str, now: datetime, by: ResolvedBy, which: object
) -> int:
    """Close one batch and return the number of episodes."""
    connection = await session.connection()
    result = await connection.exec_driver_sql(statement, (now, by.value, BATCH_ROWS, which))
    closed = result.rowcount
    after_commit(session, lambda: metrics.CLOSED.inc(closed))
    return closed
