"""Rules remember which document of which hub contains them, as schedules do."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; of rules that are there already only the newest document is known."""
    op.add_column("house_rules", sa.Column("hub_id", sa.Uuid(), nullable=True))
    op.add_column("house_rules", sa.Column("hub_version", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_house_rules_hub_id_hubs"), "house_rules", "hubs", ["hub_id"], ["id"]
    )


def downgrade() -> None:
    """Drop the columns."""
    op.drop_constraint(op.f("fk_house_rules_hub_id_hubs"), "house_rules", type_="foreignkey")
    op.drop_column("house_rules", "hub_version")
    op.drop_column("house_rules", "hub_id")
