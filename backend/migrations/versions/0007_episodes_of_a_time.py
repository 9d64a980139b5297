"""Indexes for the episodes of a time, which is read from the newest beginning on."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_LONG = "closed_at - opened_at > interval '1 day'"
# Name, its end in a partition, and what follows the table's name.
_OF_EPISODES = (
    ("ix_episode_opened_at_id", "opened_at_id_idx", "(opened_at, id)"),
    ("ix_episode_long", "long_idx", f"(opened_at, id) WHERE {_LONG}"),
)
_PARTITIONS = sa.text(
    "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'episode'::regclass"
    " ORDER BY 1"
)
_ATTACHED = sa.text(
    "SELECT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = to_regclass(:name)::oid)"
)


def upgrade() -> None:
    """Build one partition's index at a time while deliveries go on.

    On the table itself CREATE INDEX would lock out every closing until ten million rows are read. A
    partition that the worker adds meanwhile gets its indexes when it is attached.
    """
    _limit_times()
    for name, _, columns in _OF_EPISODES:
        op.execute(f"CREATE INDEX IF NOT EXISTS {name} ON ONLY episode {columns}")
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = '30s'")
        op.execute("SET statement_timeout = '600s'")
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_open_episode_opened_at_id")
        op.execute(
            "CREATE INDEX CONCURRENTLY ix_open_episode_opened_at_id ON open_episode (opened_at, id)"
        )
        for partition in _partitions():
            for name, end, columns in _OF_EPISODES:
                _build(partition, name, f"{partition}_{end}", columns)
        op.execute("RESET lock_timeout")
        op.execute("RESET statement_timeout")


def _build(partition: str, name: str, own: str, columns: str) -> None:
    if not op.get_context().as_sql and op.get_bind().execute(_ATTACHED, {"name": own}).scalar():
        return
    op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {own}")
    op.execute(f"CREATE INDEX CONCURRENTLY {own} ON {partition} {columns}")
    op.execute(f"ALTER INDEX {name} ATTACH PARTITION {own}")


def _partitions() -> list[str]:
    if op.get_context().as_sql:
        return ["episode_default"]
    return list(op.get_bind().execute(_PARTITIONS).scalars())


def downgrade() -> None:
    _limit_times()
    for name, _, _ in _OF_EPISODES:
        op.execute(f"DROP INDEX {name}")
    op.execute("DROP INDEX ix_open_episode_opened_at_id")


def _limit_times() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
