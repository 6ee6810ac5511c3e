"""The table of alerts."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Double, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from tokkatot.cloud.platform.base import Base, EnumText
from tokkatot.domain.alerts import AlertState, AlertType, Severity


class Alert(Base):
    """One condition from when it began to when it was over."""

    __tablename__ = "alerts"
    __table_args__ = (
        Index(None, "farm_id", "raised_at", "id"),
        Index("ix_alerts_open", "farm_id", postgresql_where=text("state <> 'normal'")),
        # What the cloud raises itself it raises once a hub, however many processes look.
        Index(
            "uq_alerts_hub_id_type",
            "hub_id",
            "type",
            unique=True,
            postgresql_where=text("type IN ('hub_offline', 'data_gap') AND cleared_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    farm_id: Mapped[UUID] = mapped_column(ForeignKey("farms.id"))
    house_id: Mapped[UUID | None] = mapped_column(ForeignKey("houses.id"))
    device_id: Mapped[UUID | None] = mapped_column(ForeignKey("devices.id"))
    hub_id: Mapped[UUID] = mapped_column(ForeignKey("hubs.id"))
    type: Mapped[AlertType] = mapped_column(EnumText(AlertType))
    severity: Mapped[Severity] = mapped_column(EnumText(Severity))
    state: Mapped[AlertState] = mapped_column(EnumText(AlertState))
    threshold: Mapped[float | None] = mapped_column(Double)
    actual: Mapped[float | None] = mapped_column(Double)
    raised_at: Mapped[datetime]
    cleared_at: Mapped[datetime | None]
    acknowledged_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    acknowledged_at: Mapped[datetime | None]
