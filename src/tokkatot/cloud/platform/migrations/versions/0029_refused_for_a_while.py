"""What was refused is kept for a while: found by when it came, and by hub and time."""

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the indexes; rows of a hub are looked for by their time and no longer by their id."""
    for table in ("refused_readings", "quarantined_rows"):
        op.create_index(op.f(f"ix_{table}_received_at"), table, ["received_at"])
    op.create_index(op.f("ix_refused_readings_hub_id_t"), "refused_readings", ["hub_id", "t"])
    op.drop_index(op.f("ix_refused_readings_hub_id_id"), "refused_readings")


def downgrade() -> None:
    """Go back."""
    op.create_index(op.f("ix_refused_readings_hub_id_id"), "refused_readings", ["hub_id", "id"])
    op.drop_index(op.f("ix_refused_readings_hub_id_t"), "refused_readings")
    for table in ("refused_readings", "quarantined_rows"):
        op.drop_index(op.f(f"ix_{table}_received_at"), table)
