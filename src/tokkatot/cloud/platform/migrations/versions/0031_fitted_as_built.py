"""How a house was built when its twin was fitted; of older fits nobody knows it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("fitted_twins", sa.Column("built", postgresql.JSONB(), nullable=True))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("fitted_twins", "built")
