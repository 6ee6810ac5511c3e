"""Schedules in versions, their runs, rules and modes of houses, limits of devices."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, and add what houses and devices have of their own."""
    _schedules()
    _executions()
    op.create_table(
        "house_rules",
        sa.Column("house_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rules", postgresql.JSONB(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["changed_by"], ["users.id"], name=op.f("fk_house_rules_changed_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["house_id"], ["houses.id"], name=op.f("fk_house_rules_house_id_houses")
        ),
        sa.PrimaryKeyConstraint("house_id", name=op.f("pk_house_rules")),
    )
    op.add_column("houses", sa.Column("mode", sa.String(length=32), nullable=True))
    op.add_column("houses", sa.Column("night_setpoints", postgresql.JSONB(), nullable=True))
    op.add_column("devices", sa.Column("limits", postgresql.JSONB(), nullable=True))


def downgrade() -> None:
    """Drop it all."""
    op.drop_column("devices", "limits")
    op.drop_column("houses", "night_setpoints")
    op.drop_column("houses", "mode")
    for table in ("house_rules", "schedule_executions", "schedule_versions", "schedules"):
        op.drop_table(table)


def _schedules() -> None:
    op.create_table(
        "schedules",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("farm_id", sa.Uuid(), nullable=False),
        sa.Column("house_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("hub_id", sa.Uuid(), nullable=True),
        sa.Column("hub_version", sa.BigInteger(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["farm_id"], ["farms.id"], name=op.f("fk_schedules_farm_id_farms")),
        sa.ForeignKeyConstraint(
            ["house_id"], ["houses.id"], name=op.f("fk_schedules_house_id_houses")
        ),
        sa.ForeignKeyConstraint(["hub_id"], ["hubs.id"], name=op.f("fk_schedules_hub_id_hubs")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedules")),
    )
    op.create_index(op.f("ix_schedules_farm_id"), "schedules", ["farm_id"])
    op.create_index(
        "ix_schedules_house_id",
        "schedules",
        ["house_id"],
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "schedule_versions",
        sa.Column("schedule_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("what", sa.String(length=32), nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["made_by"], ["users.id"], name=op.f("fk_schedule_versions_made_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["schedule_id"],
            ["schedules.id"],
            name=op.f("fk_schedule_versions_schedule_id_schedules"),
        ),
        sa.PrimaryKeyConstraint("schedule_id", "version", name=op.f("pk_schedule_versions")),
    )


def _executions() -> None:
    op.create_table(
        "schedule_executions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("farm_id", sa.Uuid(), nullable=False),
        sa.Column("schedule_id", sa.Uuid(), nullable=False),
        sa.Column("hub_id", sa.Uuid(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=32), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("requested_by", sa.Uuid(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["farm_id"], ["farms.id"], name=op.f("fk_schedule_executions_farm_id_farms")
        ),
        sa.ForeignKeyConstraint(
            ["hub_id"], ["hubs.id"], name=op.f("fk_schedule_executions_hub_id_hubs")
        ),
        sa.ForeignKeyConstraint(
            ["requested_by"], ["users.id"], name=op.f("fk_schedule_executions_requested_by_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedule_executions")),
    )
    op.create_index(
        op.f("ix_schedule_executions_schedule_id_due_at_id"),
        "schedule_executions",
        ["schedule_id", "due_at", "id"],
    )
    op.create_index(op.f("ix_schedule_executions_due_at"), "schedule_executions", ["due_at"])
    op.create_index(
        "ix_schedule_executions_open",
        "schedule_executions",
        ["hub_id"],
        postgresql_where=sa.text("outcome IS NULL"),
    )
