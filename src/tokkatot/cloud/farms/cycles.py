"""Decides about what lives in a house: flocks in a coop, crops in a greenhouse."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal
from uuid import UUID

from tokkatot.cloud.farms import store
from tokkatot.cloud.farms.access import FarmAccess
from tokkatot.cloud.farms.changes import farm_changed
from tokkatot.cloud.farms.houses import house_in
from tokkatot.cloud.farms.hubs import touch_hubs
from tokkatot.cloud.farms.model import CropCycle, Farm, Flock, HouseCycle
from tokkatot.cloud.farms.store import Cycle
from tokkatot.cloud.platform import audit
from tokkatot.cloud.platform.audit import Origin
from tokkatot.cloud.platform.base import JsonObject
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.problems import Conflict, NotFound, invalid_field
from tokkatot.domain.houses import HouseKind
from tokkatot.domain.ids import HouseId


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFlock:
    """Birds that come into a coop."""

    chicken_type: str | None
    placed_on: date
    placed_count: int
    notes: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCrop:
    """Plants that come into a greenhouse."""

    crop_type: str
    planted_on: date
    plant_count: int | None
    area_m2: float | None
    notes: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """In what flocks and crops differ where they are begun and changed."""

    house: HouseKind
    word: Literal["flock", "crop"]
    begun: str
    last_day: str
    full: str
    hub_knows: bool


_FLOCK: Final = _Kind(
    house=HouseKind.COOP,
    word="flock",
    begun="flock.placed",
    last_day="cleared_on",
    full="This coop has a flock; clear it first.",
    hub_knows=True,
)
_CROP: Final = _Kind(
    house=HouseKind.GREENHOUSE,
    word="crop",
    begun="crop.planted",
    last_day="ended_on",
    full="This greenhouse has a crop; end it first.",
    hub_knows=False,
)


async def place_flock(
    tx: Transaction, access: FarmAccess, house_id: HouseId, new: NewFlock, *, origin: Origin
) -> Flock:
    """Place a flock in an empty coop.

    Raises:
        NotFound: when the farm has no such house.
        Conflict: when the house is no coop, or has a flock.
    """
    flock = Flock(
        id=tx.new_id(),
        house_id=house_id,
        chicken_type=new.chicken_type,
        placed_on=new.placed_on,
        placed_count=new.placed_count,
        present_count=new.placed_count,
        cleared_on=None,
        notes=new.notes,
        created_at=tx.now,
        deleted_at=None,
    )
    await _begin(tx, access, _FLOCK, flock, {"count": new.placed_count}, origin)
    return flock


async def plant_crop(
    tx: Transaction, access: FarmAccess, house_id: HouseId, new: NewCrop, *, origin: Origin
) -> CropCycle:
    """Begin a crop cycle in an empty greenhouse.

    Raises:
        NotFound: when the farm has no such house.
        Conflict: when the house is no greenhouse, or has a crop.
    """
    crop = CropCycle(
        id=tx.new_id(),
        house_id=house_id,
        crop_type=new.crop_type,
        planted_on=new.planted_on,
        plant_count=new.plant_count,
        area_m2=new.area_m2,
        ended_on=None,
        notes=new.notes,
        created_at=tx.now,
        deleted_at=None,
    )
    await _begin(tx, access, _CROP, crop, {"crop": new.crop_type}, origin)
    return crop


async def change_flock(
    tx: Transaction,
    access: FarmAccess,
    house_id: HouseId,
    flock_id: UUID,
    changes: Mapping[str, Any],
    *,
    origin: Origin,
) -> Flock:
    """Change a flock; a day of clearing ends it.

    Raises:
        NotFound: when the house has no such flock.
        Invalid: when more birds would be there than came, or its end is before its beginning or
            still to come.
    """
    flock = await _found(tx, access, house_id, Flock, flock_id)
    if changes.get("present_count", flock.present_count) > flock.placed_count:
        raise invalid_field("body.present_count", "too_many", "More birds than were placed.")
    await _change(tx, access, _FLOCK, flock, changes, origin)
    return flock


async def change_crop(
    tx: Transaction,
    access: FarmAccess,
    house_id: HouseId,
    crop_id: UUID,
    changes: Mapping[str, Any],
    *,
    origin: Origin,
) -> CropCycle:
    """Change a crop cycle; a last day ends it.

    Raises:
        NotFound: when the house has no such crop cycle.
        Invalid: when its end is before its beginning or still to come.
    """
    crop = await _found(tx, access, house_id, CropCycle, crop_id)
    await _change(tx, access, _CROP, crop, changes, origin)
    return crop


async def _begin(
    tx: Transaction,
    access: FarmAccess,
    kind: _Kind,
    cycle: HouseCycle,
    data: JsonObject,
    origin: Origin,
) -> None:
    house = await house_in(tx, access.farm_id, HouseId(cycle.house_id))
    if house.kind is not kind.house:
        raise Conflict("conflict", f"This house is no {kind.house.value}.")
    if await store.open_cycles(tx.session, type(cycle), [house.id]):
        raise Conflict("already_exists", kind.full)
    tx.session.add(cycle)
    await tx.session.flush()
    await _changed(tx, access, kind, cycle, kind.begun, data, origin)


async def _found(
    tx: Transaction, access: FarmAccess, house_id: HouseId, table: type[Cycle], cycle_id: UUID
) -> Cycle:
    await house_in(tx, access.farm_id, house_id)
    cycle = await tx.session.get(table, cycle_id)
    if cycle is None or cycle.house_id != house_id or cycle.deleted_at is not None:
        raise NotFound("flock" if table is Flock else "crop cycle")
    return cycle


async def _change(
    tx: Transaction,
    access: FarmAccess,
    kind: _Kind,
    cycle: HouseCycle,
    changes: Mapping[str, Any],
    origin: Origin,
) -> None:
    last_day = changes.get(kind.last_day)
    if last_day is not None:
        field = f"body.{kind.last_day}"
        if last_day < cycle.began_on:
            raise invalid_field(field, "too_early", "It ends before it began.")
        farm = await tx.session.get_one(Farm, access.farm_id)
        if last_day > farm.today(tx.now):
            # What has an end is over for the hub at once: its curves would stop early.
            raise invalid_field(field, "in_future", "This day is still to come.")
    for name, value in changes.items():
        setattr(cycle, name, value)
    data = {"fields": sorted(changes)}
    await _changed(tx, access, kind, cycle, f"{kind.word}.changed", data, origin)


async def _changed(
    tx: Transaction,
    access: FarmAccess,
    kind: _Kind,
    cycle: HouseCycle,
    event: str,
    data: JsonObject,
    origin: Origin,
) -> None:
    if kind.hub_knows:
        await touch_hubs(tx, access.farm_id, HouseId(cycle.house_id))
    audit.record(
        tx,
        event,
        farm_id=access.farm_id,
        house_id=cycle.house_id,
        user_id=access.caller.user_id,
        data=data,
        origin=origin,
    )
    farm_changed(tx, access.farm_id, kind.word, cycle.id)
