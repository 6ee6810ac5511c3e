"""What photographs of droppings show, and what people say of it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "detections",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("farm_id", sa.Uuid(), nullable=False),
        sa.Column("house_id", sa.Uuid(), nullable=False),
        sa.Column("hub_id", sa.Uuid(), nullable=True),
        sa.Column("camera", sa.Text(), nullable=True),
        sa.Column("sent_by", sa.Uuid(), nullable=True),
        sa.Column("t", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disease", sa.String(length=32), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("alert", sa.Boolean(), nullable=False),
        sa.Column("isolate", sa.Boolean(), nullable=False),
        sa.Column("probabilities", postgresql.JSONB(), nullable=False),
        sa.Column("no_dropping", sa.Double(), nullable=False),
        sa.Column("reasons", postgresql.JSONB(), nullable=False),
        sa.Column("models", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("thumbnail", sa.LargeBinary(), nullable=True),
        sa.Column("right", sa.Boolean(), nullable=True),
        sa.Column("marked_as", sa.String(length=32), nullable=True),
        sa.Column("marked_by", sa.Uuid(), nullable=True),
        sa.Column("marked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("consent", sa.Boolean(), nullable=False),
        *(
            sa.ForeignKeyConstraint(
                [column], [f"{table}.id"], name=op.f(f"fk_detections_{column}_{table}")
            )
            for column, table in (
                ("farm_id", "farms"),
                ("house_id", "houses"),
                ("hub_id", "hubs"),
                ("sent_by", "users"),
                ("marked_by", "users"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_detections")),
    )
    op.create_index(op.f("ix_detections_house_id_t_id"), "detections", ["house_id", "t", "id"])
    op.create_index(
        "ix_detections_marked",
        "detections",
        ["farm_id", "t"],
        postgresql_where=sa.text("consent"),
    )
    op.create_index(
        "ix_detections_pictured",
        "detections",
        ["t"],
        postgresql_where=sa.text("thumbnail IS NOT NULL"),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("detections")
