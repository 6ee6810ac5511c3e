"""The PIN that an owner sets for the hubs of a farm."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "hub_pins",
        sa.Column("farm_id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("set_by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["farm_id"], ["farms.id"], name=op.f("fk_hub_pins_farm_id_farms")),
        sa.ForeignKeyConstraint(["set_by"], ["users.id"], name=op.f("fk_hub_pins_set_by_users")),
        sa.PrimaryKeyConstraint("farm_id", name=op.f("pk_hub_pins")),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("hub_pins")
