"""The table of orders."""

from datetime import datetime
from enum import StrEnum, unique
from uuid import UUID

from sqlalchemy import Double, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from tokkatot.cloud.platform.base import Base, EnumText
from tokkatot.domain.commands import Action, CommandState


@unique
class Origin(StrEnum):
    """Where an order was given."""

    CLOUD = "cloud"
    FARM = "farm"


class Command(Base):
    """One order to one device; `action` and `value` are what it came down to."""

    __tablename__ = "commands"
    __table_args__ = (
        Index(None, "farm_id", "requested_at", "id"),
        Index(None, "device_id", "requested_at", "id"),
        Index("ix_commands_queued", "hub_id", postgresql_where=text("state = 'queued'")),
        Index(
            "ix_commands_open",
            "expires_at",
            postgresql_where=text("state IN ('queued', 'sent', 'executing')"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    farm_id: Mapped[UUID] = mapped_column(ForeignKey("farms.id"))
    house_id: Mapped[UUID] = mapped_column(ForeignKey("houses.id"))
    device_id: Mapped[UUID] = mapped_column(ForeignKey("devices.id"))
    hub_id: Mapped[UUID] = mapped_column(ForeignKey("hubs.id"))
    origin: Mapped[Origin] = mapped_column(EnumText(Origin))
    action: Mapped[Action] = mapped_column(EnumText(Action))
    value: Mapped[float | None] = mapped_column(Double)
    """The level in %; None for what holds nothing, such as `auto`."""
    duration_s: Mapped[int | None]
    state: Mapped[CommandState] = mapped_column(EnumText(CommandState))
    reason: Mapped[str | None]
    requested_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    requested_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]


class PhotographRequest(Base):
    """Somebody's wish to see a house now; what is seen, or why nothing is, comes from the hub."""

    __tablename__ = "photograph_requests"
    __table_args__ = (
        Index("ix_photograph_requests_waiting", "hub_id", postgresql_where=text("sent_at IS NULL")),
        Index(None, "house_id", "requested_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    house_id: Mapped[UUID] = mapped_column(ForeignKey("houses.id"))
    hub_id: Mapped[UUID] = mapped_column(ForeignKey("hubs.id"))
    requested_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    requested_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
