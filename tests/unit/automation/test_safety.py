"""The interlocks in the engine: each begins, holds and ends as the conflict table needs it."""

from dataclasses import replace
from uuid import UUID

import pytest

from tests.support.engine import HOUSE, IDS, Bench, device, document
from tokkatot.automation.engine import HoldEnd
from tokkatot.automation.inputs import Order, Release, Reset
from tokkatot.automation.interlocks import Interlock
from tokkatot.automation.plan import plan_of, with_stops
from tokkatot.automation.proposals import Source
from tokkatot.domain.alerts import AlertType
from tokkatot.domain.devices import ACTUATORS, OFF, ON, DeviceRole
from tokkatot.domain.houses import HouseKind
from tokkatot.domain.ids import CommandId, DeviceId, HouseId

PUMP, FAN, VENT, HEATER, FEEDER, LIGHT, FOGGER = (
    DeviceRole.WATER_PUMP,
    DeviceRole.FAN,
    DeviceRole.VENT,
    DeviceRole.HEATER,
    DeviceRole.FEEDER,
    DeviceRole.LIGHT,
    DeviceRole.FOGGER,
)


@pytest.mark.parametrize("role", [HEATER, FEEDER, FOGGER])
def test_nothing_is_on_for_longer_than_its_role_may_be(role: DeviceRole) -> None:
    bench = Bench()
    longest_s = ACTUATORS[role].max_on_s
    assert longest_s is not None
    command = bench.order(role, ON, hold_s=3 * longest_s)
    bench.run(longest_s - 1, every_s=5)
    assert bench.level(role) == ON
    bench.run(2)
    assert (bench.level(role), bench.decision(role).source) == (OFF, Source.REST)
    cut = next(ended for ended in bench.ended if ended.command == command)
    assert (cut.end, cut.by) == (HoldEnd.CUT, Interlock.COOL_DOWN)
    bench.run(298)
    bench.order(role, ON)
    assert (bench.ended[-1].end, bench.ended[-1].by) == (HoldEnd.REFUSED, Interlock.COOL_DOWN)
    bench.run(2)
    bench.order(role, ON)
    assert bench.level(role) == ON


def test_a_pump_that_a_person_fills_with_stops_after_half_an_hour() -> None:
    bench = Bench(water_percent=10.0)
    bench.order(PUMP, ON, hold_s=7200)
    for _ in range(29):
        bench.water_percent = (bench.water_percent or 0) + 2
        bench.run(60, every_s=5)
    assert bench.level(PUMP) == ON
    bench.water_percent = 85.0
    bench.run(62)
    assert bench.level(PUMP) == OFF


def test_the_fans_of_a_coop_know_no_maximum_on_time() -> None:
    bench = Bench()
    bench.run(24 * 3600, every_s=25)
    assert (bench.level(FAN), bench.level(VENT)) == (ON, ON)


def test_a_pump_stays_off_for_a_minute_whoever_asks() -> None:
    bench = Bench()
    bench.order(PUMP, ON)
    bench.run(5)
    bench.order(PUMP, OFF, hold_s=1)
    bench.run(50)
    bench.order(PUMP, ON)
    assert (bench.ended[-1].end, bench.ended[-1].by) == (HoldEnd.REFUSED, Interlock.MINIMUM_OFF)
    bench.run(11)
    bench.order(PUMP, ON)
    assert bench.level(PUMP) == ON


def test_a_stale_thermometer_runs_a_coops_fans_and_stops_its_heat() -> None:
    bench = Bench(temperature_c=20.0)
    bench.run(5)
    assert (bench.level(FAN), bench.level(HEATER)) == (OFF, ON)
    bench.order(FAN, OFF, hold_s=600)
    bench.temperature_c = None
    bench.run(30)
    assert bench.level(HEATER) == ON
    bench.run(2)
    assert (bench.level(FAN), bench.level(HEATER)) == (ON, OFF)
    bench.order(HEATER, ON)
    assert bench.ended[-1].by is Interlock.SENSOR_STALE


@pytest.mark.parametrize(
    ("period_s", "believed_s"), [(1.0, 30), (5.0, 30), (20.0, 60), (60.0, 180)]
)
def test_a_thermometer_is_believed_for_three_of_its_periods_and_at_least_30_s(
    period_s: float, believed_s: int
) -> None:
    bench = Bench(temperature_c=20.0)
    held = document()
    devices = tuple(replace(device, period_s=period_s) for device in held.devices)
    bench.plan = plan_of(replace(held, devices=devices))
    bench.run(5)
    bench.temperature_c = None
    bench.run(believed_s)
    assert bench.level(HEATER) == ON
    bench.run(2)
    assert bench.level(HEATER) == OFF


