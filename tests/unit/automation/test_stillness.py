"""What the engine keeps of what it concluded is what it would conclude now, as time goes by."""

from collections import Counter
from dataclasses import replace
from uuid import UUID

import pytest

from tests.support.alarms import definition, furnish
from tests.support.engine import IDS, ROLES, Doubter, device, document, limited
from tests.support.schedules import SIX_MS, daily, schedule
from tokkatot.automation.engine import HoldEnd
from tokkatot.automation.inputs import Report, Reset, Sample
from tokkatot.automation.plan import plan_of
from tokkatot.domain.alarms import Drill, Standard
from tokkatot.domain.alerts import AlertType
from tokkatot.domain.desired import RelayLimits
from tokkatot.domain.devices import OFF, ON, DeviceRole
from tokkatot.domain.houses import HouseKind, HouseMode
from tokkatot.domain.ids import DeviceId, RuleId
from tokkatot.domain.quantities import Quantity
from tokkatot.domain.rules import Comparison, Exclusion, Stage, Staged
from tokkatot.domain.schedules import TimeBased

METER = DeviceId(UUID(int=203))
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
    before = bench.state.decided
    bench.step()
    assert bench.state.decided is before
    assert bench.level(PUMP) == OFF


def test_who_is_held_by_a_person_is_not_decided_for_again_until_the_end_comes() -> None:
    bench = Doubter()
    bench.order(DeviceRole.LIGHT, ON, hold_s=300.0)
    bench.run(296)
    before = bench.state.decided
    bench.step()
    assert bench.state.decided is before
    bench.run(3)
    assert bench.ended[-1].end is HoldEnd.LAPSED
    assert bench.level(DeviceRole.LIGHT) == OFF


def test_an_alarm_that_stands_is_not_looked_at_again_while_nothing_is_new() -> None:
    bench = Doubter(temperature_c=31.5)
    bench.run(72)
    before = bench.state.alarmed
    bench.step()
    assert bench.state.alarmed is before
    assert [alarm.stands for alarm in bench.state.alarms.values()] == [True]


def test_an_alarm_lives_all_its_life_as_if_nothing_was_kept() -> None:
    bench = Doubter()
    for celsius, seconds in ((35.0, 1900), *((26.0, 40), (35.0, 40)) * 3, (26.0, 1000)):
        bench.temperature_c = celsius
        bench.run(seconds)
    told = Counter(item.change.value for item in bench.alarms)
    assert told == {"raised": 2, "raised_again": 5, "cleared": 5}
    assert {item.flaps for item in bench.alarms} == {False, True}
    bench.step(seen={item.alert_id: item.times for item in bench.alarms})
    bench.run(1900)
    assert bench.state.alarms == {}


def test_an_alarm_that_waits_for_a_house_to_warm_up_is_told_on_time() -> None:
    bench = Doubter(temperature_c=20.0)
    cold = definition(Standard(type=AlertType.TEMPERATURE_LOW), hold_off_s=600.0)
    furnish(bench, alarms=(cold,), mode=HouseMode.PREHEAT)
    bench.run(590)
    assert bench.alarms == []
    bench.run(20)
    assert [item.key.type for item in bench.alarms] == [AlertType.TEMPERATURE_LOW]


def test_a_test_of_the_alarms_begins_and_ends_on_time_though_nothing_else_is_new() -> None:
    bench = Doubter(wall_ms=SIX_MS - 60_000)
    furnish(bench, alarms=(definition(Drill(at=daily("06:00"), lasts_s=30.0)),))
    bench.run(100)
    assert [item.change.value for item in bench.alarms] == ["raised", "cleared"]


def test_a_device_that_goes_is_told_of_after_its_minute() -> None:
    bench = Doubter()
    bench.run(73)
    bench.contact(DeviceRole.LIGHT, online=False)
    bench.run(50)
    assert bench.alarms == []
    bench.run(20)
    assert [item.key.type for item in bench.alarms] == [AlertType.DEVICE_OFFLINE]


def test_a_drive_that_takes_its_time_is_not_told_of_until_it_takes_too_long() -> None:
    bench = Doubter(temperature_c=30.0)
    bench.run(120)
    bench.follow = False
    for level in (80.0, 60.0):
        bench.temperature_c = 26.0
        bench.step(reports=(Report(device_id=IDS[VENT], level=level),))
        bench.run(50)
    assert bench.alarms == []
    bench.run(100)
    assert [item.key.type for item in bench.alarms] == [AlertType.DEVICE_ERROR]


