"""Decides about the alarms that people write down for a house: all in one version."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from tokkatot.cloud.alerts import store
from tokkatot.cloud.alerts.model import HouseAlarms
from tokkatot.cloud.farms.houses import NO_PLACE, house_in
from tokkatot.cloud.platform.base import JsonObject
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.problems import invalid_field
from tokkatot.cloud.schedules.checks import Surroundings
from tokkatot.cloud.schedules.reading import read
from tokkatot.cloud.schedules.service import Writer
from tokkatot.cloud.schedules.written import keep, opened
from tokkatot.domain.alarms import AgeLimit, AlarmDefinition, Drill, Standard, measured_by
from tokkatot.domain.alerts import AlertType
from tokkatot.domain.houses import HouseKind
from tokkatot.domain.ids import FarmId, HouseId
from tokkatot.domain.schedules import SunTimes
from tokkatot.domain.vapour import is_told


async def alarms_by_house(
    tx: Transaction, house_ids: Sequence[UUID]
) -> Mapping[HouseId, tuple[AlarmDefinition, ...]]:
    """Return the alarms of houses as their hubs take them."""
    stored = await store.alarms_of(tx.session, house_ids)
    return {
        HouseId(house_id): msgspec.convert(alarms.items, tuple[AlarmDefinition, ...])
        for house_id, alarms in stored.items()
    }


async def alarms_in(tx: Transaction, farm_id: FarmId, house_id: HouseId) -> HouseAlarms | None:
    """Return the alarms of a house, None where nobody has written any.

    Raises:
        NotFound: when the farm has no such house.
    """
    await house_in(tx, farm_id, house_id)
    return (await store.alarms_of(tx.session, [house_id])).get(house_id)


async def set_alarms(
    tx: Transaction, writer: Writer, house_id: HouseId, raw: Sequence[JsonObject], *, edited: int
) -> HouseAlarms:
    """Give a house these alarms in place of the former ones; the same make no new version.

    Raises:
        NotFound: when the farm has no such house.
        Invalid: when one of them is no alarm of this house.
        Conflict: when another version than the one edited holds, or the hub could not hold it.
    """
    stored, around = await opened(tx, writer.access.farm_id, house_id, HouseAlarms, edited=edited)
    await keep(tx, writer, stored, _read(tx, raw, around), name="alarms")
    return stored


def _read(
    tx: Transaction, raw: Sequence[JsonObject], around: Surroundings
) -> Sequence[AlarmDefinition]:
    """Return alarms as the engine takes them; one without an id gets one."""
    alarms: list[AlarmDefinition] = []
    seen: set[UUID | AlertType] = set()
    for index, fields in enumerate(raw):
        at = f"body.alarms.{index}"
        alarm = read({"id": str(tx.new_id()), **fields}, AlarmDefinition, at)
        if alarm.id in seen:
            raise invalid_field(f"{at}.id", "repeated", "Two alarms have this id.")
        if isinstance(alarm.watch, Standard):
            if alarm.watch.type in seen:
                raise invalid_field(
                    f"{at}.watch.type", "repeated", "Two alarms say how this one is told."
                )
            seen.add(alarm.watch.type)
        seen.add(alarm.id)
        _check(alarm, f"{at}.watch", around)
        alarms.append(alarm)
    return alarms


def _check(alarm: AlarmDefinition, at: str, around: Surroundings) -> None:
    """Refuse an alarm whose house has not what it looks at."""
    if isinstance(alarm.watch, AgeLimit) and around.house.kind is not HouseKind.COOP:
        raise invalid_field(f"{at}.kind", "not_for_this_house", "It goes by the age of a flock.")
    needs_sun = isinstance(alarm.watch, Drill) and isinstance(alarm.watch.at, SunTimes)
    if needs_sun and not around.has_place:
        raise invalid_field(f"{at}.at", "no_place", NO_PLACE)
    for device_id, quantity in measured_by(alarm.watch):
        device = around.devices.get(device_id)
        if device is None:
            raise invalid_field(at, "unknown_device", f"There is no device {device_id} here.")
        if quantity is not None and not is_told(quantity, device.quantities):
            raise invalid_field(at, "not_measured", f"{device.name} does not measure {quantity}.")