def test_a_stale_thermometer_leaves_a_greenhouse_closed_and_unheated() -> None:
    bench = Bench(HouseKind.GREENHOUSE, temperature_c=10.0)
    bench.temperature_c = None
    bench.run(40)
    assert (bench.level(FAN), bench.level(HEATER)) == (OFF, OFF)


def test_a_hub_that_has_just_started_believes_no_sensor_stale() -> None:
    bench = Bench(temperature_c=None)
    bench.run(25)
    assert Interlock.SENSOR_STALE not in bench.decision(HEATER).cut_by
    bench.order(HEATER, ON)
    assert bench.level(HEATER) == ON
    bench.run(10)
    assert bench.level(HEATER) == OFF


def test_the_software_stop_stops_motion_and_heat_and_keeps_ventilation() -> None:
    bench = Bench(temperature_c=20.0, water_percent=10.0)
    bench.order(FEEDER, ON, hold_s=50)
    bench.order(LIGHT, ON)
    bench.run(3)
    assert [bench.level(role) for role in (PUMP, HEATER, FEEDER, LIGHT)] == [ON, ON, ON, ON]
    bench.stop(on=True)
    bench.step()
    assert [bench.level(role) for role in (PUMP, HEATER, FEEDER, LIGHT)] == [OFF, OFF, OFF, ON]
    bench.order(FEEDER, ON)
    assert bench.ended[-1].by is Interlock.SOFTWARE_STOP
    bench.temperature_c = 31.0
    bench.run(2)
    assert (bench.level(FAN), bench.level(VENT)) == (ON, ON)
    bench.stop(on=False)
    bench.run(2)
    assert bench.level(FEEDER) == OFF, "what was stopped does not begin again by itself"


def test_the_stop_of_one_house_leaves_the_other_running_and_that_of_the_farm_none() -> None:
    bench, held = Bench(), document()
    other, second = HouseId(UUID(int=30)), DeviceId(UUID(int=150))
    plan = plan_of(
        replace(
            held,
            houses=(*held.houses, replace(held.houses[0], id=other, number=2)),
            devices=(
                *held.devices,
                replace(device(second, PUMP), house_id=other),
            ),
        )
    )
    bench.plan = plan
    for number, pump in enumerate((IDS[PUMP], second)):
        command = CommandId(UUID(int=number))
        bench.step(Order(command=command, device_id=pump, level=ON, hold_s=900))
    run: list[list[DeviceId]] = []
    for stopped in (set[HouseId](), {HOUSE}, {HOUSE, other}):
        bench.plan = with_stops(plan, stopped)
        bench.step()
        run.append([one.device_id for one in bench.last.decisions if one.target > OFF])
    fans = [IDS[FAN], IDS[VENT]]
    assert run == [[IDS[PUMP], *fans, second], [*fans, second], fans]


@pytest.mark.parametrize("kind", list(HouseKind))
def test_the_hard_limit_ends_holds_runs_all_ventilation_and_stops_heat(kind: HouseKind) -> None:
    bench = Bench(kind)
    limit_c = bench.plan.houses[0].setpoints.temperature_hard_max_c
    off = bench.order(FAN, OFF, hold_s=3600)
    on = bench.order(HEATER, ON, hold_s=3600)
    bench.run(5)
    assert (bench.level(FAN), bench.level(HEATER)) == (OFF, ON)
    bench.temperature_c = limit_c
    bench.step()
    levels = [bench.level(role) for role in (FAN, VENT, HEATER)]
    assert levels == [ON, ON, OFF]
    assert {(item.command, item.end, item.by) for item in bench.ended} >= {
        (off, HoldEnd.CUT, Interlock.HARD_LIMIT),
        (on, HoldEnd.CUT, Interlock.HARD_LIMIT),
    }
    bench.temperature_c = limit_c - 0.9
    bench.step()
    assert Interlock.HARD_LIMIT in bench.decision(HEATER).cut_by or bench.level(HEATER) == OFF
    bench.order(FAN, OFF)
    assert bench.ended[-1].by is Interlock.HARD_LIMIT


def test_a_thermometer_that_dies_above_the_hard_limit_does_not_make_the_house_cool() -> None:
    bench = Bench(HouseKind.GREENHOUSE, temperature_c=39.0)
    bench.temperature_c = None
    bench.run(120)
    assert bench.level(VENT) == ON