def test_a_shelved_alarm_comes_off_its_shelf_on_time_though_nothing_else_is_new() -> None:
    bench = Doubter(temperature_c=31.5, wall_ms=SIX_MS)
    bench.run(70)
    (key,) = bench.state.alarms
    bench.plan = replace(bench.plan, shelved=((key, SIX_MS + 200_000),))
    bench.run(20)
    assert [alarm.shelved for alarm in bench.state.alarms.values()] == [True]
    bench.run(140)
    assert [alarm.shelved for alarm in bench.state.alarms.values()] == [False]


@pytest.mark.parametrize("limits", [RelayLimits(starts_per_hour=3), RelayLimits(min_on_s=45.0)])
def test_who_is_switched_often_is_held_back_for_as_long_as_it_must_be(limits: RelayLimits) -> None:
    bench = Doubter(HouseKind.GREENHOUSE)
    limited(bench, VENT, limits)
    levels: list[float] = []
    for celsius in (31.0, 20.0) * 4:
        bench.temperature_c = celsius
        for _ in range(40):
            bench.step()
            levels.append(bench.level(VENT))
    bench.temperature_c = 31.0
    bench.run(3600)
    assert ON in levels
    assert bench.level(VENT) == ON


def test_a_heater_is_off_when_its_least_time_on_is_over_though_its_level_changed_since() -> None:
    bench = Doubter(temperature_c=26.0)
    limited(bench, HEATER, RelayLimits(min_on_s=100.0))
    bench.order(HEATER, ON, hold_s=30.0)
    bench.run(20)
    bench.order(HEATER, 40.0, hold_s=10.0)
    bench.run(75)
    assert bench.level(HEATER) == 40.0
    bench.run(10)
    assert bench.level(HEATER) == OFF


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


def test_a_pump_that_runs_dry_waits_latches_and_begins_again_when_it_was_cleared() -> None:
    bench = Doubter(water_percent=10.0)
    bench.run(1100)
    assert bench.state.dry_runs[IDS[PUMP]].strikes == 2
    bench.run(400)
    assert bench.state.dry_runs[IDS[PUMP]].latched
    bench.step(Reset(device_id=IDS[PUMP]))
    bench.run(298)
    assert bench.level(PUMP) == OFF
    bench.run(3)
    assert bench.level(PUMP) == ON


def test_a_pump_whose_water_does_not_flow_is_stopped_after_a_minute_of_it() -> None:
    bench = Doubter(water_percent=10.0)
    furnish(bench, device(METER, DeviceRole.FLOW_SENSOR, Quantity.FLOW_RATE))
    stands = (Sample(device_id=METER, quantity=Quantity.FLOW_RATE, value=0.0),)
    bench.run(7)
    for _ in range(2):
        bench.step(samples=stands)
        bench.run(24)
    assert bench.level(PUMP) == ON
    bench.step(samples=stands)
    bench.run(20)
    assert bench.level(PUMP) == OFF


def test_a_pump_whose_water_flows_again_is_forgiven_though_nobody_speaks() -> None:
    bench = Doubter(water_percent=10.0)
    furnish(bench, device(METER, DeviceRole.FLOW_SENSOR, Quantity.FLOW_RATE))
    bench.run(170)
    assert bench.level(PUMP) == ON
    bench.run(20)
    assert bench.state.dry_runs[IDS[PUMP]].strikes == 1
    bench.water_percent = None
    bench.run(240)
    bench.order(PUMP, ON, hold_s=1200.0)
    assert bench.level(PUMP) == OFF
    bench.run(70)
    bench.order(PUMP, ON, hold_s=1200.0)
    for _ in range(4):
        bench.step(samples=(Sample(device_id=METER, quantity=Quantity.FLOW_RATE, value=5.0),))
        bench.run(24)
    assert bench.level(PUMP) == ON
    assert bench.state.dry_runs[IDS[PUMP]].strikes == 0


def test_a_house_that_only_measures_tells_of_heat_as_if_nothing_was_kept() -> None:
    bench = Doubter()
    held = document()
    bench.plan = plan_of(
        replace(held, devices=tuple(one for one in held.devices if one.quantities))
    )
    bench.run(100)
    bench.temperature_c = 33.0
    bench.run(100)
    assert [item.key.type for item in bench.alarms] == [AlertType.TEMPERATURE_HIGH]


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
