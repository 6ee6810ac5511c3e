"""What the last stored row of a hub's stream says, so that the hub knows it for its own."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the marks; what is stored already has none, and is not compared."""
    op.add_column("hub_cursors", sa.Column("mark", sa.Text(), nullable=True))


def downgrade() -> None:
    """Forget them."""
    op.drop_column("hub_cursors", "mark")
