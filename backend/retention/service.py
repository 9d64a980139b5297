"""The retention periods and the job that applies them. docs/adr/0011 gives the reasons."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from backend.alerts.pruning import prune_resolved
from backend.db.base import utc_now
from backend.db.engine import Database
from backend.jobs.periodic import JobContext, PeriodicJob
from backend.retention import metrics, partitions
from backend.retention.partitions import Postponed
from backend.retention.periods import Partition, PartitionedTable, Period
from backend.settings import Settings

log = structlog.get_logger()

# The worker may be down for a week (deliveries) or three months (episodes) before rows fall into a
# default partition.
DELIVERIES = PartitionedTable("delivery", "received_at", Period.DAY, ahead=7)
EPISODES = PartitionedTable("episode", "closed_at", Period.MONTH, ahead=3)
TABLES = (DELIVERIES, EPISODES)


@dataclass(slots=True)
class Outcome:
    """What one run changed."""

    created: int = 0
    dropped: int = 0
    deleted: int = 0
    postponed: int = 0


async def run(context: JobContext) -> None:
    """Apply the retention of the settings; several runs at once do no harm."""
    outcome = await apply_retention(context.database, context.settings, now=utc_now())
    log.info(
        "retention_applied",
        created=outcome.created,
        dropped=outcome.dropped,
        deleted=outcome.deleted,
        postponed=outcome.postponed,
    )


# Off the full hour, when everybody else's jobs run.
JOB = PeriodicJob("retention", "7 * * * *", run, limit_seconds=600)


async def apply_retention(database: Database, settings: Settings, *, now: datetime) -> Outcome:
    outcome = Outcome()
    await create_partitions(database, now=now, outcome=outcome)
    for table, days in (
        (DELIVERIES, settings.retention_delivery_days),
        (EPISODES, settings.retention_episode_days),
    ):
        before = now - timedelta(days=days)
        await _drop_old(database, table, before, outcome)
        await _delete_old(database, table, before, outcome)
        metrics.DEFAULT_ROWS.labels(table.name).set(
            await partitions.rows_in_default(database, table)
        )
    resolved_before = now - timedelta(days=settings.retention_resolved_days)
    pruned = await prune_resolved(database, before=resolved_before)
    metrics.DELETED.labels("alert").inc(pruned)
    outcome.deleted += pruned
    return outcome


async def create_partitions(
    database: Database, *, now: datetime, outcome: Outcome | None = None
) -> None:
    """Create the missing partitions of now and of the time ahead."""
    outcome = outcome or Outcome()
    for table in TABLES:
        present = await partitions.partitions_of(database, table)
        names = {partition.name for partition in present}
        for partition in table.wanted(now):
            if partition.name not in names and await _create(database, partition, outcome):
                present.append(partition)
        ahead = sum(partition.start > now for partition in present)
        metrics.AHEAD.labels(table.name).set(ahead)


async def _create(database: Database, partition: Partition, outcome: Outcome) -> bool:
    try:
        await partitions.create(database, partition)
    except Postponed as reason:
        _postpone(partition, reason, outcome)
        return False
    outcome.created += 1
    return True


async def _drop_old(
    database: Database, table: PartitionedTable, before: datetime, outcome: Outcome
) -> None:
    for partition in await partitions.partitions_of(database, table):
        if partition.end > before:
            return
        try:
            await partitions.drop(database, partition)
        except Postponed as reason:
            _postpone(partition, reason, outcome)
            continue
        outcome.dropped += 1
        metrics.DROPPED.labels(table.name).inc()


async def _delete_old(
    database: Database, table: PartitionedTable, before: datetime, outcome: Outcome
) -> None:
    while deleted := await partitions.delete_from_default(database, table, before):
        outcome.deleted += deleted
        metrics.DELETED.labels(table.name).inc(deleted)


def _postpone(partition: Partition, reason: Postponed, outcome: Outcome) -> None:
    outcome.postponed += 1
    metrics.POSTPONED.labels(partition.table).inc()
    log.warning("partition_postponed", partition=partition.name, reason=str(reason))
