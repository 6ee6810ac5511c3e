"""Decides about devices: adding, changing, configuring and removing them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from tokkatot.cloud.devices import store
from tokkatot.cloud.devices.hubs import hub_serving, touch_hub_of
from tokkatot.cloud.devices.model import Device, DeviceParameter
from tokkatot.cloud.devices.store import DeviceRow
from tokkatot.cloud.farms import store as farms_store
from tokkatot.cloud.farms.changes import farm_changed
from tokkatot.cloud.farms.houses import house_in
from tokkatot.cloud.farms.model import MAIN_ZONE, RESTORABLE, Farm, Zone
from tokkatot.cloud.farms.needs import nothing_breaks
from tokkatot.cloud.farms.ports import Automation, Documents
from tokkatot.cloud.platform import audit
from tokkatot.cloud.platform.audit import NOWHERE, Origin
from tokkatot.cloud.platform.base import JsonObject
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.problems import Conflict, NotFound, invalid_field, taken
from tokkatot.domain.devices import DeviceRole, Interface
from tokkatot.domain.ids import DeviceId, FarmId, HouseId, HubId, UserId
from tokkatot.domain.quantities import Quantity

MAX_DEVICES = 2000
"""Of one farm."""
MAX_PARAMETERS = 100
"""Of one device."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDevice:
    """A device to be; without a hub it gets the one that serves its house."""

    house_id: HouseId
    hardware_id: str
    name: str
    role: DeviceRole
    interface: Interface
    zone: str = MAIN_ZONE
    hub_id: UUID | None = None
    model: str | None = None
    firmware: str | None = None
    location: str | None = None
    installed_on: date | None = None
    quantities: tuple[Quantity, ...] = ()
    period_s: float = 30.0
    address: JsonObject = field(default_factory=dict)
    specs: JsonObject = field(default_factory=dict)
    limits: JsonObject | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What somebody has set at a device, on a day (None: today)."""

    name: str
    value: float
    calibrated_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A configuration parameter as a person sets it."""

    name: str
    value: float | str | bool | None
    unit: str | None
    minimum: float | None
    maximum: float | None
    calibrated: bool
    calibrated_on: date | None


async def device_in(tx: Transaction, farm_id: FarmId, device_id: DeviceId) -> DeviceRow:
    """Return a device of the farm.

    Raises:
        NotFound: when the farm has no such device.
    """
    rows = await store.devices_of(tx.session, farm_id, only=device_id, limit=1)
    if not rows:
        raise NotFound("device")
    return rows[0]


async def add_device(
    tx: Transaction,
    farm_id: FarmId,
    new: NewDevice,
    *,
    by: UserId | None,
    origin: Origin = NOWHERE,
) -> Device:
    """Register a device; it is no longer listed as unknown.

    Raises:
        NotFound: when the house, zone or hub is not of this farm.
        Conflict: when the hardware id is taken, or the farm is full.
    """
    house = await house_in(tx, farm_id, new.house_id)
    await _make_room(tx, farm_id)
    await _hardware_is_free(tx, farm_id, new.hardware_id)
    zone = await _zone(tx, new.house_id, new.zone)
    hub = await hub_serving(tx, farm_id, new.house_id, new.hub_id)
    device = Device(
        id=tx.new_id(),
        farm_id=farm_id,
        house_id=house.id,
        zone_id=zone.id,
        hub_id=hub.id if hub else None,
        hardware_id=new.hardware_id,
        name=new.name,
        role=new.role,
        interface=new.interface,
        model=new.model,
        firmware=new.firmware,
        location=new.location,
        installed_on=new.installed_on,
        quantities=[quantity.value for quantity in new.quantities],
        period_s=new.period_s,
        address=new.address,
        specs=new.specs,
        limits=new.limits,
        created_at=tx.now,
        deleted_at=None,
    )
    tx.session.add(device)
    await tx.session.flush()
    await store.forget_unknown(tx.session, farm_id, new.hardware_id)
    await _changed(tx, device, "device.added", {"name": device.name}, by=by, origin=origin)
    return device


