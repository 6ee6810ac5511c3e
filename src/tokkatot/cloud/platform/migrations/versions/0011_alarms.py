"""How alerts are told, the alarms that people write down for a house, and what rests."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add to the alerts, and make the tables."""
    op.add_column("alerts", sa.Column("about", sa.Text(), nullable=True))
    op.add_column("alerts", sa.Column("name", sa.Text(), nullable=True))
    op.add_column("alerts", sa.Column("under", sa.Uuid(), nullable=True))
    for flag in ("shelved", "flaps"):
        op.add_column(
            "alerts", sa.Column(flag, sa.Boolean(), nullable=False, server_default=sa.false())
        )
        op.alter_column("alerts", flag, server_default=None)
    op.add_column("alerts", sa.Column("shelved_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("alerts", sa.Column("times", sa.Integer(), nullable=False, server_default="1"))
    op.alter_column("alerts", "times", server_default=None)
    op.add_column("alerts", sa.Column("told_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE alerts SET told_at = raised_at")
    op.alter_column("alerts", "told_at", nullable=False)
    op.create_index(
        "ix_alerts_under", "alerts", ["under"], postgresql_where=sa.text("under IS NOT NULL")
    )
    op.create_index(
        "ix_alerts_seen",
        "alerts",
        ["hub_id", "acknowledged_at"],
        postgresql_where=sa.text("acknowledged_at IS NOT NULL"),
    )
    _house_alarms()
    _shelves()


def downgrade() -> None:
    """Drop it all."""
    op.drop_table("alarm_shelves")
    op.drop_table("house_alarms")
    op.drop_index("ix_alerts_seen", table_name="alerts")
    op.drop_index("ix_alerts_under", table_name="alerts")
    for column in (
        "told_at",
        "times",
        "shelved_until",
        "flaps",
        "shelved",
        "under",
        "name",
        "about",
    ):
        op.drop_column("alerts", column)


def _house_alarms() -> None:
    op.create_table(
        "house_alarms",
        sa.Column("house_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("alarms", postgresql.JSONB(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["changed_by"], ["users.id"], name=op.f("fk_house_alarms_changed_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["house_id"], ["houses.id"], name=op.f("fk_house_alarms_house_id_houses")
        ),
        sa.PrimaryKeyConstraint("house_id", name=op.f("pk_house_alarms")),
    )


def _shelves() -> None:
    op.create_table(
        "alarm_shelves",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("house_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=True),
        sa.Column("about", sa.Text(), nullable=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("shelved_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_alarm_shelves_device_id_devices")
        ),
        sa.ForeignKeyConstraint(
            ["house_id"], ["houses.id"], name=op.f("fk_alarm_shelves_house_id_houses")
        ),
        sa.ForeignKeyConstraint(
            ["shelved_by"], ["users.id"], name=op.f("fk_alarm_shelves_shelved_by_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm_shelves")),
    )
    op.create_index(
        "uq_alarm_shelves_house_id_type_device_id_about",
        "alarm_shelves",
        ["house_id", "type", "device_id", "about"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
