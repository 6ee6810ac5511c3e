"""What twins foretold of flocks and crops, and what was picked."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "predictions",
        sa.Column("cycle_id", sa.Uuid(), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("house_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.String(length=32), nullable=False),
        sa.Column("kg", sa.ARRAY(sa.Double()), nullable=True),
        sa.Column("foretold_hours", sa.Integer(), nullable=True),
        sa.Column("fitted", sa.Boolean(), nullable=False),
        sa.Column("lacking", sa.String(length=32), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["house_id"], ["houses.id"], name=op.f("fk_predictions_house_id_houses")
        ),
        sa.PrimaryKeyConstraint("cycle_id", "made_on", name=op.f("pk_predictions")),
    )
    op.create_index(op.f("ix_predictions_house_id_made_on"), "predictions", ["house_id", "made_on"])
    op.create_table(
        "harvests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("house_id", sa.Uuid(), nullable=False),
        sa.Column("crop_cycle_id", sa.Uuid(), nullable=False),
        sa.Column("picked_on", sa.Date(), nullable=False),
        sa.Column("kg", sa.Double(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("noted_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["house_id"], ["houses.id"], name=op.f("fk_harvests_house_id_houses")
        ),
        sa.ForeignKeyConstraint(
            ["crop_cycle_id"],
            ["crop_cycles.id"],
            name=op.f("fk_harvests_crop_cycle_id_crop_cycles"),
        ),
        sa.ForeignKeyConstraint(
            ["noted_by"], ["users.id"], name=op.f("fk_harvests_noted_by_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_harvests")),
    )
    op.create_index(op.f("ix_harvests_house_id_picked_on"), "harvests", ["house_id", "picked_on"])
    op.create_index(op.f("ix_harvests_crop_cycle_id"), "harvests", ["crop_cycle_id"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("harvests")
    op.drop_table("predictions")
