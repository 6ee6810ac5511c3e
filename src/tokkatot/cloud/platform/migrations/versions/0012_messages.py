"""Messages to people, what they want to be told of, and to whom an alert is brought in turn."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.add_column(
        "alerts", sa.Column("escalated", sa.Integer(), nullable=False, server_default="0")
    )
    op.alter_column("alerts", "escalated", server_default=None)
    _messages()
    _subscriptions()
    op.create_table(
        "farm_escalations",
        sa.Column("farm_id", sa.Uuid(), nullable=False),
        sa.Column("after_s", sa.Integer(), nullable=False),
        sa.Column("user_ids", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["farm_id"], ["farms.id"], name=op.f("fk_farm_escalations_farm_id_farms")
        ),
        sa.PrimaryKeyConstraint("farm_id", name=op.f("pk_farm_escalations")),
    )


def downgrade() -> None:
    """Drop them."""
    for table in ("farm_escalations", "alert_subscriptions", "messages"):
        op.drop_table(table)
    op.drop_column("alerts", "escalated")


def _messages() -> None:
    op.create_table(
        "messages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("farm_id", sa.Uuid(), nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("severity", sa.String(length=32), nullable=False),
        sa.Column("t", sa.DateTime(timezone=True), nullable=False),
        sa.Column("quiet", sa.Boolean(), nullable=False),
        sa.Column("facts", postgresql.JSONB(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["farm_id"], ["farms.id"], name=op.f("fk_messages_farm_id_farms")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_messages_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
    )
    op.create_index(op.f("ix_messages_user_id_t_id"), "messages", ["user_id", "t", "id"])
    op.create_index(
        "ix_messages_unread",
        "messages",
        ["user_id", "t"],
        postgresql_where=sa.text("read_at IS NULL"),
    )
    op.create_index(op.f("ix_messages_t"), "messages", ["t"])


def _subscriptions() -> None:
    op.create_table(
        "alert_subscriptions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("farm_id", sa.Uuid(), nullable=True),
        sa.Column("types", postgresql.JSONB(), nullable=False),
        sa.Column("least", sa.String(length=32), nullable=False),
        sa.Column("quiet_from", sa.Time(), nullable=True),
        sa.Column("quiet_until", sa.Time(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["farm_id"], ["farms.id"], name=op.f("fk_alert_subscriptions_farm_id_farms")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_alert_subscriptions_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_subscriptions")),
    )
    op.create_index(op.f("ix_alert_subscriptions_user_id"), "alert_subscriptions", ["user_id"])
