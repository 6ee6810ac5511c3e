"""How much of each suspicious photograph the cloud has as the camera made it."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; of what was seen before, nothing has come."""
    op.add_column(
        "detections",
        sa.Column("original_bytes", sa.Integer(), server_default=sa.text("0"), nullable=False),
    )
    op.add_column(
        "detections",
        sa.Column(
            "original_is_whole", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
    )
    for name in ("original_bytes", "original_is_whole"):
        op.alter_column("detections", name, server_default=None)


def downgrade() -> None:
    """Drop them."""
    for name in ("original_is_whole", "original_bytes"):
        op.drop_column("detections", name)
