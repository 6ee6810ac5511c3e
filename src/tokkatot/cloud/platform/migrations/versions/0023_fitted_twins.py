"""What was found of houses' twins."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "fitted_twins",
        sa.Column("house_id", sa.Uuid(), nullable=False),
        sa.Column("known_as", sa.String(length=32), nullable=False),
        sa.Column("card", postgresql.JSONB(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("fitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["house_id"], ["houses.id"], name=op.f("fk_fitted_twins_house_id_houses")
        ),
        sa.PrimaryKeyConstraint("house_id", name=op.f("pk_fitted_twins")),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("fitted_twins")
