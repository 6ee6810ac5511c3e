"""Photographs that people ask for."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

TABLE = "photograph_requests"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        TABLE,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("house_id", sa.Uuid(), nullable=False),
        sa.Column("hub_id", sa.Uuid(), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        *(
            sa.ForeignKeyConstraint(
                [column], [f"{table}.id"], name=op.f(f"fk_{TABLE}_{column}_{table}")
            )
            for column, table in (
                ("house_id", "houses"),
                ("hub_id", "hubs"),
                ("requested_by", "users"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
    )
    op.create_index(
        "ix_photograph_requests_waiting",
        TABLE,
        ["hub_id"],
        postgresql_where=sa.text("sent_at IS NULL"),
    )
    op.create_index(
        op.f("ix_photograph_requests_house_id_requested_at"), TABLE, ["house_id", "requested_at"]
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table(TABLE)
