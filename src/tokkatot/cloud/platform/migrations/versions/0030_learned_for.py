"""For which house a policy was learned, none where it was taken in by hand; whose hub decides."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column.

    Hubs of whole farms hold autopilots of houses that have a hub of their own: they are told anew.
    """
    op.add_column("policies", sa.Column("house_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_policies_house_id_houses"), "policies", "houses", ["house_id"], ["id"]
    )
    op.execute(
        "UPDATE hubs SET desired_version = desired_version + 1, desired_at = now()"
        " WHERE house_id IS NULL AND revoked_at IS NULL AND EXISTS (SELECT FROM hubs AS own"
        " WHERE own.farm_id = hubs.farm_id AND own.house_id IS NOT NULL AND own.revoked_at IS NULL)"
    )


def downgrade() -> None:
    """Go back."""
    op.drop_constraint(op.f("fk_policies_house_id_houses"), "policies", type_="foreignkey")
    op.drop_column("policies", "house_id")
