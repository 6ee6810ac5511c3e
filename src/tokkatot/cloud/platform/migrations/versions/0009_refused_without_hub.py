"""Values that were refused need no hub: a person's program may bring readings too."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let the column be empty."""
    op.alter_column("refused_readings", "hub_id", existing_type=sa.Uuid(), nullable=True)


def downgrade() -> None:
    """Forget what the former schema can't hold: values that were no readings."""
    op.execute("DELETE FROM refused_readings WHERE hub_id IS NULL")
    op.alter_column("refused_readings", "hub_id", existing_type=sa.Uuid(), nullable=False)
