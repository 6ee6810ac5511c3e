"""What of a day's savings is heat, and electricity by the hour; unknown of the days before."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    op.add_column("saved_days", sa.Column("saved_heat_kwh", sa.Double(), nullable=True))
    op.add_column(
        "saved_days",
        sa.Column("saved_electricity_by_hour_kwh", sa.ARRAY(sa.Double()), nullable=True),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_column("saved_days", "saved_electricity_by_hour_kwh")
    op.drop_column("saved_days", "saved_heat_kwh")
