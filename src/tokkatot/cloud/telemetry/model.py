"""The tables of readings, of what devices did, and of how well hubs are heard."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tokkatot.cloud.platform.base import Base


class Series(Base):
    """One quantity of one device in one house, under a small number."""

    __tablename__ = "series"
    __table_args__ = (UniqueConstraint("house_id", "device_id", "quantity"),)

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    farm_id: Mapped[UUID] = mapped_column(ForeignKey("farms.id", ondelete="CASCADE"), index=True)
    house_id: Mapped[UUID] = mapped_column(ForeignKey("houses.id", ondelete="CASCADE"))
    device_id: Mapped[UUID] = mapped_column(ForeignKey("devices.id", ondelete="CASCADE"))
    quantity: Mapped[str]


# No key and no foreign key: the cursor of the sync makes a reading come once, and an index is paid
# by every row. A row is a block of readings of one series on one day, `t` its first time.
open_readings = Table(
    "open_readings",
    Base.metadata,
    Column("t", DateTime(timezone=True), nullable=False),
    Column("series_id", Integer, nullable=False),
    Column("n", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index(None, "series_id", "t"),
    postgresql_partition_by="RANGE (t)",
)


class PackedReadings(Base):
    """A day of a series in one block, all but its newest hour; days count in UTC."""

    __tablename__ = "packed_readings"
    __table_args__ = (
        CheckConstraint("(body IS NULL) = (place IS NOT NULL AND size IS NOT NULL)", "somewhere"),
    )

    series_id: Mapped[int] = mapped_column(
        ForeignKey("series.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    day: Mapped[date] = mapped_column(primary_key=True)
    n: Mapped[int]
    imported: Mapped[bool]
    """Some of it was imported: retention leaves the day alone."""
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The block; None where it lies in a bundle, from `place` on and `size` bytes long."""
    place: Mapped[int | None]
    size: Mapped[int | None]


class BundledReadings(Base):
    """The blocks of packed days of sixteen, one after the other."""

    __tablename__ = "bundled_readings"

    series_id: Mapped[int] = mapped_column(
        ForeignKey("series.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    begins: Mapped[date] = mapped_column(primary_key=True)
    body: Mapped[bytes] = mapped_column(LargeBinary)


class Rollup(Base):
    """What the packed readings of a series sum up to in one bucket of time.

    Buckets of `width_s` seconds are numbered from 1970-01-01 UTC.
    """

    __tablename__ = "rollups"

    series_id: Mapped[int] = mapped_column(
        ForeignKey("series.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    width_s: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    bucket: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    mean_ms: Mapped[int] = mapped_column(BigInteger)
    n: Mapped[int] = mapped_column(BigInteger)
    total: Mapped[float] = mapped_column(Double)
    lowest: Mapped[float] = mapped_column(Double)
    highest: Mapped[float] = mapped_column(Double)
    last: Mapped[float] = mapped_column(Double)
    quality: Mapped[int] = mapped_column(SmallInteger)


class RetentionPolicy(Base):
    """For how many days a farm keeps its readings, where it wants other than usual."""

    __tablename__ = "retention_policies"

    farm_id: Mapped[UUID] = mapped_column(
        ForeignKey("farms.id", ondelete="CASCADE"), primary_key=True
    )
    readings_days: Mapped[int]
    minutes_days: Mapped[int]
    five_minutes_days: Mapped[int]


class LatestReading(Base):
    """The newest reading of a series."""

    __tablename__ = "latest_readings"
    # Half-filled pages let an update stay on its page and off the index.
    __table_args__ = ({"postgresql_with": {"fillfactor": 50}},)

    series_id: Mapped[int] = mapped_column(
        ForeignKey("series.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    t: Mapped[datetime]
    value: Mapped[float] = mapped_column(Double)
    quality: Mapped[int] = mapped_column(SmallInteger)


class RefusedReading(Base):
    """A value that is no reading, as it came."""

    __tablename__ = "refused_readings"
    __table_args__ = (
        Index(None, "house_id", "id"),
        Index(None, "hub_id", "t"),
        Index(None, "received_at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    farm_id: Mapped[UUID] = mapped_column(ForeignKey("farms.id", ondelete="CASCADE"))
    house_id: Mapped[UUID | None] = mapped_column(ForeignKey("houses.id", ondelete="CASCADE"))
    hub_id: Mapped[UUID | None] = mapped_column(ForeignKey("hubs.id", ondelete="CASCADE"))
    """None where no hub but a person's program brought it."""
    device: Mapped[str] = mapped_column(Text)
    quantity: Mapped[str] = mapped_column(Text)
    t: Mapped[datetime | None]
    raw: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    received_at: Mapped[datetime]


# Written by every change of every device and read by time, so like the readings it has no key.
device_state_log = Table(
    "device_state_log",
    Base.metadata,
    Column("t", DateTime(timezone=True), nullable=False),
    Column("device_id", ForeignKey("devices.id", ondelete="CASCADE"), nullable=False),
    Column("actual", Double),
    Column("target", Double),
    Column("online", Boolean, nullable=False),
    Column("error", Text),
    Column("why", JSONB),
    Index(None, "device_id", "t"),
)


class LiveSnapshot(Base):
    """What is so now at a hub, as it sent it; lost with a crash and sent again within seconds."""

    __tablename__ = "live_snapshots"
    __table_args__ = ({"prefixes": ["UNLOGGED"]},)

    hub_id: Mapped[UUID] = mapped_column(
        ForeignKey("hubs.id", ondelete="CASCADE"), primary_key=True
    )
    farm_id: Mapped[UUID]
    received_at: Mapped[datetime]
    body: Mapped[bytes] = mapped_column(LargeBinary)


class HubLink(Base):
    """The session that holds with a hub, and what was heard of it."""

    __tablename__ = "hub_links"

    hub_id: Mapped[UUID] = mapped_column(
        ForeignKey("hubs.id", ondelete="CASCADE"), primary_key=True
    )
    session: Mapped[str]
    boot: Mapped[str]
    mono_ms: Mapped[int] = mapped_column(BigInteger)
    opened_at: Mapped[datetime]
    online: Mapped[bool]
    """What listeners were told last; `hubs.last_seen_at` is what is true."""


class ListeningProcess(Base):
    """A process that hears hubs, as it said itself a moment ago."""

    __tablename__ = "listening_processes"

    process_id: Mapped[UUID] = mapped_column(primary_key=True)
    since: Mapped[datetime]
    seen_at: Mapped[datetime]
