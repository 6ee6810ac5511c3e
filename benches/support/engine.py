"""How long one step of the engine takes in a hub with 50 devices and 100 rules and schedules."""

from collections.abc import Callable
from datetime import UTC, datetime, time
from itertools import count
from time import perf_counter
from uuid import UUID

from tokkatot.automation.engine import step
from tokkatot.automation.inputs import Contact, Inputs, Report, Sample
from tokkatot.automation.instant import Instant
from tokkatot.automation.plan import Plan, plan_of
from tokkatot.automation.state import State
from tokkatot.domain.desired import DesiredDocument, DeviceConfig, HouseConfig
from tokkatot.domain.devices import DeviceRole, Interface
from tokkatot.domain.houses import DEFAULT_SETPOINTS, HouseKind
from tokkatot.domain.ids import AlertId, DeviceId, FarmId, HouseId, HubId, RuleId, ScheduleId
from tokkatot.domain.quantities import Quantity
from tokkatot.domain.rules import Comparison, Condition, Rule, Stage, Staged, Threshold
from tokkatot.domain.schedules import (
    ConditionBased,
    DailyTimes,
    Does,
    DurationBased,
    Schedule,
    TimeBased,
)

HOUSES, ACTUATORS, SENSORS, RULES, SCHEDULES = 2, 19, 6, 50, 15
"""In each house: 50 devices, 100 rules and 30 schedules in all."""

STEPS = 5_000
WARM_UP = 500
_START_MS = round(datetime(2026, 3, 1, tzinfo=UTC).timestamp() * 1000)
_ROLES = (
    DeviceRole.FAN,
    DeviceRole.HEATER,
    DeviceRole.LIGHT,
    DeviceRole.WATER_PUMP,
    DeviceRole.FEEDER,
    DeviceRole.VENT,
)


def measure(say: Callable[[str], None]) -> float:
    """Return the 99th percentile of a step in milliseconds.

    Each step takes what a second brings: a node's three sensors and the relays that moved.
    """
    plan = plan_of(_document())
    devices = len(plan.actuators) + len(plan.sensors)
    say(f"{devices} devices, {RULES * HOUSES} rules, {SCHEDULES * HOUSES} schedules")
    state, taken_s, alerts = State(), list[float](), count(1)
    for index in range(STEPS + WARM_UP):
        inputs = _second(plan, state, index, lambda: AlertId(UUID(int=next(alerts))))
        now = Instant(monotonic_s=1000.0 + index, utc_ms=_START_MS + index * 1000)
        began_s = perf_counter()
        state = step(plan, state, inputs, now).state
        taken_s.append(perf_counter() - began_s)
    taken_s = sorted(taken_s[WARM_UP:])
    say(f"median {taken_s[len(taken_s) // 2] * 1000:.3f} ms")
    return taken_s[int(len(taken_s) * 0.99)] * 1000


def _second(plan: Plan, state: State, index: int, new: Callable[[], AlertId]) -> Inputs:
    sensors = list(plan.sensors.values())
    spoken = [sensors[(index * 3 + offset) % len(sensors)] for offset in range(3)]
    return Inputs(
        new_alert_id=new,
        contacts=tuple(Contact(device_id=one, online=True) for one in plan.actuators)
        if index == 0
        else (),
        samples=tuple(
            Sample(device_id=one.id, quantity=quantity, value=22.0 + (index % 600) / 60)
            for one in spoken
            for quantity in one.quantities
        ),
        reports=tuple(
            Report(device_id=device, level=relay.target)
            for device, relay in state.relays.items()
            if state.known[device].level != relay.target
        ),
    )


def _document() -> DesiredDocument:
    houses = tuple(_house(number) for number in range(HOUSES))
    return DesiredDocument(
        farm_id=FarmId(UUID(int=1)),
        hub_id=HubId(UUID(int=2)),
        version=1,
        expires_ms=2**50,
        time_zone="Asia/Phnom_Penh",
        houses=houses,
        devices=tuple(device for house in houses for device in _devices(house.id)),
        schedules=tuple(
            _schedule(house.id, index) for house in houses for index in range(SCHEDULES)
        ),
    )


def _actuator_id(house: HouseId, index: int) -> DeviceId:
    return DeviceId(UUID(int=house.int * 1000 + index % ACTUATORS))


def _devices(house: HouseId) -> list[DeviceConfig]:
    actuators = [
        DeviceConfig(
            id=_actuator_id(house, index),
            house_id=house,
            hardware_id=f"A-{house.int}-{index}",
            name="actuator",
            role=_ROLES[index % len(_ROLES)],
            interface=Interface.RELAY,
        )
        for index in range(ACTUATORS)
    ]
    sensors = [
        DeviceConfig(
            id=DeviceId(UUID(int=house.int * 1000 + 500 + index)),
            house_id=house,
            hardware_id=f"S-{house.int}-{index}",
            name="sensor",
            role=DeviceRole.CLIMATE_SENSOR,
            interface=Interface.SENSOR,
            quantities=(Quantity.TEMPERATURE, Quantity.RELATIVE_HUMIDITY),
            period_s=10.0,
        )
        for index in range(SENSORS)
    ]
    return [*actuators, *sensors]


def _house(number: int) -> HouseConfig:
    house_id = HouseId(UUID(int=10 + number))
    return HouseConfig(
        id=house_id,
        number=number + 1,
        name=f"House {number + 1}",
        kind=HouseKind.COOP,
        setpoints=DEFAULT_SETPOINTS[HouseKind.COOP],
        rules=tuple(_rule(house_id, index) for index in range(RULES)),
    )


def _rule(house: HouseId, index: int) -> Rule:
    rule_id = RuleId(UUID(int=house.int * 1000 + index))
    device = (_actuator_id(house, index),)
    if index % 5 == 0:
        return Staged(
            id=rule_id,
            name=f"stages {index}",
            quantity=Quantity.TEMPERATURE,
            comparison=Comparison.ABOVE,
            hysteresis=0.5,
            stages=tuple(Stage(threshold=24.0 + at, devices=device) for at in range(4)),
        )
    return Threshold(
        id=rule_id,
        name=f"rule {index}",
        when=Condition(
            quantity=Quantity.RELATIVE_HUMIDITY,
            comparison=Comparison.ABOVE,
            threshold=20.0 + index / 3,
            hysteresis=1.0,
            for_s=30.0,
        ),
        devices=device,
    )


def _schedule(house: HouseId, index: int) -> Schedule:
    devices = (_actuator_id(house, index),)
    kinds: tuple[Does, ...] = (
        TimeBased(start=DailyTimes(times=(time(7, index),)), duration_s=600, devices=devices),
        DurationBased(run_s=30, rest_s=270 + index, devices=devices),
        ConditionBased(
            conditions=(
                Condition(
                    quantity=Quantity.TEMPERATURE,
                    comparison=Comparison.ABOVE,
                    threshold=25.0 + index / 4,
                    hysteresis=0.5,
                ),
            ),
            devices=devices,
        ),
    )
    return Schedule(
        id=ScheduleId(UUID(int=house.int * 1000 + index)),
        house_id=house,
        name=f"schedule {index}",
        does=kinds[index % len(kinds)],
    )
