"""What shows that two clusters share one integration."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _limit_times()
    op.add_column("alert", sa.Column("rivals", sa.Text()))
    op.create_table(
        "shared_integration",
        sa.Column("integration_id", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hosts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("integration_id", name="pk_shared_integration"),
        sa.ForeignKeyConstraint(
            ["integration_id"],
            ["integration.id"],
            name="fk_shared_integration_integration_id_integration",
        ),
    )


def downgrade() -> None:
    _limit_times()
    op.drop_table("shared_integration")
    op.drop_column("alert", "rivals")


def _limit_times() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
