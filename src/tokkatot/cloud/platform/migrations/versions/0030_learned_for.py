"""For which house a policy was learned; none where it was taken in by hand."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("policies", sa.Column("house_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_policies_house_id_houses"), "policies", "houses", ["house_id"], ["id"]
    )


def downgrade() -> None:
    """Go back."""
    op.drop_constraint(op.f("fk_policies_house_id_houses"), "policies", type_="foreignkey")
    op.drop_column("policies", "house_id")
