"""The tables of devices."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tokkatot.cloud.platform.base import Base, EnumText, JsonObject
from tokkatot.domain.devices import DeviceRole, Interface


class Device(Base):
    """One sensor or one actuator."""

    __tablename__ = "devices"
    __table_args__ = (
        Index(
            "uq_devices_farm_id_hardware_id",
            "farm_id",
            "hardware_id",
            unique=True,
            postgresql_where=text("deleted_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    farm_id: Mapped[UUID] = mapped_column(ForeignKey("farms.id"))
    house_id: Mapped[UUID] = mapped_column(ForeignKey("houses.id"), index=True)
    zone_id: Mapped[UUID] = mapped_column(ForeignKey("zones.id"))
    hub_id: Mapped[UUID | None] = mapped_column(ForeignKey("hubs.id"), index=True)
    hardware_id: Mapped[str]
    name: Mapped[str]
    role: Mapped[DeviceRole] = mapped_column(EnumText(DeviceRole))
    interface: Mapped[Interface] = mapped_column(EnumText(Interface))
    model: Mapped[str | None]
    firmware: Mapped[str | None]
    location: Mapped[str | None]
    installed_on: Mapped[date | None]
    quantities: Mapped[list[str]]
    period_s: Mapped[float]
    address: Mapped[JsonObject]
    specs: Mapped[JsonObject]
    limits: Mapped[JsonObject | None] = mapped_column(JSONB(none_as_null=True))
    """How gently it wants to be switched; None: as its role."""
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class DeviceParameter(Base):
    """One configuration parameter of a device."""

    __tablename__ = "device_parameters"

    device_id: Mapped[UUID] = mapped_column(ForeignKey("devices.id"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[float | str | bool | None] = mapped_column(JSONB)
    unit: Mapped[str | None]
    minimum: Mapped[float | None]
    maximum: Mapped[float | None]
    calibrated: Mapped[bool]
    calibrated_on: Mapped[date | None]
    updated_at: Mapped[datetime]


class DeviceState(Base):
    """What a device reported last, and what was counted of it since it was installed."""

    __tablename__ = "device_states"

    device_id: Mapped[UUID] = mapped_column(ForeignKey("devices.id"), primary_key=True)
    t: Mapped[datetime]
    """When it reported; the levels are of then."""
    actual: Mapped[float | None]
    target: Mapped[float | None]
    online: Mapped[bool]
    error: Mapped[str | None]
    why: Mapped[JsonObject | None]
    last_seen_at: Mapped[datetime]
    runtime_s: Mapped[float]
    on_cycles: Mapped[int] = mapped_column(BigInteger)
    errors: Mapped[int] = mapped_column(BigInteger)


class UnknownDevice(Base):
    """A device that a hub heard and nobody registered; it is listed and never moved."""

    __tablename__ = "unknown_devices"

    hub_id: Mapped[UUID] = mapped_column(ForeignKey("hubs.id"), primary_key=True)
    hardware_id: Mapped[str] = mapped_column(primary_key=True)
    farm_id: Mapped[UUID] = mapped_column(ForeignKey("farms.id"), index=True)
    driver: Mapped[str]
    detail: Mapped[str]
    first_heard_at: Mapped[datetime]
    last_heard_at: Mapped[datetime]
    times_heard: Mapped[int] = mapped_column(BigInteger)
