"""Contested alerts, links of alerts, labels of episodes, and more that closes an episode."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _limit_times()
    op.add_column("alert", sa.Column("contested_since", sa.DateTime(timezone=True)))
    # A constant default rewrites no row, and serves the former version while it still runs.
    seen: sa.Column[bool] = sa.Column(
        "firing_seen", sa.Boolean(), nullable=False, server_default=sa.text("true")
    )
    op.add_column("alert", seen)
    contested = sa.text("contested_since IS NOT NULL")
    op.create_index("ix_alert_contested", "alert", ["contested_since"], postgresql_where=contested)
    op.add_column("alert", sa.Column("links", JSONB()))
    op.add_column("episode", sa.Column("labels", JSONB()))
    # Its partitions lose the check with it.
    op.drop_constraint(op.f("ck_episode_resolved_by_known"), "episode")


def downgrade() -> None:
    _limit_times()
    op.execute(
        "UPDATE episode SET resolved_by = 'alertmanager'"
        " WHERE resolved_by NOT IN ('alertmanager', 'reconciler')"
    )
    op.create_check_constraint(
        "resolved_by_known", "episode", "resolved_by IN ('alertmanager', 'reconciler')"
    )
    op.drop_column("episode", "labels")
    op.drop_column("alert", "links")
    op.drop_index("ix_alert_contested", "alert")
    op.drop_column("alert", "firing_seen")
    op.drop_column("alert", "contested_since")


def _limit_times() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