async def change_device(
    tx: Transaction,
    farm_id: FarmId,
    device_id: DeviceId,
    changes: Mapping[str, Any],
    automation: Automation,
    *,
    by: UserId,
    origin: Origin,
) -> DeviceRow:
    """Change a device; who may change which field is the route's to check.

    Raises:
        NotFound: when the farm has no such device, or the zone or hub is not there.
        Conflict: when the hardware id is taken, or a schedule or rule needs it as it was.
    """
    device = (await device_in(tx, farm_id, device_id)).device
    house_id = HouseId(device.house_id)
    former_hub_id = device.hub_id
    if changes.get("hardware_id", device.hardware_id) != device.hardware_id:
        await _hardware_is_free(tx, farm_id, changes["hardware_id"])
    async with nothing_breaks(tx, automation, farm_id, house_id):
        await _apply(tx, device, changes)
    if device.hub_id != former_hub_id:
        await touch_hub_of(tx, former_hub_id)
    await _changed(tx, device, "device.changed", {"fields": sorted(changes)}, by=by, origin=origin)
    await tx.session.flush()
    return await device_in(tx, farm_id, device_id)


async def delete_device(
    tx: Transaction,
    farm_id: FarmId,
    device_id: DeviceId,
    automation: Automation,
    *,
    by: UserId,
    origin: Origin,
) -> None:
    """Hide a device; its hub releases it to rest. It can be restored for 30 days.

    Raises:
        NotFound: when the farm has no such device.
        Conflict: when a schedule or rule that is switched on needs it.
    """
    device = (await device_in(tx, farm_id, device_id)).device
    async with nothing_breaks(tx, automation, farm_id, HouseId(device.house_id)):
        device.deleted_at = tx.now
    await _changed(tx, device, "device.removed", {"name": device.name}, by=by, origin=origin)


async def restore_device(tx: Transaction, device_id: DeviceId, *, by: UserId) -> Device:
    """Bring a deleted device back.

    Raises:
        NotFound: when there is no device that was deleted within 30 days.
        Conflict: when another has its hardware id by now, or the farm is full.
    """
    device = await store.deleted_device(tx.session, device_id, since=tx.now - RESTORABLE)
    if device is None:
        raise NotFound("deleted device")
    await _make_room(tx, FarmId(device.farm_id))
    if await store.hardware_taken(tx.session, device.farm_id, device.hardware_id):
        raise Conflict("already_exists", "A device with its hardware id is registered by now.")
    device.deleted_at = None
    await _changed(tx, device, "device.restored", {}, by=by, origin=NOWHERE)
    return device


async def check_document(tx: Transaction, documents: Documents, device: Device) -> None:
    """Refuse a device that its hub could not hold beside all the others.

    Raises:
        Conflict: when its hub's document would be too long.
    """
    if device.hub_id is not None:
        await tx.session.flush()
        await documents.check(tx, [HubId(device.hub_id)])


async def set_parameters(
    tx: Transaction,
    farm_id: FarmId,
    device_id: DeviceId,
    parameters: Sequence[Parameter],
    *,
    by: UserId,
    origin: Origin,
) -> Sequence[DeviceParameter]:
    """Store a device's configuration parameters in place of the former ones.

    Raises:
        NotFound: when the farm has no such device.
        Invalid: when a name comes twice, or a value lies outside its own limits.
    """
    device = (await device_in(tx, farm_id, device_id)).device
    seen: set[str] = set()
    for index, parameter in enumerate(parameters):
        _check(parameter, f"body.parameters.{index}", seen)
    await store.drop_parameters(tx.session, device_id)
    tx.session.add_all(
        DeviceParameter(
            device_id=device_id,
            name=parameter.name,
            value=parameter.value,
            unit=parameter.unit,
            minimum=parameter.minimum,
            maximum=parameter.maximum,
            calibrated=parameter.calibrated,
            calibrated_on=parameter.calibrated_on,
            updated_at=tx.now,
        )
        for parameter in parameters
    )
    await tx.session.flush()
    _note(tx, device, "device.configured", {"parameters": sorted(seen)}, by=by, origin=origin)
    return await store.parameters_of(tx.session, device_id)