def test_heat_is_over_where_no_thermometer_is_left_that_could_say_so() -> None:
    bench = Bench(HouseKind.GREENHOUSE, temperature_c=39.0)
    bench.temperature_c = None
    bench.run(60)
    bench.plan = plan_of(document(HouseKind.GREENHOUSE, thermometers=()))
    bench.run(60)
    assert bench.level(VENT) == OFF
    bench.order(HEATER, ON)
    assert bench.level(HEATER) == ON


def pump_until(bench: Bench, level: float) -> None:
    """Step until the pump is on or off, for an hour at most."""
    for _ in range(3600):
        if bench.level(PUMP) == level:
            return
        bench.step()
    raise AssertionError(f"the pump was never at {level:g}")


def dry(bench: Bench, runs: int) -> None:
    """Let the pump run against a level that does not rise, until so many strikes are counted."""
    for _ in range(runs):
        pump_until(bench, ON)
        pump_until(bench, OFF)


def test_a_fill_gives_up_after_three_minutes_and_tries_again_five_minutes_later() -> None:
    bench = Bench(water_percent=15.0)
    bench.step()
    began_s = bench.now_s
    dry(bench, 1)
    assert 180 <= bench.now_s - began_s <= 183
    gave_up_s = bench.now_s
    pump_until(bench, ON)
    assert 300 <= bench.now_s - gave_up_s <= 302


def test_a_pump_that_runs_dry_three_times_is_latched_until_a_person_switches_it_off() -> None:
    bench = Bench(water_percent=15.0)
    dry(bench, 3)
    bench.run(3600, every_s=5)
    assert bench.level(PUMP) == OFF
    raised = [item.key.type for item in bench.alarms if item.change.value == "raised"]
    assert raised.count(AlertType.WATER_NOT_RISING) == 1
    bench.order(PUMP, ON)
    assert bench.ended[-1].by is Interlock.DRY_RUN
    bench.order(PUMP, OFF, hold_s=100)
    bench.run(99)
    assert bench.level(PUMP) == OFF, "clearing the latch starts nothing"
    bench.run(3)
    assert bench.level(PUMP) == ON
    assert bench.alarms[-1].key.type is AlertType.WATER_NOT_RISING
    assert bench.alarms[-1].change.value == "cleared"


def test_a_reset_clears_the_latch_and_starts_nothing_by_itself() -> None:
    bench = Bench(water_percent=15.0)
    dry(bench, 3)
    bench.run(600, every_s=5)
    bench.step(Reset(device_id=IDS[PUMP]))
    assert bench.level(PUMP) == OFF
    assert not bench.state.dry_runs[IDS[PUMP]].latched
    bench.run(298)
    assert bench.level(PUMP) == OFF, "automatic waits as after any dry run"
    bench.run(3)
    assert bench.level(PUMP) == ON


def test_a_person_may_start_a_pump_as_soon_as_its_latch_is_cleared() -> None:
    bench = Bench(water_percent=15.0)
    dry(bench, 3)
    bench.run(600, every_s=5)
    bench.step(Reset(device_id=IDS[PUMP]))
    bench.order(PUMP, ON)
    assert bench.level(PUMP) == ON


def test_a_pump_that_a_person_started_after_a_reset_stops_when_their_time_is_over() -> None:
    bench = Bench(water_percent=15.0)
    dry(bench, 3)
    bench.run(600, every_s=5)
    bench.step(Reset(device_id=IDS[PUMP]))
    bench.order(PUMP, ON, hold_s=5)
    assert bench.level(PUMP) == ON
    bench.water_percent = 95.0
    bench.run(6)
    assert bench.level(PUMP) == OFF


def test_a_reset_of_what_is_not_latched_changes_nothing() -> None:
    bench = Bench()
    bench.order(LIGHT, ON)
    bench.step(Reset(device_id=IDS[LIGHT]))
    assert bench.level(LIGHT) == ON


def test_a_reset_of_a_pump_that_runs_does_not_let_it_run_dry_for_longer() -> None:
    bench = Bench(water_percent=15.0)
    bench.run(120)
    assert bench.level(PUMP) == ON
    bench.step(Reset(device_id=IDS[PUMP]))
    bench.run(65)
    assert bench.level(PUMP) == OFF


