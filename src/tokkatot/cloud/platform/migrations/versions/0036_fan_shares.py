"""Which part of a coop's fans an autopilot lets run at least; all of them in what was before."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    op.add_column(
        "autopilots",
        sa.Column("accepted_share", sa.Double(), server_default=sa.text("1"), nullable=False),
    )
    op.add_column(
        "autopilot_decisions",
        sa.Column("fan_share", sa.Double(), server_default=sa.text("1"), nullable=False),
    )
    op.add_column("autopilot_decisions", sa.Column("advised_share", sa.Double(), nullable=True))


def downgrade() -> None:
    """Drop them."""
    op.drop_column("autopilot_decisions", "advised_share")
    op.drop_column("autopilot_decisions", "fan_share")
    op.drop_column("autopilots", "accepted_share")
