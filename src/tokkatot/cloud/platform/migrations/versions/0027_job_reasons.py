"""Why a job was refused, as a code and its values."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; what was refused before says why in English alone."""
    op.add_column("jobs", sa.Column("reason", postgresql.JSONB(), nullable=True))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("jobs", "reason")
