"""Whether a decision was made with the twin that was fitted to its house."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; what was decided before was decided without a fit."""
    op.add_column(
        "autopilot_decisions",
        sa.Column("fitted", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_column("autopilot_decisions", "fitted")
