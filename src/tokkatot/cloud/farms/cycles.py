"""Decides about what lives in a house: flocks in a coop, crops in a greenhouse."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from tokkatot.cloud.farms import store
from tokkatot.cloud.farms.access import FarmAccess
from tokkatot.cloud.farms.changes import farm_changed
from tokkatot.cloud.farms.houses import house_in
from tokkatot.cloud.farms.hubs import touch_hubs
from tokkatot.cloud.farms.model import CropCycle, Flock, House
from tokkatot.cloud.platform import audit
from tokkatot.cloud.platform.audit import Origin
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


async def place_flock(
    tx: Transaction, access: FarmAccess, house_id: HouseId, new: NewFlock, *, origin: Origin
) -> Flock:
    """Place a flock in an empty coop.

    Raises:
        NotFound: when the farm has no such house.
        Conflict: when the house is no coop, or has a flock.
    """
    house = await _house_of(tx, access, house_id, HouseKind.COOP)
    if await store.open_flocks(tx.session, [house_id]):
        raise Conflict("already_exists", "This coop has a flock; clear it first.")
    flock = Flock(
        id=tx.new_id(),
        house_id=house.id,
        chicken_type=new.chicken_type,
        placed_on=new.placed_on,
        placed_count=new.placed_count,
        present_count=new.placed_count,
        cleared_on=None,
        notes=new.notes,
        created_at=tx.now,
        deleted_at=None,
    )
    tx.session.add(flock)
    await tx.session.flush()
    await touch_hubs(tx, access.farm_id, house_id)
    _note(tx, access, house_id, "flock.placed", {"count": new.placed_count}, origin)
    farm_changed(tx, access.farm_id, "flock", flock.id)
    return flock


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
        Invalid: when more birds would be there than came, or it would end before it began.
    """
    await house_in(tx, access.farm_id, house_id)
    flock = await tx.session.get(Flock, flock_id)
    if flock is None or flock.house_id != house_id or flock.deleted_at is not None:
        raise NotFound("flock")
    for name, value in changes.items():
        setattr(flock, name, value)
    if flock.present_count > flock.placed_count:
        raise invalid_field("body.present_count", "too_many", "More birds than were placed.")
    if flock.cleared_on is not None and flock.cleared_on < flock.placed_on:
        raise invalid_field("body.cleared_on", "too_early", "It ends before it began.")
    await touch_hubs(tx, access.farm_id, house_id)
    _note(tx, access, house_id, "flock.changed", {"fields": sorted(changes)}, origin)
    farm_changed(tx, access.farm_id, "flock", flock.id)
    return flock


async def plant_crop(
    tx: Transaction, access: FarmAccess, house_id: HouseId, new: NewCrop, *, origin: Origin
) -> CropCycle:
    """Begin a crop cycle in an empty greenhouse.

    Raises:
        NotFound: when the farm has no such house.
        Conflict: when the house is no greenhouse, or has a crop.
    """
    house = await _house_of(tx, access, house_id, HouseKind.GREENHOUSE)
    if await store.open_crops(tx.session, [house_id]):
        raise Conflict("already_exists", "This greenhouse has a crop; end it first.")
    crop = CropCycle(
        id=tx.new_id(),
        house_id=house.id,
        crop_type=new.crop_type,
        planted_on=new.planted_on,
        plant_count=new.plant_count,
        area_m2=new.area_m2,
        ended_on=None,
        notes=new.notes,
        created_at=tx.now,
        deleted_at=None,
    )
    tx.session.add(crop)
    await tx.session.flush()
    _note(tx, access, house_id, "crop.planted", {"crop": new.crop_type}, origin)
    farm_changed(tx, access.farm_id, "crop", crop.id)
    return crop


async def change_crop(
    tx: Transaction,
    access: FarmAccess,
    house_id: HouseId,
    crop_id: UUID,
    changes: Mapping[str, Any],
    *,
    origin: Origin,
) -> CropCycle:
    """Change a crop cycle; a day of ending ends it.

    Raises:
        NotFound: when the house has no such crop cycle.
        Invalid: when it would end before it began.
    """
    await house_in(tx, access.farm_id, house_id)
    crop = await tx.session.get(CropCycle, crop_id)
    if crop is None or crop.house_id != house_id or crop.deleted_at is not None:
        raise NotFound("crop cycle")
    for name, value in changes.items():
        setattr(crop, name, value)
    if crop.ended_on is not None and crop.ended_on < crop.planted_on:
        raise invalid_field("body.ended_on", "too_early", "It ends before it began.")
    _note(tx, access, house_id, "crop.changed", {"fields": sorted(changes)}, origin)
    farm_changed(tx, access.farm_id, "crop", crop.id)
    return crop


async def _house_of(
    tx: Transaction, access: FarmAccess, house_id: HouseId, kind: HouseKind
) -> House:
    house = await house_in(tx, access.farm_id, house_id)
    if house.kind is not kind:
        raise Conflict("conflict", f"This house is no {kind.value}.")
    return house


def _note(
    tx: Transaction,
    access: FarmAccess,
    house_id: HouseId,
    kind: str,
    data: dict[str, Any],
    origin: Origin,
) -> None:
    audit.record(
        tx,
        kind,
        farm_id=access.farm_id,
        house_id=house_id,
        user_id=access.caller.user_id,
        data=data,
        origin=origin,
    )