def test_what_a_person_held_goes_back_to_automatic_at_their_word() -> None:
    bench = Bench()
    held = bench.order(FAN, OFF)
    assert bench.level(FAN) == OFF
    bench.step(Release(device_id=IDS[FAN]))
    assert bench.level(FAN) == ON
    assert [(one.command, one.end) for one in bench.ended] == [(held, HoldEnd.SUPERSEDED)]
    bench.step(Release(device_id=IDS[FAN]))
    assert bench.level(FAN) == ON


def test_a_level_that_rises_forgives_earlier_strikes() -> None:
    bench = Bench(water_percent=15.0)
    dry(bench, 2)
    pump_until(bench, ON)
    bench.run(5)
    bench.water_percent = 15.9
    bench.run(2)
    assert bench.state.dry_runs[IDS[PUMP]].strikes == 2
    bench.water_percent = 16.1
    bench.run(2)
    assert bench.state.dry_runs[IDS[PUMP]].strikes == 0


def test_a_pump_whose_relay_does_not_close_is_not_taken_for_dry() -> None:
    bench = Bench(water_percent=15.0, follow=False)
    bench.run(600)
    assert bench.level(PUMP) == ON


def test_a_pump_whose_node_is_away_gets_no_strikes_and_fills_when_it_is_back() -> None:
    bench = Bench(water_percent=15.0)
    bench.run(20)
    bench.contact(PUMP, online=False)
    bench.run(170)
    assert bench.level(PUMP) == OFF, "it may run all the same: it waits as after any dry run"
    bench.run(3600)
    assert bench.state.dry_runs[IDS[PUMP]].strikes == 0
    bench.contact(PUMP, online=True)
    bench.step()
    pump_until(bench, ON)
    bench.water_percent = 17.0
    bench.run(100)
    assert bench.level(PUMP) == ON


def test_a_pump_whose_node_is_away_now_and_then_runs_no_longer_dry_for_it() -> None:
    bench = Bench(water_percent=15.0)
    for _ in range(60):
        for online in (False, True):
            bench.contact(PUMP, online=online)
            bench.run(10)
    assert bench.state.dry_runs[IDS[PUMP]].strikes >= 1
    bench.run(1600)
    assert bench.state.dry_runs[IDS[PUMP]].latched


def test_a_hold_ends_by_itself_and_the_rule_is_back() -> None:
    bench = Bench(water_percent=10.0)
    bench.run(2)
    bench.order(PUMP, OFF, hold_s=120)
    bench.run(119)
    assert bench.decision(PUMP).source is Source.PERSON
    bench.run(2)
    assert bench.decision(PUMP).source is Source.RULE
    assert bench.ended[-1].end is HoldEnd.LAPSED


def test_a_coop_has_its_air_back_at_once_when_a_hold_ends() -> None:
    bench = Bench()
    bench.run(60)
    bench.order(FAN, 8.0, hold_s=20)
    bench.run(19)
    assert bench.level(FAN) == 8.0
    bench.run(2)
    assert bench.level(FAN) == ON


def test_a_newer_order_supersedes_the_older_one() -> None:
    bench = Bench()
    first = bench.order(LIGHT, ON)
    bench.order(LIGHT, OFF)
    assert [(item.command, item.end) for item in bench.ended] == [(first, HoldEnd.SUPERSEDED)]
    assert bench.level(LIGHT) == OFF


def test_an_order_that_is_refused_leaves_the_one_before_it() -> None:
    bench = Bench()
    bench.order(PUMP, ON)
    bench.order(PUMP, OFF, hold_s=900)
    bench.order(PUMP, ON)
    assert bench.ended[-1].end is HoldEnd.REFUSED
    assert bench.decision(PUMP).source is Source.PERSON
    assert bench.level(PUMP) == OFF


def test_a_withdrawn_order_holds_no_longer() -> None:
    bench = Bench()
    command = bench.order(LIGHT, ON)
    bench.step(withdrawn=frozenset({command}))
    assert bench.level(LIGHT) == OFF


def test_the_trace_tells_what_was_asked_who_won_and_what_cut_it() -> None:
    bench = Bench(temperature_c=20.0)
    bench.stop(on=True)
    bench.step()
    decision = bench.decision(HEATER)
    assert [(item.source, item.reason) for item in decision.proposals] == [
        (Source.RULE, "temperature_low")
    ]
    assert (decision.winner.source, decision.winner.level) == (Source.RULE, ON)
    assert (decision.source, decision.reason) == (Source.INTERLOCK, "software_stop")
    assert decision.cut_by == (Interlock.SOFTWARE_STOP,)
