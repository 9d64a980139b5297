"""Indexes for lists of alerts in the order of their last change."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_NEW = (
    ("ix_alert_status_changed_at_id", "status_changed_at, id"),
    ("ix_alert_status_status_changed_at_id", "status, status_changed_at, id"),
    ("ix_alert_service_status_changed_at_id", "service, status_changed_at, id"),
    ("ix_alert_severity_status_changed_at_id", "severity, status_changed_at, id"),
)
_OLD = (
    ("ix_alert_status_id", "status, id"),
    ("ix_alert_service_id", "service, id"),
    ("ix_alert_severity_id", "severity, id"),
)


def upgrade() -> None:
    """Build the indexes while deliveries go on, which takes seconds for a million alerts.

    An interrupted run leaves an index that is not valid, so each is first dropped.
    """
    _limit_times()
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = '30s'")
        op.execute("SET statement_timeout = '600s'")
        for name, columns in _NEW:
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE INDEX CONCURRENTLY {name} ON alert ({columns})")
        for name, _ in _OLD:
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        op.execute("RESET lock_timeout")
        op.execute("RESET statement_timeout")


def downgrade() -> None:
    _limit_times()
    for name, columns in _OLD:
        op.execute(f"CREATE INDEX {name} ON alert ({columns})")
    for name, _ in _NEW:
        op.execute(f"DROP INDEX {name}")


def _limit_times() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
