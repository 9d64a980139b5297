"""How many alerts of a delivery were repaired."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    # A constant default rewrites no row, and serves the former version while it still runs.
    repaired = sa.Column("repaired", sa.Integer(), nullable=False, server_default=sa.text("0"))
    op.add_column("delivery", repaired)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.drop_column("delivery", "repaired")
