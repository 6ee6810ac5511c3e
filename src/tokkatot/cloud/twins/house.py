"""The twin of a house as the database knows it: its floor, its devices, its flock."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from tokkatot.automation.curves import age_of, value_at
from tokkatot.climate.physics.known import House as KnownHouse
from tokkatot.cloud.devices import store as device_store
from tokkatot.cloud.devices.model import Device
from tokkatot.cloud.farms import store as farms_store
from tokkatot.cloud.farms.breeds import birds_of, is_native, lays
from tokkatot.cloud.farms.model import Farm, Flock, House
from tokkatot.cloud.jobs.problems import Unanswerable
from tokkatot.cloud.jobs.reasons import Reason
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.telemetry.equipment_api import rated_w
from tokkatot.cloud.telemetry.store import Span
from tokkatot.cloud.twins.built import Birds, Twin
from tokkatot.cloud.twins.recording import TOO_SHORT
from tokkatot.domain.desired import MAX_DEVICES
from tokkatot.domain.devices import DeviceRole
from tokkatot.domain.houses import HouseKind

GREENHOUSE_FAN_M3_S_M2: Final = 0.04
"""An air change a minute, for which fans of greenhouses are laid out (ANSI/ASAE EP406)."""
_HEATS: Final = (DeviceRole.HEATER, DeviceRole.HVAC)


def usual_twin(house: House, flock: Flock | None, devices: Iterable[Device]) -> KnownHouse:
    """Return what a house with a flock is most like, as far as its people have said."""
    if house.kind is HouseKind.GREENHOUSE:
        return KnownHouse.TOMATO
    if lays(house, flock):
        return KnownHouse.HENS
    has_fans = any(device.role is DeviceRole.FAN for device in devices)
    return KnownHouse.TUNNEL if has_fans else KnownHouse.OPEN


async def devices_in(tx: Transaction, house: House) -> Sequence[Device]:
    """Return the devices of a house."""
    rows = await device_store.devices_of(
        tx.session, house.farm_id, house_id=house.id, limit=MAX_DEVICES
    )
    return [row.device for row in rows]


async def twin_of(
    tx: Transaction,
    house: House,
    known: KnownHouse,
    devices: Sequence[Device],
    *,
    at: datetime,
) -> Twin:
    """Return the twin of a house without a fit, with the flock that it had at a moment."""
    day = (await tx.session.get_one(Farm, house.farm_id)).today(at)
    flock = await flock_at(tx, house, at)
    return Twin(
        house=known,
        floor_m2=house.floor_area_m2,
        equipped=equipped(house, known, devices),
        fitted={},
        fans_w=_rated(devices, DeviceRole.FAN) or 0.0,
        birds=None if flock is None else birds_on(house, flock, day),
    )


def equipped(house: House, known: KnownHouse, devices: Sequence[Device]) -> dict[str, float]:
    """Return what the devices of a house say of its twin of that kind.

    What no device does the twin can't do either; what has no rated power is of its kind's size.
    """
    if house.kind is HouseKind.GREENHOUSE:
        return _greenhouse_equipped(house.floor_area_m2, devices)
    return _coop_equipped(known, devices)


def _greenhouse_equipped(floor_m2: float | None, devices: Sequence[Device]) -> dict[str, float]:
    roles = {device.role for device in devices}
    heater_w = _rated(devices, *_HEATS)
    found: dict[str, float] = {}
    if roles.isdisjoint(_HEATS):
        found["boiler_w_m2"] = 0.0
    elif heater_w is not None and floor_m2:
        found["boiler_w_m2"] = heater_w / floor_m2
    if DeviceRole.VENT not in roles:
        found["roof_vent_m2"] = 0.0
    if DeviceRole.FAN in roles and floor_m2:
        found["fan_m3_s"] = GREENHOUSE_FAN_M3_S_M2 * floor_m2
    return found


def _coop_equipped(known: KnownHouse, devices: Sequence[Device]) -> dict[str, float]:
    roles = {device.role for device in devices}
    heater_w = _rated(devices, *_HEATS)
    found: dict[str, float] = {}
    if roles.isdisjoint(_HEATS):
        found["heater_w"] = 0.0
    elif heater_w is not None:
        found["heater_w"] = heater_w
    if DeviceRole.FAN not in roles:
        found |= {"fan_m3_s": 0.0, "fan_w": 0.0, "stir_m_s": 0.0, "stir_w": 0.0}
    elif (fans_w := _rated(devices, DeviceRole.FAN)) is not None:
        # What an open house has of fans stirs its air.
        found["fan_w" if known is KnownHouse.TUNNEL else "stir_w"] = fans_w
    if (lamps_w := _rated(devices, DeviceRole.LIGHT)) is not None:
        found["lamp_w"] = lamps_w
    return found


def _rated(devices: Iterable[Device], *roles: DeviceRole) -> float | None:
    """Return what devices of these roles draw together; None where one of them does not say."""
    said = [rated_w(device) for device in devices if device.role in roles]
    watts = [one for one in said if one is not None]
    return sum(watts) if watts and len(watts) == len(said) else None


async def flock_at(tx: Transaction, house: House, at: datetime) -> Flock | None:
    """Return the flock that a house had at a moment."""
    day = (await tx.session.get_one(Farm, house.farm_id)).today(at)
    flocks = await farms_store.flocks_over(tx.session, house.id, day, day)
    return flocks[-1] if flocks else None


def birds_on(house: House, flock: Flock, day: date) -> Birds:
    """Return a flock as it was on a day, by the only count that there is.

    Who clears a house may well note that nobody is left: then it is as many as were placed.
    """
    birds = birds_of(house, flock)
    age_d = max(age_of(birds, day), 0)
    gone = flock.cleared_on is not None and flock.present_count == 0
    return Birds(
        count=flock.placed_count if gone else flock.present_count,
        age_d=float(age_d),
        kg=value_at(birds.weight_kg, age_d),
        native=is_native(house, flock),
    )


async def of_one_flock(tx: Transaction, house: House, span: Span) -> Span:
    """Return the longest part of a time in which one flock was there, all of it without any.

    The day of clearing is left out: nobody notes the hour from which on the house was empty.

    Raises:
        Unanswerable: where a flock was there on the day of its clearing alone.
    """
    farm = await tx.session.get_one(Farm, house.farm_id)
    first, last = farm.today(span.start), farm.today(span.end)
    flocks = await farms_store.flocks_over(tx.session, house.id, first, last)
    if not flocks:
        return span
    ends = [*(flock.placed_on for flock in flocks[1:]), date.max]
    lives = []
    for flock, next_on in zip(flocks, ends, strict=True):
        end_on = min(flock.cleared_on or date.max, next_on)
        end = span.end if end_on > last else _midnight(farm, end_on)
        lives.append(Span(start=_midnight(farm, flock.placed_on), end=end).cut_to(span))
    # Of equals the last one.
    longest = max(reversed(lives), key=lambda life: life.length_ms)
    if longest.length_ms <= 0:
        raise Unanswerable(TOO_SHORT, Reason("too_short"))
    return longest


def _midnight(farm: Farm, day: date) -> datetime:
    return datetime.combine(day, time.min, ZoneInfo(farm.time_zone))


def hour_of_day(moment: datetime, time_zone: str) -> float:
    """Return the hour on the farm's clock, with its part."""
    local = moment.astimezone(ZoneInfo(time_zone))
    return local.hour + local.minute / 60 + local.second / 3600
