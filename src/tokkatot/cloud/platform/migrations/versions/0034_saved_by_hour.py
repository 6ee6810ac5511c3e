"""In which hours of a day energy was saved; of the days before nobody knows it."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column(
        "saved_days", sa.Column("saved_by_hour_kwh", sa.ARRAY(sa.Double()), nullable=True)
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_column("saved_days", "saved_by_hour_kwh")
