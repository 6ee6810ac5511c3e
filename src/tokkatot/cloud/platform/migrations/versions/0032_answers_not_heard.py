"""Under which key a refresh token was used, and what was given for it."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    op.add_column("refresh_tokens", sa.Column("used_key_hash", sa.Text(), nullable=True))
    op.add_column("refresh_tokens", sa.Column("successor_hash", sa.Text(), nullable=True))


def downgrade() -> None:
    """Drop them."""
    op.drop_column("refresh_tokens", "successor_hash")
    op.drop_column("refresh_tokens", "used_key_hash")
