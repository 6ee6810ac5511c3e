"""Requests of people who can't get in, until they are dealt with."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "reset_requests",
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("ip", sa.Text(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("login", name=op.f("pk_reset_requests")),
    )
    op.create_index(op.f("ix_reset_requests_due_at"), "reset_requests", ["due_at"])


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("reset_requests")
