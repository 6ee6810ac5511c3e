"""What the cloud's own models say of suspicious photographs."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, and the index by which is found what is still to be looked at."""
    op.add_column("detections", sa.Column("second_opinion", postgresql.JSONB(), nullable=True))
    op.add_column("detections", sa.Column("second_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_detections_to_ask",
        "detections",
        ["t"],
        postgresql_where=sa.text("original_is_whole AND second_at IS NULL"),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_detections_to_ask", table_name="detections")
    for name in ("second_at", "second_opinion"):
        op.drop_column("detections", name)
