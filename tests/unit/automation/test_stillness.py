"""What the engine keeps of what it concluded is what it would conclude now, as time goes by."""

from uuid import UUID

import pytest

from tests.support.engine import IDS, ROLES, Doubter
from tests.support.schedules import SIX_MS, daily, schedule
from tokkatot.domain.devices import OFF, ON, DeviceRole
from tokkatot.domain.houses import HouseKind
from tokkatot.domain.ids import RuleId
from tokkatot.domain.quantities import Quantity
from tokkatot.domain.rules import Comparison, Exclusion, Stage, Staged
from tokkatot.domain.schedules import TimeBased

HEATER, PUMP, VENT = DeviceRole.HEATER, DeviceRole.WATER_PUMP, DeviceRole.VENT


@pytest.mark.parametrize("kind", list(HouseKind))
def test_a_house_that_grows_cold_hot_dry_and_silent_is_decided_for_as_if_nothing_was_kept(
    kind: HouseKind,
) -> None:
    bench = Doubter(kind)
    targets: set[tuple[DeviceRole, float]] = set()
    for celsius, percent in ((26.0, 60.0), (14.0, 60.0), (26.0, 10.0), (40.0, 60.0), (None, None)):
        bench.temperature_c, bench.water_percent = celsius, percent
        for _ in range(200):
            bench.step()
            targets |= {(role, bench.level(role)) for role in (HEATER, PUMP, VENT)}
    assert targets == {(role, level) for role in (HEATER, PUMP, VENT) for level in (OFF, ON)}


def test_an_actuator_of_which_nothing_is_new_is_not_decided_for_again() -> None:
    bench = Doubter()
    bench.run(298)
    before = bench.state.outcomes
    bench.step()
    assert bench.state.outcomes is before
    assert bench.level(PUMP) == OFF


def test_a_heater_is_off_after_its_longest_time_and_on_when_it_has_cooled() -> None:
    bench = Doubter(temperature_c=18.0)
    bench.run(3599)
    assert bench.level(HEATER) == ON
    bench.run(10)
    assert bench.level(HEATER) == OFF
    bench.run(300)
    assert bench.level(HEATER) == ON


def test_who_was_switched_lately_is_looked_at_until_it_has_settled() -> None:
    bench = Doubter(HouseKind.GREENHOUSE, temperature_c=30.0)
    bench.run(60)
    assert bench.level(VENT) == ON
    bench.temperature_c = 26.0
    bench.run(6)
    assert bench.level(VENT) == OFF
    bench.temperature_c = 30.0
    bench.run(10)
    assert bench.level(VENT) == OFF, "it settles"
    bench.temperature_c = 29.9
    bench.run(30)
    assert bench.level(VENT) == ON


def test_every_order_of_a_person_begins_and_ends_on_time() -> None:
    bench = Doubter()
    bench.run(120)
    for role in ROLES:
        bench.order(role, ON if role is not DeviceRole.FAN else OFF, hold_s=20.0)
        assert bench.decision(role).source == "person"
        bench.run(21)
        assert bench.decision(role).source != "person"


def test_a_schedule_begins_and_ends_on_time_though_nothing_else_is_new() -> None:
    bench = Doubter(wall_ms=SIX_MS - 60_000)
    bench.hold(
        schedule(TimeBased(start=daily("06:00"), duration_s=30, devices=(IDS[DeviceRole.LIGHT],)))
    )
    bench.run(70)
    assert bench.level(DeviceRole.LIGHT) == ON
    bench.run(30)
    assert bench.level(DeviceRole.LIGHT) == OFF


def test_a_pump_starts_again_when_its_minute_is_over_though_nobody_speaks() -> None:
    bench = Doubter(water_percent=10.0)
    bench.run(30)
    assert bench.level(PUMP) == ON
    for percent, level in ((95.0, OFF), (10.0, OFF)):
        bench.water_percent = percent
        bench.run(15)
        assert bench.level(PUMP) == level
    bench.run(60)
    assert bench.level(PUMP) == ON


def test_what_yields_stops_at_once_when_the_other_begins_to_run() -> None:
    bench = Doubter(temperature_c=26.0)
    lit = Staged(
        id=RuleId(UUID(int=1)),
        name="light by warmth",
        quantity=Quantity.TEMPERATURE,
        comparison=Comparison.ABOVE,
        stages=(Stage(threshold=25.0, devices=(IDS[DeviceRole.LIGHT],)),),
        hysteresis=1.0,
    )
    either = Exclusion(
        id=RuleId(UUID(int=2)),
        name="feed in the dark",
        running=(IDS[DeviceRole.FEEDER],),
        yields=(IDS[DeviceRole.LIGHT],),
    )
    bench.hold(rules=(lit, either))
    bench.run(100)
    assert bench.level(DeviceRole.LIGHT) == ON
    bench.order(DeviceRole.FEEDER, ON)
    assert bench.level(DeviceRole.LIGHT) == OFF
