"""Learned policies, the houses that have one, and what it decided."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "policies",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("house_kind", sa.Text(), nullable=False),
        sa.Column("card", postgresql.JSONB(), nullable=False),
        sa.Column("model", sa.LargeBinary(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_policies")),
        sa.UniqueConstraint("version", name=op.f("uq_policies_version")),
    )
    op.create_table(
        "autopilots",
        sa.Column("house_id", sa.Uuid(), nullable=False),
        sa.Column("mode", sa.String(length=32), nullable=False),
        sa.Column("policy_sha256", sa.String(length=64), nullable=False),
        sa.Column("accepted_k", sa.Double(), nullable=True),
        sa.Column("accepted_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("desired_version", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["house_id"], ["houses.id"], name=op.f("fk_autopilots_house_id_houses")
        ),
        sa.ForeignKeyConstraint(
            ["policy_sha256"],
            ["policies.sha256"],
            name=op.f("fk_autopilots_policy_sha256_policies"),
        ),
        sa.ForeignKeyConstraint(
            ["accepted_by"], ["users.id"], name=op.f("fk_autopilots_accepted_by_users")
        ),
        sa.PrimaryKeyConstraint("house_id", name=op.f("pk_autopilots")),
    )
    op.create_index(op.f("ix_autopilots_policy_sha256"), "autopilots", ["policy_sha256"])
    op.create_table(
        "autopilot_decisions",
        sa.Column("house_id", sa.Uuid(), nullable=False),
        sa.Column("t", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mode", sa.String(length=32), nullable=False),
        sa.Column("policy_sha256", sa.String(length=64), nullable=True),
        sa.Column("shift_k", sa.Double(), nullable=False),
        sa.Column("advised_k", sa.Double(), nullable=True),
        sa.Column("refused", sa.String(length=32), nullable=True),
        sa.Column("air_c", sa.Double(), nullable=True),
        sa.Column("foretold_c", sa.Double(), nullable=True),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["house_id"], ["houses.id"], name=op.f("fk_autopilot_decisions_house_id_houses")
        ),
        sa.PrimaryKeyConstraint("house_id", "t", name=op.f("pk_autopilot_decisions")),
    )
    op.create_index(op.f("ix_autopilot_decisions_t"), "autopilot_decisions", ["t"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("autopilot_decisions")
    op.drop_table("autopilots")
    op.drop_table("policies")
