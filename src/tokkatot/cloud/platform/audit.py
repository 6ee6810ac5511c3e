"""The event log: who did what, and what happened by itself."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from tokkatot.cloud.platform.base import Base, EnumText, JsonObject
from tokkatot.cloud.platform.database import Transaction
from tokkatot.domain.alerts import Severity


class EventEntry(Base):
    """One event; rows are only ever added.

    References are plain ids, since the log outlives what it speaks of.
    """

    __tablename__ = "events"
    __table_args__ = (
        Index(None, "farm_id", "t", "id"),
        Index(None, "user_id", "t", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    t: Mapped[datetime]
    type: Mapped[str]
    severity: Mapped[Severity] = mapped_column(EnumText(Severity))
    farm_id: Mapped[UUID | None]
    house_id: Mapped[UUID | None]
    device_id: Mapped[UUID | None]
    user_id: Mapped[UUID | None]
    data: Mapped[JsonObject]
    ip: Mapped[str | None]
    user_agent: Mapped[str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """From where a request came."""

    ip: str | None = None
    user_agent: str | None = None


NOWHERE = Origin()


def record(  # noqa: PLR0913 - the columns of a row
    tx: Transaction,
    kind: str,
    *,
    farm_id: UUID | None = None,
    house_id: UUID | None = None,
    device_id: UUID | None = None,
    user_id: UUID | None = None,
    severity: Severity = Severity.INFO,
    data: JsonObject | None = None,
    t: datetime | None = None,
    origin: Origin = NOWHERE,
) -> None:
    """Add an event to the log, in the transaction of what it tells of."""
    tx.session.add(
        EventEntry(
            id=tx.new_id(),
            t=t or tx.now,
            type=kind,
            severity=severity,
            farm_id=farm_id,
            house_id=house_id,
            device_id=device_id,
            user_id=user_id,
            data=data or {},
            ip=origin.ip,
            user_agent=origin.user_agent,
        )
    )
