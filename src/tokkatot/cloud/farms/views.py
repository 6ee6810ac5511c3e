"""The bodies of the farm routes."""

from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from tokkatot.cloud.accounts.api import Contact
from tokkatot.cloud.accounts.service import DEFAULT_TIME_ZONE
from tokkatot.cloud.accounts.staff_api import ResetCodeView, reset_code_view
from tokkatot.cloud.farms.access import STAFF_ROLE, FarmAccess
from tokkatot.cloud.farms.members import Invited
from tokkatot.cloud.farms.model import Flock, House
from tokkatot.cloud.farms.store import FarmRow, MemberRow
from tokkatot.cloud.platform.schemas import (
    Body,
    Link,
    LongText,
    Name,
    Patch,
    ShortText,
    TimeZone,
    View,
)
from tokkatot.domain.alerts import Severity
from tokkatot.domain.houses import MODES, HouseKind, HouseMode, SetPoints
from tokkatot.domain.people import Language, MemberRole
from tokkatot.domain.pins import PIN_PATTERN

Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]
Count = Annotated[int, Field(ge=0, le=10_000_000)]
Area = Annotated[float, Field(gt=0, le=10_000_000)]
HouseNumber = Annotated[int, Field(ge=1, le=9999)]


class FarmBody(Body):
    """A farm to be; the caller becomes its owner."""

    name: Name
    province: ShortText | None = None
    location: ShortText | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    time_zone: TimeZone = DEFAULT_TIME_ZONE
    description: LongText | None = None
    image_url: Link | None = None


class FarmPatch(Patch):
    """What an owner may change of a farm."""

    may_be_null = frozenset(
        {"province", "location", "latitude", "longitude", "description", "image_url"}
    )

    name: Name | None = None
    province: ShortText | None = None
    location: ShortText | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    time_zone: TimeZone | None = None
    description: LongText | None = None
    image_url: Link | None = None


class FarmView(View):
    """A farm."""

    id: UUID
    name: str
    province: str | None
    location: str | None
    latitude: float | None
    longitude: float | None
    time_zone: str
    description: str | None
    image_url: str | None
    role: str = Field(description="The caller's role: viewer, manager, owner or staff.")
    coop_count: int
    house_count: int
    worst_alert: Severity | None
    stopped: bool
    created_at: datetime


class PersonView(View):
    """Who did it."""

    id: UUID
    name: str


class StopView(View):
    """A software stop that holds."""

    by: PersonView | None
    at: datetime


class HubPinBody(Body):
    """The PIN that all hubs of a farm are to have."""

    pin: str = Field(pattern=PIN_PATTERN)


class HubPinView(View):
    """Who set the PIN of the hubs, and when; null: each hub goes by one of its own."""

    set_by: PersonView | None
    set_at: datetime | None


class InviteBody(Body):
    """A person by phone number or e-mail; `name` is for whoever has no account yet."""

    name: Name
    phone: Contact | None = None
    email: Contact | None = None
    role: MemberRole
    language: Language = Language.KHMER


class RoleBody(Body):
    """The role that a member is to have."""

    role: MemberRole


class MemberView(View):
    """A member."""

    user_id: UUID
    name: str
    phone: str | None = Field(
        description="Null too where the person's account was made at another farm; so is `email`."
    )
    email: str | None
    role: MemberRole
    joined_at: datetime


class InvitedView(MemberView):
    """A new member, with the code for whoever had no account."""

    reset_code: ResetCodeView | None


class HouseBody(Body):
    """A house to be."""

    name: Name
    kind: HouseKind
    number: HouseNumber | None = None
    capacity: Count | None = None
    chicken_type: ShortText | None = None
    crop_type: ShortText | None = None
    floor_area_m2: Area | None = None


class HousePatch(Patch):
    """What an owner may change of a house."""

    may_be_null = frozenset({"capacity", "chicken_type", "crop_type", "floor_area_m2"})

    name: Name | None = None
    number: HouseNumber | None = None
    capacity: Count | None = None
    chicken_type: ShortText | None = None
    crop_type: ShortText | None = None
    floor_area_m2: Area | None = None


class HouseView(View):
    """A house."""

    id: UUID
    farm_id: UUID
    number: int
    name: str
    kind: HouseKind
    capacity: int | None
    present_count: int | None
    chicken_type: str | None
    crop_type: str | None
    floor_area_m2: float | None
    zones: list[str]
    stopped: bool
    created_at: datetime


class TargetsBody(Body):
    """The targets of a house's rules."""

    temperature_min_c: float
    temperature_max_c: float
    temperature_hard_max_c: float
    water_low_percent: float = 20.0
    water_full_percent: float = 90.0


class SetPointsBody(TargetsBody):
    """The targets of a house's rules, and those of its nights."""

    night: TargetsBody | None = Field(
        None,
        description="From sunset to sunrise; null: as by day; left out: as they were.",
    )

    @property
    def by_day(self) -> SetPoints:
        """Return the targets.

        Raises:
            ValueError: when they contradict each other.
        """
        return SetPoints(**self.model_dump(exclude={"night"}))


