"""What a schedule or a rule may name: devices and modes of its house, a sun that is known."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from tokkatot.cloud.devices.model import Device
from tokkatot.cloud.farms import store as farms_store
from tokkatot.cloud.farms.houses import NO_PLACE
from tokkatot.cloud.farms.model import Farm, House
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.problems import invalid_field
from tokkatot.cloud.schedules import store
from tokkatot.domain.devices import ACTUATORS
from tokkatot.domain.houses import MODES, HouseKind
from tokkatot.domain.ids import DeviceId, HubId
from tokkatot.domain.rules import (
    Condition,
    Exclusion,
    LeadLag,
    Proportional,
    Rule,
    Staged,
    Threshold,
)
from tokkatot.domain.schedules import (
    ConditionBased,
    Does,
    DurationBased,
    LightCurve,
    Schedule,
    SunTimes,
    TemperatureCurve,
    TimeBased,
    Times,
    VentilationCurve,
)
from tokkatot.domain.schedules import Sequence as Steps
from tokkatot.domain.vapour import is_told


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """A house with all that decides what can be automated in it."""

    house: House
    has_place: bool
    hub_id: HubId | None
    devices: Mapping[UUID, Device]


async def surroundings(tx: Transaction, house: House) -> Surroundings:
    """Return a house with its devices, the hub that serves it, and whether its sun is known."""
    farm = await tx.session.get_one(Farm, house.farm_id)
    (around,) = await surroundings_of(tx, farm, [house])
    return around


async def surroundings_of(
    tx: Transaction, farm: Farm, houses: Sequence[House]
) -> Sequence[Surroundings]:
    """Return houses of a farm, each with all that decides what can be automated in it."""
    ids = [house.id for house in houses]
    hubs = await farms_store.hubs_serving(tx.session, farm.id, ids)
    devices: dict[UUID, dict[UUID, Device]] = defaultdict(dict)
    for device in await store.devices_in(tx.session, ids):
        devices[device.house_id][device.id] = device
    return [
        Surroundings(
            house=house,
            has_place=farm.place is not None,
            hub_id=HubId(hubs[house.id].id) if house.id in hubs else None,
            devices=devices[house.id],
        )
        for house in houses
    ]


def check_schedule(schedule: Schedule, around: Surroundings, at: str = "body") -> None:
    """Refuse a schedule that its house could not carry out; `at` is where in the request it is.

    Raises:
        Invalid: with the field and what to do.
    """
    kind = around.house.kind
    for index, mode in enumerate(schedule.modes):
        if mode not in MODES[kind]:
            raise invalid_field(f"{at}.modes.{index}", "unknown_mode", f"A {kind} has no {mode}.")
    does = schedule.does
    ages = isinstance(does, LightCurve | VentilationCurve | TemperatureCurve)
    if ages and kind is not HouseKind.COOP:
        raise invalid_field(
            f"{at}.does.kind",
            "not_for_this_house",
            "It goes by the age of a flock.",
        )
    for field, times in _times(does):
        if isinstance(times, SunTimes) and not around.has_place:
            raise invalid_field(f"{at}.does.{field}", "no_place", NO_PLACE)
    _check_actuators(_actuators_of(does, f"{at}.does"), around)
    if isinstance(does, ConditionBased):
        for index, condition in enumerate(does.conditions):
            _check_condition(condition, f"{at}.does.conditions.{index}", around)


def check_rule(rule: Rule, at: str, around: Surroundings) -> None:
    """Refuse a rule that its house could not carry out.

    Raises:
        Invalid: with the field and what to do.
    """
    _check_actuators(_actuators_of_rule(rule, at), around)
    if isinstance(rule, Threshold):
        _check_condition(rule.when, f"{at}.when", around)


def _times(does: Does) -> Iterator[tuple[str, Times | None]]:
    match does:
        case TimeBased():
            yield from (("start", does.start), ("end", does.end))
        case DurationBased() | Steps():
            yield "start", does.start
        case ConditionBased() | LightCurve() | VentilationCurve() | TemperatureCurve():
            return


def _actuators_of(does: Does, at: str) -> Iterable[tuple[str, DeviceId]]:
    match does:
        case Steps(steps=steps):
            for index, step in enumerate(steps):
                yield f"{at}.steps.{index}.device_id", step.device_id
        case TemperatureCurve():
            return
        case _:
            yield from _listed(f"{at}.devices", does.devices)


def _actuators_of_rule(rule: Rule, at: str) -> Iterable[tuple[str, DeviceId]]:
    match rule:
        case Staged(stages=stages):
            for index, stage in enumerate(stages):
                yield from _listed(f"{at}.stages.{index}.devices", stage.devices)
        case Exclusion():
            yield from _listed(f"{at}.running", rule.running)
            yield from _listed(f"{at}.yields", rule.yields)
        case Threshold() | Proportional() | LeadLag():
            yield from _listed(f"{at}.devices", rule.devices)


def _listed(at: str, devices: Iterable[DeviceId]) -> Iterator[tuple[str, DeviceId]]:
    return ((f"{at}.{index}", device_id) for index, device_id in enumerate(devices))


def _check_actuators(named: Iterable[tuple[str, DeviceId]], around: Surroundings) -> None:
    for field, device_id in named:
        device = _device(device_id, field, around)
        if device.role not in ACTUATORS:
            raise invalid_field(field, "not_an_actuator", f"{device.name} can't be switched.")
        if device.hub_id is not None and device.hub_id != around.hub_id:
            raise invalid_field(
                field, "other_hub", f"{device.name} is driven by another hub than its house's."
            )


def _check_condition(condition: Condition, at: str, around: Surroundings) -> None:
    if condition.device_id is None:
        return
    device = _device(condition.device_id, f"{at}.device_id", around)
    if not is_told(condition.quantity, device.quantities):
        raise invalid_field(
            f"{at}.quantity", "not_measured", f"{device.name} does not measure that."
        )


def _device(device_id: DeviceId, field: str, around: Surroundings) -> Device:
    device = around.devices.get(device_id)
    if device is None:
        raise invalid_field(field, "unknown_device", "There is no such device in this house.")
    return device
