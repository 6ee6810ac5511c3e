"""People, farms, houses, hubs and devices, with the outbox and the event log."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _platform()
    _people()
    _sessions()
    _farms()
    _houses()
    _cycles()
    _hubs()
    _devices()
    _device_states()


def downgrade() -> None:
    """Drop the tables, those that refer to others first."""
    for table in (
        "device_states",
        "device_parameters",
        "devices",
        "unknown_devices",
        "hubs",
        "crop_cycles",
        "flocks",
        "zones",
        "houses",
        "farm_members",
        "farms",
        "refresh_tokens",
        "user_sessions",
        "login_failures",
        "reset_codes",
        "registration_keys",
        "users",
        "idempotent_answers",
        "farm_changes",
        "events",
    ):
        op.drop_table(table)


def _platform() -> None:
    op.create_table(
        "events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("t", sa.DateTime(timezone=True), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("severity", sa.String(32), nullable=False),
        sa.Column("farm_id", sa.Uuid(), nullable=True),
        sa.Column("house_id", sa.Uuid(), nullable=True),
        sa.Column("device_id", sa.Uuid(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("data", postgresql.JSONB(), nullable=False),
        sa.Column("ip", sa.Text(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    op.create_index(op.f("ix_events_farm_id_t_id"), "events", ["farm_id", "t", "id"])
    op.create_index(op.f("ix_events_user_id_t_id"), "events", ["user_id", "t", "id"])
    op.create_table(
        "farm_changes",
        sa.Column("farm_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("t", sa.DateTime(timezone=True), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("data", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("farm_id", "seq", name=op.f("pk_farm_changes")),
    )
    op.create_index(op.f("ix_farm_changes_t"), "farm_changes", ["t"])
    op.create_table(
        "idempotent_answers",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "key", name=op.f("pk_idempotent_answers")),
    )
    op.create_index(
        op.f("ix_idempotent_answers_created_at"), "idempotent_answers", ["created_at"], unique=False
    )


def _people() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("language", sa.String(32), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("avatar", sa.Text(), nullable=True),
        sa.Column("contact_verified", sa.Boolean(), nullable=False),
        sa.Column("is_staff", sa.Boolean(), nullable=False),
        sa.Column("home_farm_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
        sa.UniqueConstraint("phone", name=op.f("uq_users_phone")),
    )
    op.create_table(
        "registration_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key_hash", sa.Text(), nullable=False),
        sa.Column("hint", sa.Text(), nullable=False),
        sa.Column("farm_name", sa.Text(), nullable=False),
        sa.Column("province", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_by", sa.Uuid(), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["used_by"], ["users.id"], name=op.f("fk_registration_keys_used_by_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registration_keys")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_registration_keys_key_hash")),
    )
    op.create_table(
        "reset_codes",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_reset_codes_user_id_users")
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_reset_codes")),
    )
    op.create_table(
        "login_failures",
        sa.Column("login_hash", sa.Text(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("login_hash", name=op.f("pk_login_failures")),
    )
    op.create_index(
        op.f("ix_login_failures_began_at"), "login_failures", ["began_at"], unique=False
    )


def _sessions() -> None:
    op.create_table(
        "user_sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("device_name", sa.Text(), nullable=True),
        sa.Column("ip", sa.Text(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_user_sessions_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_sessions")),
    )
    op.create_index(
        op.f("ix_user_sessions_expires_at"), "user_sessions", ["expires_at"], unique=False
    )
    op.create_index(op.f("ix_user_sessions_user_id"), "user_sessions", ["user_id"])
    op.create_table(
        "refresh_tokens",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["user_sessions.id"],
            name=op.f("fk_refresh_tokens_session_id_user_sessions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_refresh_tokens")),
    )
    op.create_index(
        op.f("ix_refresh_tokens_session_id"), "refresh_tokens", ["session_id"], unique=False
    )


def _farms() -> None:
    op.create_table(
        "farms",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("province", sa.Text(), nullable=True),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("image_url", sa.Text(), nullable=True),
        sa.Column("change_seq", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stopped_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["stopped_by"], ["users.id"], name=op.f("fk_farms_stopped_by_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_farms")),
    )
    op.create_table(
        "farm_members",
        sa.Column("farm_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("invited_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["farm_id"], ["farms.id"], name=op.f("fk_farm_members_farm_id_farms")
        ),
        sa.ForeignKeyConstraint(
            ["invited_by"], ["users.id"], name=op.f("fk_farm_members_invited_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_farm_members_user_id_users")
        ),
        sa.PrimaryKeyConstraint("farm_id", "user_id", name=op.f("pk_farm_members")),
    )
    op.create_index(op.f("ix_farm_members_user_id"), "farm_members", ["user_id"])


def _houses() -> None:
    op.create_table(
        "houses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("farm_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("chicken_type", sa.Text(), nullable=True),
        sa.Column("crop_type", sa.Text(), nullable=True),
        sa.Column("floor_area_m2", sa.Double(), nullable=True),
        sa.Column("temperature_min_c", sa.Double(), nullable=False),
        sa.Column("temperature_max_c", sa.Double(), nullable=False),
        sa.Column("temperature_hard_max_c", sa.Double(), nullable=False),
        sa.Column("water_low_percent", sa.Double(), nullable=False),
        sa.Column("water_full_percent", sa.Double(), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stopped_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["farm_id"], ["farms.id"], name=op.f("fk_houses_farm_id_farms")),
        sa.ForeignKeyConstraint(
            ["stopped_by"], ["users.id"], name=op.f("fk_houses_stopped_by_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_houses")),
    )
    op.create_index(
        "uq_houses_farm_id_number",
        "houses",
        ["farm_id", "number"],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "zones",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("house_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["house_id"], ["houses.id"], name=op.f("fk_zones_house_id_houses")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_zones")),
        sa.UniqueConstraint("house_id", "name", name=op.f("uq_zones_house_id_name")),
    )


def _cycles() -> None:
    op.create_table(
        "flocks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("house_id", sa.Uuid(), nullable=False),
        sa.Column("chicken_type", sa.Text(), nullable=True),
        sa.Column("placed_on", sa.Date(), nullable=False),
        sa.Column("placed_count", sa.Integer(), nullable=False),
        sa.Column("present_count", sa.Integer(), nullable=False),
        sa.Column("cleared_on", sa.Date(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["house_id"], ["houses.id"], name=op.f("fk_flocks_house_id_houses")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flocks")),
    )
    op.create_index(
        op.f("ix_flocks_house_id_placed_on"), "flocks", ["house_id", "placed_on"], unique=False
    )
    op.create_index(
        "uq_flocks_house_id",
        "flocks",
        ["house_id"],
        unique=True,
        postgresql_where=sa.text("cleared_on IS NULL AND deleted_at IS NULL"),
    )
    op.create_table(
        "crop_cycles",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("house_id", sa.Uuid(), nullable=False),
        sa.Column("crop_type", sa.Text(), nullable=False),
        sa.Column("planted_on", sa.Date(), nullable=False),
        sa.Column("plant_count", sa.Integer(), nullable=True),
        sa.Column("area_m2", sa.Double(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["house_id"], ["houses.id"], name=op.f("fk_crop_cycles_house_id_houses")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crop_cycles")),
    )
    op.create_index(
        op.f("ix_crop_cycles_house_id_planted_on"),
        "crop_cycles",
        ["house_id", "planted_on"],
        unique=False,
    )
    op.create_index(
        "uq_crop_cycles_house_id",
        "crop_cycles",
        ["house_id"],
        unique=True,
        postgresql_where=sa.text("ended_on IS NULL AND deleted_at IS NULL"),
    )


def _hubs() -> None:
    op.create_table(
        "hubs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("farm_id", sa.Uuid(), nullable=False),
        sa.Column("house_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("desired_version", sa.BigInteger(), nullable=False),
        sa.Column("desired_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("held_version", sa.BigInteger(), nullable=True),
        sa.Column("software", sa.Text(), nullable=True),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["farm_id"], ["farms.id"], name=op.f("fk_hubs_farm_id_farms")),
        sa.ForeignKeyConstraint(["house_id"], ["houses.id"], name=op.f("fk_hubs_house_id_houses")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hubs")),
    )
    op.create_index(op.f("ix_hubs_farm_id"), "hubs", ["farm_id"])
    op.create_table(
        "unknown_devices",
        sa.Column("hub_id", sa.Uuid(), nullable=False),
        sa.Column("hardware_id", sa.Text(), nullable=False),
        sa.Column("farm_id", sa.Uuid(), nullable=False),
        sa.Column("driver", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("first_heard_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_heard_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("times_heard", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["farm_id"], ["farms.id"], name=op.f("fk_unknown_devices_farm_id_farms")
        ),
        sa.ForeignKeyConstraint(
            ["hub_id"], ["hubs.id"], name=op.f("fk_unknown_devices_hub_id_hubs")
        ),
        sa.PrimaryKeyConstraint("hub_id", "hardware_id", name=op.f("pk_unknown_devices")),
    )
    op.create_index(
        op.f("ix_unknown_devices_farm_id"), "unknown_devices", ["farm_id"], unique=False
    )


def _devices() -> None:
    op.create_table(
        "devices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("farm_id", sa.Uuid(), nullable=False),
        sa.Column("house_id", sa.Uuid(), nullable=False),
        sa.Column("zone_id", sa.Uuid(), nullable=False),
        sa.Column("hub_id", sa.Uuid(), nullable=True),
        sa.Column("hardware_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("interface", sa.String(32), nullable=False),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("firmware", sa.Text(), nullable=True),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("installed_on", sa.Date(), nullable=True),
        sa.Column("quantities", postgresql.JSONB(), nullable=False),
        sa.Column("period_s", sa.Double(), nullable=False),
        sa.Column("address", postgresql.JSONB(), nullable=False),
        sa.Column("specs", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["farm_id"], ["farms.id"], name=op.f("fk_devices_farm_id_farms")),
        sa.ForeignKeyConstraint(
            ["house_id"], ["houses.id"], name=op.f("fk_devices_house_id_houses")
        ),
        sa.ForeignKeyConstraint(["hub_id"], ["hubs.id"], name=op.f("fk_devices_hub_id_hubs")),
        sa.ForeignKeyConstraint(["zone_id"], ["zones.id"], name=op.f("fk_devices_zone_id_zones")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_devices")),
    )
    op.create_index(op.f("ix_devices_house_id"), "devices", ["house_id"])
    op.create_index(op.f("ix_devices_hub_id"), "devices", ["hub_id"])
    op.create_index(
        "uq_devices_farm_id_hardware_id",
        "devices",
        ["farm_id", "hardware_id"],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )


def _device_states() -> None:
    op.create_table(
        "device_parameters",
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", postgresql.JSONB(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("minimum", sa.Double(), nullable=True),
        sa.Column("maximum", sa.Double(), nullable=True),
        sa.Column("calibrated", sa.Boolean(), nullable=False),
        sa.Column("calibrated_on", sa.Date(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_device_parameters_device_id_devices")
        ),
        sa.PrimaryKeyConstraint("device_id", "name", name=op.f("pk_device_parameters")),
    )
    op.create_table(
        "device_states",
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("t", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actual", sa.Double(), nullable=True),
        sa.Column("target", sa.Double(), nullable=True),
        sa.Column("online", sa.Boolean(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("why", postgresql.JSONB(), nullable=True),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("runtime_s", sa.Double(), nullable=False),
        sa.Column("on_cycles", sa.BigInteger(), nullable=False),
        sa.Column("errors", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_device_states_device_id_devices")
        ),
        sa.PrimaryKeyConstraint("device_id", name=op.f("pk_device_states")),
    )