async def calibrate(
    tx: Transaction,
    farm_id: FarmId,
    device_id: DeviceId,
    calibration: Calibration,
    *,
    by: UserId,
    origin: Origin,
) -> DeviceParameter:
    """Record what somebody has set at the device; a parameter keeps its unit and its limits.

    Raises:
        NotFound: when the farm has no such device.
        Invalid: when the value lies outside the parameter's limits, or the day is to come.
        Conflict: when the device has too many parameters.
    """
    device = (await device_in(tx, farm_id, device_id)).device
    farm = await tx.session.get_one(Farm, farm_id)
    today = farm.today(tx.now)
    day = calibration.calibrated_on or today
    if day > today:
        raise invalid_field("body.calibrated_on", "in_future", "This day is still to come.")
    former = await store.parameters_of(tx.session, device_id)
    parameter = next((found for found in former if found.name == calibration.name), None)
    if parameter is None:
        if len(former) >= MAX_PARAMETERS:
            raise Conflict("conflict", f"A device has at most {MAX_PARAMETERS} parameters.")
        parameter = DeviceParameter(
            device_id=device_id, name=calibration.name, unit=None, minimum=None, maximum=None
        )
        tx.session.add(parameter)
    _check_limits(calibration.value, parameter.minimum, parameter.maximum, "body.value")
    data = {"parameter": calibration.name, "before": parameter.value, "after": calibration.value}
    parameter.value = calibration.value
    parameter.calibrated, parameter.calibrated_on = True, day
    parameter.updated_at = tx.now
    await tx.session.flush()
    _note(tx, device, "device.calibrated", data, by=by, origin=origin)
    return parameter


def _check(parameter: Parameter, where: str, seen: set[str]) -> None:
    if parameter.name in seen:
        raise invalid_field(f"{where}.name", "repeated", "This name comes twice.")
    seen.add(parameter.name)
    low, high = parameter.minimum, parameter.maximum
    if low is not None and high is not None and low > high:
        raise invalid_field(f"{where}.minimum", "above_maximum", "It is above the maximum.")
    value = parameter.value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        _check_limits(value, low, high, f"{where}.value")


def _check_limits(value: float, low: float | None, high: float | None, where: str) -> None:
    if (low is not None and value < low) or (high is not None and value > high):
        raise invalid_field(where, "out_of_range", "It lies outside its limits.")


async def _apply(tx: Transaction, device: Device, changes: Mapping[str, Any]) -> None:
    farm_id, house_id = FarmId(device.farm_id), HouseId(device.house_id)
    for name, value in changes.items():
        match name:
            case "zone":
                device.zone_id = (await _zone(tx, house_id, value)).id
            case "hub_id":
                hub = await hub_serving(tx, farm_id, house_id, value) if value else None
                device.hub_id = hub.id if hub else None
            case _:
                setattr(device, name, value)


async def _make_room(tx: Transaction, farm_id: FarmId) -> None:
    await farms_store.lock_farm(tx.session, farm_id)
    if await store.device_count(tx.session, farm_id) >= MAX_DEVICES:
        raise Conflict("conflict", f"A farm has at most {MAX_DEVICES} devices.")


async def _hardware_is_free(tx: Transaction, farm_id: FarmId, hardware_id: str) -> None:
    if await store.hardware_taken(tx.session, farm_id, hardware_id):
        raise taken("body.hardware_id", "A device with this hardware id is registered.")


async def _zone(tx: Transaction, house_id: HouseId, name: str) -> Zone:
    zone = await store.zone_named(tx.session, house_id, name)
    if zone is None:
        raise NotFound("zone")
    return zone


async def _changed(
    tx: Transaction,
    device: Device,
    kind: str,
    data: JsonObject,
    *,
    by: UserId | None,
    origin: Origin,
) -> None:
    """Note a change that the device's hub is to hold."""
    await touch_hub_of(tx, device.hub_id)
    _note(tx, device, kind, data, by=by, origin=origin)


def _note(
    tx: Transaction,
    device: Device,
    kind: str,
    data: JsonObject,
    *,
    by: UserId | None,
    origin: Origin,
) -> None:
    audit.record(
        tx,
        kind,
        farm_id=device.farm_id,
        house_id=device.house_id,
        device_id=device.id,
        user_id=by,
        data=data,
        origin=origin,
    )
    farm_changed(tx, FarmId(device.farm_id), "device", device.id)
