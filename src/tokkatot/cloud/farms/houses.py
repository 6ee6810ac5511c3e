"""Decides about houses: their fields, zones, set-points and software stop."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from tokkatot.cloud.farms import store
from tokkatot.cloud.farms.access import FarmAccess
from tokkatot.cloud.farms.changes import What, farm_changed
from tokkatot.cloud.farms.hubs import touch_hubs
from tokkatot.cloud.farms.model import MAIN_ZONE, RESTORABLE, Farm, House, Zone
from tokkatot.cloud.farms.ports import Documents
from tokkatot.cloud.platform import audit
from tokkatot.cloud.platform.audit import Origin
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.problems import Conflict, NotFound, invalid_field, taken
from tokkatot.domain.alerts import Severity
from tokkatot.domain.houses import DEFAULT_SETPOINTS, MODES, HouseKind, HouseMode, SetPoints
from tokkatot.domain.ids import FarmId, HouseId, UserId

MAX_HOUSES = 200
MAX_ZONES = 50
NO_PLACE = "The farm's latitude and longitude are needed to know its sun: set them on the farm."


@dataclass(frozen=True, slots=True, kw_only=True)
class NewHouse:
    """A house to be; without a number it gets the next one."""

    name: str
    kind: HouseKind
    number: int | None = None
    capacity: int | None = None
    chicken_type: str | None = None
    crop_type: str | None = None
    floor_area_m2: float | None = None


async def house_in(tx: Transaction, farm_id: FarmId, house_id: HouseId) -> House:
    """Return a house of the farm.

    Raises:
        NotFound: when the farm has no such house.
    """
    house = await store.house_by_id(tx.session, farm_id, house_id)
    if house is None:
        raise NotFound("house")
    return house


async def create_house(
    tx: Transaction, access: FarmAccess, new: NewHouse, *, origin: Origin
) -> House:
    """Add a house with the zone `main` and its kind's set-points.

    Raises:
        Conflict: when the number is taken or the farm is full.
    """
    await _make_room(tx, access.farm_id)
    number = new.number
    if number is None:
        number = await store.next_house_number(tx.session, access.farm_id)
    else:
        await _number_is_free(tx, access.farm_id, number)
    house = House(
        id=tx.new_id(),
        farm_id=access.farm_id,
        number=number,
        name=new.name,
        kind=new.kind,
        capacity=new.capacity,
        chicken_type=new.chicken_type,
        crop_type=new.crop_type,
        floor_area_m2=new.floor_area_m2,
        stopped_at=None,
        stopped_by=None,
        created_at=tx.now,
        deleted_at=None,
    )
    house.setpoints = DEFAULT_SETPOINTS[new.kind]
    tx.session.add(house)
    await tx.session.flush()
    tx.session.add(Zone(id=tx.new_id(), house_id=house.id, name=MAIN_ZONE, created_at=tx.now))
    await tx.session.flush()
    await _changed(tx, access, house, "house.created", origin)
    return house


async def change_house(
    tx: Transaction,
    access: FarmAccess,
    house_id: HouseId,
    changes: Mapping[str, Any],
    *,
    origin: Origin,
) -> House:
    """Change a house's own fields; its kind is for ever, since its rules hang on it.

    Raises:
        NotFound: when the farm has no such house.
        Conflict: when the number is taken.
    """
    house = await house_in(tx, access.farm_id, house_id)
    number = changes.get("number", house.number)
    if number != house.number:
        await store.lock_farm(tx.session, access.farm_id)
        await _number_is_free(tx, access.farm_id, number)
    for name, value in changes.items():
        setattr(house, name, value)
    await _changed(tx, access, house, "house.changed", origin, data={"fields": sorted(changes)})
    return house


async def delete_house(
    tx: Transaction, access: FarmAccess, house_id: HouseId, *, origin: Origin
) -> None:
    """Hide a house with its devices; staff can restore it for 30 days.

    Raises:
        NotFound: when the farm has no such house.
    """
    house = await house_in(tx, access.farm_id, house_id)
    house.deleted_at = tx.now
    await _changed(
        tx,
        access,
        house,
        "house.deleted",
        origin,
        data={"name": house.name},
        severity=Severity.WARNING,
    )


async def restore_house(
    tx: Transaction, house_id: HouseId, documents: Documents, *, by: UserId
) -> House:
    """Bring a deleted house back, under a new number where another took the old one.

    Raises:
        NotFound: when there is no house that was deleted within 30 days.
        Conflict: when the farm is full, or its hub could not hold the house any more.
    """
    house = await store.deleted_house(tx.session, house_id, since=tx.now - RESTORABLE)
    if house is None:
        raise NotFound("deleted house")
    farm_id = FarmId(house.farm_id)
    await _make_room(tx, farm_id)
    if await store.house_number_taken(tx.session, farm_id, house.number):
        house.number = await store.next_house_number(tx.session, farm_id)
    house.deleted_at = None
    touched = await touch_hubs(tx, farm_id, house_id)
    await tx.session.flush()
    await documents.check(tx, touched)
    audit.record(tx, "house.restored", farm_id=farm_id, house_id=house.id, user_id=by)
    farm_changed(tx, farm_id, "house", house.id)
    return house


async def set_setpoints(
    tx: Transaction,
    access: FarmAccess,
    house: House,
    setpoints: SetPoints,
    night: SetPoints | None,
    *,
    origin: Origin,
) -> None:
    """Give a house other targets; `night` are those from sunset to sunrise.

    Raises:
        Invalid: when it is to have nights on a farm that has not said where its sun is.
    """
    if (house.setpoints, house.night) == (setpoints, night):
        return
    if night is not None and (await tx.session.get_one(Farm, house.farm_id)).place is None:
        raise invalid_field("body.night", "no_place", NO_PLACE)
    before = _targets(house)
    house.setpoints, house.night = setpoints, night
    await _changed(
        tx,
        access,
        house,
        "setpoints.changed",
        origin,
        what="setpoints",
        data={"before": before, "after": _targets(house)},
    )


async def set_mode(
    tx: Transaction,
    access: FarmAccess,
    house_id: HouseId,
    mode: HouseMode | None,
    *,
    origin: Origin,
) -> House:
    """Say what a house is used for now.

    Raises:
        NotFound: when the farm has no such house.
        Invalid: when its kind knows no such mode.
    """
    house = await house_in(tx, access.farm_id, house_id)
    if mode is not None and mode not in MODES[house.kind]:
        raise invalid_field("body.mode", "unknown_mode", f"A {house.kind} has no mode {mode}.")
    if house.mode is mode:
        return house
    before, house.mode = house.mode, mode
    data = {"before": before, "after": mode}
    await _changed(tx, access, house, "mode.changed", origin, what="mode", data=data)
    return house


async def stop_house(
    tx: Transaction, access: FarmAccess, house_id: HouseId, *, origin: Origin
) -> House:
    """Stop motion and heat in a house; ventilation goes on. A second stop changes nothing.

    Raises:
        NotFound: when the farm has no such house.
    """
    house = await house_in(tx, access.farm_id, house_id)
    if house.stopped_at is None:
        house.stopped_at, house.stopped_by = tx.now, access.caller.user_id
        await _changed(
            tx, access, house, "house.stopped", origin, what="stop", severity=Severity.WARNING
        )
    return house


async def release_house(
    tx: Transaction, access: FarmAccess, house_id: HouseId, *, origin: Origin
) -> None:
    """End a house's stop.

    Raises:
        NotFound: when the farm has no such house.
    """
    house = await house_in(tx, access.farm_id, house_id)
    if house.stopped_at is not None:
        house.stopped_at = house.stopped_by = None
        await _changed(
            tx,
            access,
            house,
            "house.stop_released",
            origin,
            what="stop",
            severity=Severity.WARNING,
        )


async def add_zone(
    tx: Transaction, access: FarmAccess, house_id: HouseId, name: str, *, origin: Origin
) -> Zone:
    """Add a zone.

    Raises:
        NotFound: when the farm has no such house.
        Conflict: when the name is taken or the house is full.
    """
    house = await house_in(tx, access.farm_id, house_id)
    await store.lock_farm(tx.session, access.farm_id)
    zones = await store.zones_of(tx.session, house_id)
    if len(zones) >= MAX_ZONES:
        raise Conflict("conflict", f"A house has at most {MAX_ZONES} zones.")
    if any(zone.name == name for zone in zones):
        raise taken("body.name", "There is a zone with this name.")
    zone = Zone(id=tx.new_id(), house_id=house.id, name=name, created_at=tx.now)
    tx.session.add(zone)
    await tx.session.flush()
    await _changed(tx, access, house, "zone.created", origin, data={"name": name})
    return zone


async def rename_zone(
    tx: Transaction,
    access: FarmAccess,
    house_id: HouseId,
    zone_id: UUID,
    name: str,
    *,
    origin: Origin,
) -> Zone:
    """Give a zone another name.

    Raises:
        NotFound: when the house has no such zone.
        Conflict: when the name is taken.
    """
    house = await house_in(tx, access.farm_id, house_id)
    zones = await store.zones_of(tx.session, house_id)
    if any(zone.name == name and zone.id != zone_id for zone in zones):
        raise taken("body.name", "There is a zone with this name.")
    zone = _zone_among(zones, zone_id)
    zone.name = name
    await _changed(tx, access, house, "zone.renamed", origin, data={"name": name})
    return zone


async def delete_zone(
    tx: Transaction, access: FarmAccess, house_id: HouseId, zone_id: UUID, *, origin: Origin
) -> None:
    """Remove an empty zone; a house keeps one.

    Raises:
        NotFound: when the house has no such zone.
        Conflict: when it is the last, or devices are in it.
    """
    house = await house_in(tx, access.farm_id, house_id)
    zones = await store.zones_of(tx.session, house_id)
    zone = _zone_among(zones, zone_id)
    if len(zones) == 1:
        raise Conflict("conflict", "A house keeps at least one zone.")
    await tx.session.delete(zone)
    # A device in the zone refuses this at the flush, by its foreign key: `conflict`.
    await tx.session.flush()
    await _changed(tx, access, house, "zone.deleted", origin, data={"name": zone.name})


async def _make_room(tx: Transaction, farm_id: FarmId) -> None:
    await store.lock_farm(tx.session, farm_id)
    existing = await store.houses_of(tx.session, farm_id, limit=MAX_HOUSES)
    if len(existing) >= MAX_HOUSES:
        raise Conflict("conflict", f"A farm has at most {MAX_HOUSES} houses.")


def _zone_among(zones: Sequence[Zone], zone_id: UUID) -> Zone:
    for zone in zones:
        if zone.id == zone_id:
            return zone
    raise NotFound("zone")


async def _number_is_free(tx: Transaction, farm_id: FarmId, number: int) -> None:
    if await store.house_number_taken(tx.session, farm_id, number):
        raise taken("body.number", f"There is a house with the number {number}.")


def _targets(house: House) -> dict[str, Any]:
    return {**asdict(house.setpoints), "night": house.night_setpoints}


async def _changed(
    tx: Transaction,
    access: FarmAccess,
    house: House,
    kind: str,
    origin: Origin,
    *,
    what: What = "house",
    data: dict[str, Any] | None = None,
    severity: Severity = Severity.INFO,
) -> None:
    await touch_hubs(tx, access.farm_id, HouseId(house.id))
    audit.record(
        tx,
        kind,
        farm_id=access.farm_id,
        house_id=house.id,
        user_id=access.caller.user_id,
        severity=severity,
        data=data,
        origin=origin,
    )
    farm_changed(tx, access.farm_id, what, house.id)
