"""How far each fitted twin was off, day by day."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "twin_days",
        sa.Column("house_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("air_c", sa.Double(), nullable=True),
        sa.Column("off_k", sa.Double(), nullable=True),
        sa.Column("lacking", sa.String(length=32), nullable=True),
        sa.Column("reckoned_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["house_id"], ["houses.id"], name=op.f("fk_twin_days_house_id_houses")
        ),
        sa.PrimaryKeyConstraint("house_id", "day", name=op.f("pk_twin_days")),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("twin_days")
