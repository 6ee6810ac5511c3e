"""When a hub told an alert last, beside when people were told."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; until now `told_at` was by the hub's clock, which may be fast."""
    op.add_column("alerts", sa.Column("hub_told_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE alerts SET hub_told_at = told_at, told_at = least(told_at, now())")


def downgrade() -> None:
    """Drop it."""
    op.execute("UPDATE alerts SET told_at = hub_told_at WHERE hub_told_at IS NOT NULL")
    op.drop_column("alerts", "hub_told_at")
