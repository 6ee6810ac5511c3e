"""The tables of alerts, of what houses and people want to be told, and of what they were told."""

from datetime import datetime, time
from enum import StrEnum, unique
from uuid import UUID

from sqlalchemy import Double, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tokkatot.cloud.platform.base import Base, EnumText, JsonObject
from tokkatot.cloud.schedules.model import Written
from tokkatot.domain.alerts import AlertState, AlertType, Severity


class Alert(Base):
    """One condition from when it began to when it was over."""

    __tablename__ = "alerts"
    __table_args__ = (
        Index(None, "farm_id", "raised_at", "id"),
        Index("ix_alerts_open", "farm_id", postgresql_where=text("state <> 'normal'")),
        Index("ix_alerts_under", "under", postgresql_where=text("under IS NOT NULL")),
        Index(
            "ix_alerts_seen",
            "hub_id",
            "acknowledged_at",
            postgresql_where=text("acknowledged_at IS NOT NULL"),
        ),
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
    about: Mapped[str | None]
    """The definition or the node that it is of."""
    name: Mapped[str | None]
    """What people call it."""
    under: Mapped[UUID | None]
    """The alert that it is told with: nobody is called for this one."""
    shelved: Mapped[bool] = mapped_column(default=False)
    """Its hub tells it in silence, since people wanted it to rest."""
    shelved_until: Mapped[datetime | None]
    flaps: Mapped[bool] = mapped_column(default=False)
    times: Mapped[int] = mapped_column(default=1)
    """How often it was told."""
    told_at: Mapped[datetime]
    """When people were told last, or nobody was left to ask, by the cloud's clock."""
    hub_told_at: Mapped[datetime | None]
    """When its hub told it last, by the hub's clock; None where that can't be right."""
    escalated: Mapped[int] = mapped_column(default=0)
    """To how many people in turn it was brought since then, for nobody had seen it."""


class HouseAlarms(Written):
    """What a house wants to be told of beyond what every house tells."""

    __tablename__ = "house_alarms"

    items: Mapped[list[JsonObject]] = mapped_column("alarms", JSONB)


class AlarmShelf(Base):
    """An alarm that people do not want to hear of until a moment."""

    __tablename__ = "alarm_shelves"
    __table_args__ = (
        Index(
            "uq_alarm_shelves_house_id_type_device_id_about",
            "house_id",
            "type",
            "device_id",
            "about",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    house_id: Mapped[UUID] = mapped_column(ForeignKey("houses.id"))
    type: Mapped[AlertType] = mapped_column(EnumText(AlertType))
    device_id: Mapped[UUID | None] = mapped_column(ForeignKey("devices.id"))
    about: Mapped[str | None]
    until: Mapped[datetime]
    shelved_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))


@unique
class MessageKind(StrEnum):
    """Why a person was told."""

    ALERT = "alert"
    ESCALATED = "escalated"
    TEST = "test"


class Message(Base):
    """What one person was told, as it was then; kept when what it speaks of is gone."""

    __tablename__ = "messages"
    __table_args__ = (
        Index(None, "user_id", "t", "id"),
        Index("ix_messages_unread", "user_id", "t", postgresql_where=text("read_at IS NULL")),
        Index(None, "t"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    farm_id: Mapped[UUID] = mapped_column(ForeignKey("farms.id"))
    alert_id: Mapped[UUID | None]
    kind: Mapped[MessageKind] = mapped_column(EnumText(MessageKind))
    severity: Mapped[Severity] = mapped_column(EnumText(Severity))
    t: Mapped[datetime]
    quiet: Mapped[bool]
    """It came in the person's quiet hours."""
    facts: Mapped[JsonObject]
    """What `words.Facts` needs to say it in any language."""
    read_at: Mapped[datetime | None]


class Subscription(Base):
    """What a person wants to be told of; who has none is told everything of their farms."""

    __tablename__ = "alert_subscriptions"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    farm_id: Mapped[UUID | None] = mapped_column(ForeignKey("farms.id"))
    types: Mapped[list[str]]
    """Types of alerts; none: all."""
    least: Mapped[Severity] = mapped_column(EnumText(Severity))
    quiet_from: Mapped[time | None]
    quiet_until: Mapped[time | None]
    created_at: Mapped[datetime]


class Escalation(Base):
    """To whom of a farm an urgent alert is brought in turn while nobody acknowledges it."""

    __tablename__ = "farm_escalations"

    farm_id: Mapped[UUID] = mapped_column(ForeignKey("farms.id"), primary_key=True)
    after_s: Mapped[int]
    user_ids: Mapped[list[str]]
    """In their order; none: the managers, then the owners."""
