"""Alerts, episodes and deliveries."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    _create_alert()
    op.execute("CREATE SEQUENCE episode_id_seq")
    _create_open_episode()
    _create_episode()
    op.execute("CREATE SEQUENCE delivery_id_seq")
    _create_delivery()
    # Partitions of time are made ahead by the worker. What falls into none is never refused.
    op.execute("CREATE TABLE episode_default PARTITION OF episode DEFAULT")
    op.execute("CREATE TABLE delivery_default PARTITION OF delivery DEFAULT")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.drop_table("delivery")
    op.drop_table("episode")
    op.drop_table("open_episode")
    op.drop_table("alert")
    op.execute("DROP SEQUENCE delivery_id_seq")
    op.execute("DROP SEQUENCE episode_id_seq")


def _instant(name: str, *, nullable: bool) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _text(name: str, *, nullable: bool = True) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _identity(id_sequence: str) -> tuple[sa.Column[int], sa.Column[int], sa.Column[str]]:
    return (
        sa.Column(
            "id",
            sa.BigInteger(),
            server_default=sa.text(f"nextval('{id_sequence}')"),
            nullable=False,
        ),
        sa.Column("integration_id", sa.BigInteger(), nullable=False),
        sa.Column("fingerprint", sa.Text(collation="C"), nullable=False),
    )


def _create_alert() -> None:
    op.create_table(
        "alert",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("integration_id", sa.BigInteger(), nullable=False),
        sa.Column("fingerprint", sa.Text(collation="C"), nullable=False),
        _text("status", nullable=False),
        sa.Column("labels", postgresql.JSONB(), nullable=False),
        sa.Column("annotations", postgresql.JSONB(), nullable=False),
        _text("alertname"),
        _text("service"),
        _text("severity"),
        _instant("starts_at", nullable=True),
        _instant("ends_at", nullable=True),
        _instant("closed_through", nullable=True),
        _instant("status_changed_at", nullable=False),
        _instant("first_seen_at", nullable=False),
        _instant("last_seen_at", nullable=False),
        sa.Column("times_seen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alert"),
        sa.UniqueConstraint(
            "integration_id", "fingerprint", name="uq_alert_integration_id_fingerprint"
        ),
        sa.ForeignKeyConstraint(
            ["integration_id"], ["integration.id"], name="fk_alert_integration_id_integration"
        ),
        sa.CheckConstraint("status IN ('firing', 'resolved', 'suppressed')", name="status_known"),
        postgresql_with={"fillfactor": 50},
    )
    op.create_index("ix_alert_status_id", "alert", ["status", "id"])
    op.create_index("ix_alert_service_id", "alert", ["service", "id"])
    op.create_index("ix_alert_severity_id", "alert", ["severity", "id"])
    op.create_index(
        "ix_alert_labels",
        "alert",
        ["labels"],
        postgresql_using="gin",
        postgresql_ops={"labels": "jsonb_path_ops"},
    )


def _create_open_episode() -> None:
    op.create_table(
        "open_episode",
        *_identity("episode_id_seq"),
        _instant("opened_at", nullable=False),
        sa.PrimaryKeyConstraint("integration_id", "fingerprint", name="pk_open_episode"),
    )


def _create_episode() -> None:
    op.create_table(
        "episode",
        *_identity("episode_id_seq"),
        _instant("opened_at", nullable=False),
        _instant("closed_at", nullable=False),
        _text("resolved_by", nullable=False),
        _text("alertname"),
        _text("service"),
        _text("severity"),
        sa.PrimaryKeyConstraint(
            "integration_id", "fingerprint", "closed_at", "id", name="pk_episode"
        ),
        sa.CheckConstraint(
            "resolved_by IN ('alertmanager', 'reconciler')", name="resolved_by_known"
        ),
        postgresql_partition_by="RANGE (closed_at)",
    )


def _create_delivery() -> None:
    op.create_table(
        "delivery",
        sa.Column(
            "id",
            sa.BigInteger(),
            server_default=sa.text("nextval('delivery_id_seq')"),
            nullable=False,
        ),
        sa.Column("integration_id", sa.BigInteger(), nullable=False),
        _instant("received_at", nullable=False),
        _text("group_key", nullable=False),
        _text("receiver", nullable=False),
        sa.Column("truncated_alerts", sa.BigInteger(), nullable=False),
        sa.Column("body_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("body_bytes", sa.BigInteger(), nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        _text("refusal"),
        sa.Column("rejections", postgresql.JSONB(), nullable=True),
        sa.Column("evidence", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("integration_id", "received_at", "id", name="pk_delivery"),
        postgresql_partition_by="RANGE (received_at)",
    )
    op.create_index(
        "ix_delivery_rejections",
        "delivery",
        ["integration_id", "received_at"],
        postgresql_where=sa.text("rejections IS NOT NULL"),
    )