class TargetsView(View):
    """The targets of a house's rules."""

    temperature_min_c: float
    temperature_max_c: float
    temperature_hard_max_c: float
    water_low_percent: float
    water_full_percent: float


class SetPointsView(TargetsView):
    """The targets of a house's rules, and those of its nights."""

    night: TargetsView | None = Field(description="From sunset to sunrise; null: as by day.")


class ModeBody(Body):
    """What the house is used for now; null: nobody said."""

    mode: HouseMode | None


class ModeView(View):
    """What the house is used for now, and what its kind can be used for."""

    mode: HouseMode | None
    modes: list[HouseMode]


class ZoneBody(Body):
    """A zone's name."""

    name: Name


class ZoneView(View):
    """A zone."""

    id: UUID
    name: str
    created_at: datetime


class FlockBody(Body):
    """Birds that come into a coop."""

    chicken_type: ShortText | None = None
    placed_on: date
    placed_count: Annotated[int, Field(ge=1, le=10_000_000)]
    notes: LongText | None = None


class FlockPatch(Patch):
    """What may change of a flock; `cleared_on` ends it."""

    may_be_null = frozenset({"chicken_type", "notes"})

    chicken_type: ShortText | None = None
    present_count: Count | None = None
    cleared_on: date | None = None
    notes: LongText | None = None


class FlockView(View):
    """A flock."""

    id: UUID
    house_id: UUID
    chicken_type: str | None
    placed_on: date
    placed_count: int
    present_count: int
    cleared_on: date | None
    notes: str | None
    created_at: datetime


class CropBody(Body):
    """Plants that come into a greenhouse."""

    crop_type: Name
    planted_on: date
    plant_count: Count | None = None
    area_m2: Area | None = None
    notes: LongText | None = None


class CropPatch(Patch):
    """What may change of a crop cycle; `ended_on` ends it."""

    may_be_null = frozenset({"plant_count", "area_m2", "notes"})

    crop_type: Name | None = None
    plant_count: Count | None = None
    area_m2: Area | None = None
    ended_on: date | None = None
    notes: LongText | None = None


class CropView(View):
    """A crop cycle."""

    id: UUID
    house_id: UUID
    crop_type: str
    planted_on: date
    plant_count: int | None
    area_m2: float | None
    ended_on: date | None
    notes: str | None
    created_at: datetime


def farm_view(row: FarmRow, *, is_staff: bool, worst: Severity | None) -> FarmView:
    """Return a farm as one of its people sees it."""
    farm = row.farm
    return FarmView(
        id=farm.id,
        name=farm.name,
        province=farm.province,
        location=farm.location,
        latitude=farm.latitude,
        longitude=farm.longitude,
        time_zone=farm.time_zone,
        description=farm.description,
        image_url=farm.image_url,
        role=STAFF_ROLE if is_staff or row.role is None else row.role.value,
        coop_count=row.coop_count,
        house_count=row.house_count,
        worst_alert=worst,
        stopped=farm.stopped_at is not None,
        created_at=farm.created_at,
    )


def member_view(row: MemberRow, access: FarmAccess) -> MemberView:
    """Return a member; contacts are for those whose farm has the account, and for staff.

    Who invites a number is not to learn whose it is, and what e-mail belongs to it.
    """
    user, caller = row.user, access.caller
    open_to = caller.is_staff or user.home_farm_id == access.farm_id or user.id == caller.user_id
    return MemberView(
        user_id=user.id,
        name=user.name,
        phone=user.phone if open_to else None,
        email=user.email if open_to else None,
        role=row.member.role,
        joined_at=row.member.created_at,
    )


def invited_view(invited: Invited, access: FarmAccess) -> InvitedView:
    """Return a new member, with the contacts that were typed if no others."""
    user, typed = invited.row.user, invited.person
    shown = member_view(invited.row, access).model_dump()
    if typed.phone == user.phone:
        shown["phone"] = user.phone
    if typed.email == user.email:
        shown["email"] = user.email
    code = reset_code_view(invited.code) if invited.code else None
    return InvitedView(**shown, reset_code=code)


def house_view(house: House, *, zones: list[str], flock: Flock | None) -> HouseView:
    """Return a house."""
    return HouseView(
        id=house.id,
        farm_id=house.farm_id,
        number=house.number,
        name=house.name,
        kind=house.kind,
        capacity=house.capacity,
        present_count=flock.present_count if flock else None,
        chicken_type=(flock and flock.chicken_type) or house.chicken_type,
        crop_type=house.crop_type,
        floor_area_m2=house.floor_area_m2,
        zones=zones,
        stopped=house.stopped_at is not None,
        created_at=house.created_at,
    )


def setpoints_view(house: House) -> SetPointsView:
    """Return the targets of a house by day and by night."""
    night = None if house.night is None else TargetsView.model_validate(house.night)
    return SetPointsView(**asdict(house.setpoints), night=night)


def mode_view(house: House) -> ModeView:
    """Return the mode of a house."""
    return ModeView(mode=house.mode, modes=list(MODES[house.kind]))
