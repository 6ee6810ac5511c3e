"""The tables of schedules, of their runs and of the rules of houses."""

from datetime import datetime
from enum import StrEnum, unique
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tokkatot.automation.runs import Outcome
from tokkatot.cloud.platform.base import Base, EnumText, JsonObject


@unique
class Change(StrEnum):
    """What made a version of a schedule."""

    CREATED = "created"
    CHANGED = "changed"
    ROLLED_BACK = "rolled_back"
    ENABLED = "enabled"
    DISABLED = "disabled"
    DELETED = "deleted"
    RESTORED = "restored"


class Distributed:
    """What a hub is to hold: the first version of its document that contains the present one."""

    hub_id: Mapped[UUID | None] = mapped_column(ForeignKey("hubs.id"))
    hub_version: Mapped[int | None] = mapped_column(BigInteger)


class Written(Base):
    """What people write down for a house: all of it together, in one version."""

    __abstract__ = True

    house_id: Mapped[UUID] = mapped_column(ForeignKey("houses.id"), primary_key=True)
    version: Mapped[int]
    items: Mapped[list[JsonObject]]
    """In a column that each kind names."""
    changed_at: Mapped[datetime]
    changed_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))


class StoredSchedule(Distributed, Base):
    """A schedule: which of its versions holds, and which document of which hub contains it."""

    __tablename__ = "schedules"
    __table_args__ = (
        Index("ix_schedules_house_id", "house_id", postgresql_where=text("deleted_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    farm_id: Mapped[UUID] = mapped_column(ForeignKey("farms.id"), index=True)
    house_id: Mapped[UUID] = mapped_column(ForeignKey("houses.id"))
    version: Mapped[int]
    deleted_at: Mapped[datetime | None]


class ScheduleVersion(Base):
    """One version of a schedule as somebody wrote it; the newest ones are kept."""

    __tablename__ = "schedule_versions"

    schedule_id: Mapped[UUID] = mapped_column(ForeignKey("schedules.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    what: Mapped[Change] = mapped_column(EnumText(Change))
    content: Mapped[JsonObject]
    """The schedule as the interface takes it."""
    made_at: Mapped[datetime]
    made_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))


class Execution(Base):
    """One due run of a schedule with its one outcome, or a person's wish to run it now.

    A run of a schedule that is not known any more is kept too, so the schedule is a plain id.
    """

    __tablename__ = "schedule_executions"
    __table_args__ = (
        Index(None, "schedule_id", "due_at", "id"),
        Index(None, "due_at"),
        Index("ix_schedule_executions_open", "hub_id", postgresql_where=text("outcome IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    farm_id: Mapped[UUID] = mapped_column(ForeignKey("farms.id"))
    schedule_id: Mapped[UUID]
    hub_id: Mapped[UUID] = mapped_column(ForeignKey("hubs.id"))
    due_at: Mapped[datetime]
    at: Mapped[datetime | None]
    """When the outcome was known."""
    outcome: Mapped[Outcome | None] = mapped_column(EnumText(Outcome))
    reason: Mapped[str | None]
    requested_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    expires_at: Mapped[datetime | None]
    """Until when the hub may still be asked; None where nobody asked."""
    answer_by: Mapped[datetime | None]
    """When the hub's word is no longer waited for; it counts all the same when it comes."""
    sent_at: Mapped[datetime | None]
    heard_at: Mapped[datetime | None]
    """When the hub's word came."""


class HouseRules(Distributed, Written):
    """The rules of a house."""

    __tablename__ = "house_rules"

    items: Mapped[list[JsonObject]] = mapped_column("rules", JSONB)
