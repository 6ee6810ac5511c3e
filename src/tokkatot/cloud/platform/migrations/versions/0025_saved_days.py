"""What the days of autopilots saved."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "saved_days",
        sa.Column("house_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("saved_kwh", sa.Double(), nullable=True),
        sa.Column("spared_stress_h", sa.Double(), nullable=True),
        sa.Column("lacking", sa.String(length=32), nullable=True),
        sa.Column("reckoned_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["house_id"], ["houses.id"], name=op.f("fk_saved_days_house_id_houses")
        ),
        sa.PrimaryKeyConstraint("house_id", "day", name=op.f("pk_saved_days")),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("saved_days")
