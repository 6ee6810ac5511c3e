"""The tables of farms."""

from dataclasses import asdict
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, synonym

from tokkatot.cloud.platform.base import Base, EnumText, JsonObject
from tokkatot.domain.houses import HouseKind, HouseMode, SetPoints
from tokkatot.domain.people import MemberRole
from tokkatot.domain.places import Place

RESTORABLE = timedelta(days=30)
MAIN_ZONE = "main"


class Farm(Base):
    """The tenant."""

    __tablename__ = "farms"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    province: Mapped[str | None]
    location: Mapped[str | None]
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    time_zone: Mapped[str]
    description: Mapped[str | None]
    image_url: Mapped[str | None]
    change_seq: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    """The newest number that the outbox gave; written by the outbox alone."""
    stopped_at: Mapped[datetime | None]
    stopped_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]

    @property
    def place(self) -> Place | None:
        """Return where the farm's sun rises, where people said so."""
        if self.latitude is None or self.longitude is None:
            return None
        return Place(latitude=self.latitude, longitude=self.longitude)

    def today(self, now: datetime) -> date:
        """Return the day that it is on the farm."""
        return now.astimezone(ZoneInfo(self.time_zone)).date()


class FarmMember(Base):
    """A person's role on a farm."""

    __tablename__ = "farm_members"

    farm_id: Mapped[UUID] = mapped_column(ForeignKey("farms.id"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True, index=True)
    role: Mapped[MemberRole] = mapped_column(EnumText(MemberRole))
    invited_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]


class House(Base):
    """One climate-controlled building with its set-points."""

    __tablename__ = "houses"
    __table_args__ = (
        Index(
            "uq_houses_farm_id_number",
            "farm_id",
            "number",
            unique=True,
            postgresql_where=text("deleted_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    farm_id: Mapped[UUID] = mapped_column(ForeignKey("farms.id"))
    number: Mapped[int]
    name: Mapped[str]
    kind: Mapped[HouseKind] = mapped_column(EnumText(HouseKind))
    capacity: Mapped[int | None]
    chicken_type: Mapped[str | None]
    crop_type: Mapped[str | None]
    floor_area_m2: Mapped[float | None]
    temperature_min_c: Mapped[float]
    temperature_max_c: Mapped[float]
    temperature_hard_max_c: Mapped[float]
    water_low_percent: Mapped[float]
    water_full_percent: Mapped[float]
    mode: Mapped[HouseMode | None] = mapped_column(EnumText(HouseMode))
    night_setpoints: Mapped[JsonObject | None] = mapped_column(JSONB(none_as_null=True))
    """The targets from sunset to sunrise; None: as by day."""
    stopped_at: Mapped[datetime | None]
    stopped_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]

    @property
    def setpoints(self) -> SetPoints:
        """Return the set-points as the rules take them."""
        return SetPoints(
            temperature_min_c=self.temperature_min_c,
            temperature_max_c=self.temperature_max_c,
            temperature_hard_max_c=self.temperature_hard_max_c,
            water_low_percent=self.water_low_percent,
            water_full_percent=self.water_full_percent,
        )

    @setpoints.setter
    def setpoints(self, setpoints: SetPoints) -> None:
        self.temperature_min_c = setpoints.temperature_min_c
        self.temperature_max_c = setpoints.temperature_max_c
        self.temperature_hard_max_c = setpoints.temperature_hard_max_c
        self.water_low_percent = setpoints.water_low_percent
        self.water_full_percent = setpoints.water_full_percent

    @property
    def night(self) -> SetPoints | None:
        """Return the set-points from sunset to sunrise, where the house has its own."""
        return None if self.night_setpoints is None else SetPoints(**self.night_setpoints)

    @night.setter
    def night(self, setpoints: SetPoints | None) -> None:
        self.night_setpoints = None if setpoints is None else asdict(setpoints)


class Zone(Base):
    """A named part of a house."""

    __tablename__ = "zones"
    __table_args__ = (UniqueConstraint("house_id", "name"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    house_id: Mapped[UUID] = mapped_column(ForeignKey("houses.id"))
    name: Mapped[str]
    created_at: Mapped[datetime]


class HouseCycle:
    """What lives in a house for a while; each kind calls its first and last day by its own word."""

    id: Mapped[UUID] = mapped_column(primary_key=True)
    house_id: Mapped[UUID] = mapped_column(ForeignKey("houses.id"))
    notes: Mapped[str | None]
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]
    began_on: Mapped[date]
    ended_on: Mapped[date | None]


class Flock(HouseCycle, Base):
    """The birds of a coop from placing to clearing."""

    __tablename__ = "flocks"
    __table_args__ = (
        Index(
            "uq_flocks_house_id",
            "house_id",
            unique=True,
            postgresql_where=text("cleared_on IS NULL AND deleted_at IS NULL"),
        ),
        Index(None, "house_id", "placed_on"),
    )

    chicken_type: Mapped[str | None]
    placed_on: Mapped[date]
    placed_count: Mapped[int]
    present_count: Mapped[int]
    cleared_on: Mapped[date | None]
    began_on = synonym("placed_on")
    ended_on = synonym("cleared_on")


class CropCycle(HouseCycle, Base):
    """The crop of a greenhouse from planting to the last harvest."""

    __tablename__ = "crop_cycles"
    __table_args__ = (
        Index(
            "uq_crop_cycles_house_id",
            "house_id",
            unique=True,
            postgresql_where=text("ended_on IS NULL AND deleted_at IS NULL"),
        ),
        Index(None, "house_id", "planted_on"),
    )

    crop_type: Mapped[str]
    planted_on: Mapped[date]
    plant_count: Mapped[int | None]
    area_m2: Mapped[float | None]
    began_on = synonym("planted_on")


class Harvest(Base):
    """What was picked of a crop on a day, as somebody weighed it."""

    __tablename__ = "harvests"
    __table_args__ = (Index(None, "house_id", "picked_on"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    house_id: Mapped[UUID] = mapped_column(ForeignKey("houses.id"))
    crop_cycle_id: Mapped[UUID] = mapped_column(ForeignKey("crop_cycles.id"), index=True)
    picked_on: Mapped[date]
    kg: Mapped[float]
    notes: Mapped[str | None]
    noted_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class Hub(Base):
    """An on-farm computer, for one house or, without one, for the whole farm."""

    __tablename__ = "hubs"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    farm_id: Mapped[UUID] = mapped_column(ForeignKey("farms.id"), index=True)
    house_id: Mapped[UUID | None] = mapped_column(ForeignKey("houses.id"))
    name: Mapped[str]
    password_hash: Mapped[str]
    """As the broker checks it."""
    desired_version: Mapped[int] = mapped_column(BigInteger)
    desired_at: Mapped[datetime]
    held_version: Mapped[int | None] = mapped_column(BigInteger)
    """What the hub said that it holds."""
    software: Mapped[str | None]
    addresses: Mapped[list[str]] = mapped_column(server_default=text("'[]'::jsonb"))
    """Where phones on the farm's own network find the hub's page, as it said itself."""
    last_seen_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class HubPin(Base):
    """The PIN that an owner has set for all hubs of a farm, sealed; without it each has its own."""

    __tablename__ = "hub_pins"

    farm_id: Mapped[UUID] = mapped_column(ForeignKey("farms.id"), primary_key=True)
    sealed: Mapped[str]
    set_at: Mapped[datetime]
    set_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
