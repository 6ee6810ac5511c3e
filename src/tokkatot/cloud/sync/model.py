"""The tables of the talk with hubs."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from tokkatot.cloud.platform.base import Base


class HubCursor(Base):
    """How far one stream of a hub is stored, in one epoch."""

    __tablename__ = "hub_cursors"

    hub_id: Mapped[UUID] = mapped_column(
        ForeignKey("hubs.id", ondelete="CASCADE"), primary_key=True
    )
    stream: Mapped[str] = mapped_column(primary_key=True)
    epoch: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger)
    join_through: Mapped[int] = mapped_column(BigInteger)
    mark: Mapped[str | None]
    opened_at: Mapped[datetime]
    moved_at: Mapped[datetime]


class QuarantinedRow(Base):
    """A row that was received and is not acceptable, as it came."""

    __tablename__ = "quarantined_rows"
    __table_args__ = (Index(None, "hub_id", "id"), Index(None, "received_at"))

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    hub_id: Mapped[UUID] = mapped_column(ForeignKey("hubs.id", ondelete="CASCADE"))
    stream: Mapped[str]
    epoch: Mapped[str]
    seq: Mapped[int] = mapped_column(BigInteger)
    raw: Mapped[str]
    reason: Mapped[str]
    received_at: Mapped[datetime]
