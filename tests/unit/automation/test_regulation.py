"""The rules that people write: thresholds, stages, bands, twins, exclusion and limits."""

from dataclasses import replace
from uuid import UUID

import msgspec
import pytest

from tests.support.engine import HOUSE, IDS, Bench, limited
from tests.support.schedules import DAWN_MS, restart_unheard
from tokkatot.automation.interlocks import Interlock
from tokkatot.automation.regulation import UNHEARD_S
from tokkatot.domain.desired import RelayLimits
from tokkatot.domain.devices import OFF, ON, DeviceRole, Level
from tokkatot.domain.houses import HouseKind, HouseMode
from tokkatot.domain.ids import RuleId
from tokkatot.domain.quantities import Quantity
from tokkatot.domain.rules import (
    Comparison,
    Condition,
    Exclusion,
    LeadLag,
    Proportional,
    Rule,
    Stage,
    Staged,
    Threshold,
)

LIGHT, FOGGER, FEEDER, FAN, VENT, HEATER = (
    DeviceRole.LIGHT,
    DeviceRole.FOGGER,
    DeviceRole.FEEDER,
    DeviceRole.FAN,
    DeviceRole.VENT,
    DeviceRole.HEATER,
)
ABOVE, BELOW = Comparison.ABOVE, Comparison.BELOW
ID = RuleId(UUID(int=77))
DAY_S = 86_400.0


def bench(*rules: Rule, kind: HouseKind = HouseKind.GREENHOUSE, celsius: float = 20.0) -> Bench:
    made = Bench(kind)
    made.hold(rules=rules)
    made.temperature_c = celsius
    made.run(100)
    return made


def at(made: Bench, celsius: float, seconds: float = 1.0) -> Bench:
    made.temperature_c = celsius
    made.run(seconds)
    return made


def lamp(
    comparison: Comparison, celsius: float, *, hysteresis: float = 0.0, level: Level = ON
) -> Threshold:
    when = Condition(
        quantity=Quantity.TEMPERATURE,
        comparison=comparison,
        threshold=celsius,
        hysteresis=hysteresis,
    )
    return Threshold(id=ID, name="lamp", when=when, devices=(IDS[LIGHT],), level=level)


def stages_of(*stages: Stage, hysteresis: float = 0.0) -> Staged:
    return Staged(
        id=ID,
        name="air",
        quantity=Quantity.TEMPERATURE,
        comparison=ABOVE,
        hysteresis=hysteresis,
        stages=stages,
    )


def band(low: float, high: float) -> Proportional:
    return Proportional(
        id=ID,
        name="band",
        quantity=Quantity.TEMPERATURE,
        from_value=low,
        to_value=high,
        devices=(IDS[LIGHT],),
        step=10.0,
    )


def twins(
    lead: float,
    lag: float,
    other: DeviceRole,
    *,
    hysteresis: float = 0.0,
    swap_every_s: float = DAY_S,
) -> LeadLag:
    return LeadLag(
        id=ID,
        name="twins",
        quantity=Quantity.TEMPERATURE,
        comparison=ABOVE,
        lead=lead,
        lag=lag,
        hysteresis=hysteresis,
        devices=(IDS[LIGHT], IDS[other]),
        swap_every_s=swap_every_s,
    )


def test_a_threshold_holds_until_its_value_is_back_beyond_the_hysteresis() -> None:
    made = bench(lamp(BELOW, 18.0, hysteresis=2.0, level=60.0))
    levels = [at(made, celsius).level(LIGHT) for celsius in (18.0, 17.9, 19.9, 20.0, 18.0)]
    assert levels == [OFF, 60.0, 60.0, OFF, OFF]


def test_a_rule_that_nobody_changed_stands_where_it_stood_in_a_new_document() -> None:
    rule = lamp(ABOVE, 28.0, hysteresis=3.0)
    made = at(bench(rule), 29.0, 2)
    other = msgspec.structs.replace(lamp(BELOW, 5.0), id=RuleId(UUID(int=79)))
    for rules in ((rule,), (other, rule)):
        at(made, 26.5, 2)
        made.hold(rules=msgspec.json.decode(msgspec.json.encode(rules), type=tuple[Rule, ...]))
        made.run(2)
        assert made.level(LIGHT) == ON, "26.5 °C is within the hysteresis of what held"
    made.hold(rules=(lamp(ABOVE, 27.0, hysteresis=3.0),))
    made.run(2)
    assert made.level(LIGHT) == OFF, "a rule that was changed begins anew"


def test_a_rule_that_is_switched_off_asks_for_nothing() -> None:
    resting = msgspec.structs.replace(lamp(BELOW, 18.0), enabled=False)
    assert at(bench(resting), 10.0).level(LIGHT) == OFF


def test_stages_add_one_after_the_other_and_leave_in_reverse() -> None:
    first = Stage(threshold=22.0, devices=(IDS[LIGHT],), level=30.0)
    second = Stage(threshold=24.0, devices=(IDS[LIGHT], IDS[FEEDER]))
    made = bench(stages_of(first, second, hysteresis=0.5))
    seen = []
    for celsius in (22.0, 22.1, 24.1, 23.6, 23.5, 21.6, 21.4):
        at(made, celsius)
        seen.append((made.level(LIGHT), made.level(FEEDER)))
    assert seen == [(OFF, OFF), (30, OFF), (ON, ON), (ON, ON), (30, OFF), (30, OFF), (OFF, OFF)]


def test_a_coop_rests_a_later_fan_by_a_first_stage_at_nought_and_only_while_it_feels() -> None:
    later = Stage(threshold=28.0, devices=(IDS[VENT],))
    resting = Stage(threshold=10.0, devices=(IDS[VENT],), level=OFF)
    assert bench(stages_of(later), kind=HouseKind.COOP, celsius=26.0).level(VENT) == ON
    made = bench(stages_of(resting, later), kind=HouseKind.COOP, celsius=26.0)
    assert (made.level(FAN), made.level(VENT)) == (ON, OFF)
    assert at(made, 28.5, 60).level(VENT) == ON
    at(made, 26.0, 60)
    made.temperature_c = None
    made.run(60)
    assert made.level(VENT) == ON


def test_a_band_moves_in_steps_and_reaches_both_ends() -> None:
    made = bench(band(20.0, 24.0))
    levels = [
        at(made, celsius).level(LIGHT) for celsius in (20.0, 20.3, 20.4, 21.0, 22.0, 24.0, 25.0)
    ]
    assert levels == [OFF, OFF, 10.0, 20.0, 50.0, ON, ON]
    assert at(made, 19.0).level(LIGHT) == OFF


@pytest.mark.parametrize(
    "rule",
    [
        lamp(ABOVE, 10.0),
        stages_of(Stage(threshold=10.0, devices=(IDS[LIGHT],))),
        band(0.0, 10.0),
        twins(10.0, 12.0, FEEDER),
    ],
    ids=["threshold", "staged", "band", "twins"],
)
def test_a_rule_whose_sensor_is_silent_asks_for_nothing(rule: Rule) -> None:
    made = bench(rule)
    assert made.level(LIGHT) == ON
    made.temperature_c = None
    made.run(40)
    assert made.level(LIGHT) == OFF


def test_twins_share_the_work_and_change_places() -> None:
    made = bench(twins(22.0, 25.0, FEEDER, hysteresis=0.5, swap_every_s=600))

    def both() -> tuple[float, float]:
        return made.level(LIGHT), made.level(FEEDER)

    at(made, 23.0)
    assert both() == (ON, OFF)
    at(made, 25.5)
    assert both() == (ON, ON)
    at(made, 24.4, 30)
    assert both() == (ON, OFF)
    at(made, 20.0, 600)
    at(made, 23.0)
    assert both() == (OFF, ON)


def test_a_lone_lead_hands_over_even_where_nothing_ever_rests() -> None:
    made = bench(twins(22.0, 25.0, DeviceRole.WATER_PUMP, swap_every_s=300))
    at(made, 23.0, 700)
    assert made.level(LIGHT) == OFF


def test_a_twin_stands_in_at_once_for_a_lead_that_is_away_and_rests_when_it_is_back() -> None:
    made = at(bench(twins(22.0, 25.0, FEEDER)), 23.0)
    assert (made.level(LIGHT), made.level(FEEDER)) == (ON, OFF)
    made.contact(LIGHT, online=False)
    made.run(1)
    assert (made.level(LIGHT), made.level(FEEDER)) == (ON, ON)
    made.contact(LIGHT, online=True)
    made.run(1)
    assert (made.level(LIGHT), made.level(FEEDER)) == (ON, OFF)


def test_a_twin_waits_for_a_lead_that_was_not_heard_yet_after_a_start() -> None:
    before = Bench(HouseKind.GREENHOUSE, wall_ms=DAWN_MS)
    before.hold(rules=(twins(22.0, 25.0, FEEDER),))
    made = restart_unheard(before, 60)
    made.temperature_c = 23.0
    made.run(UNHEARD_S)
    assert made.level(FEEDER) == OFF
    made.run(2)
    assert made.level(FEEDER) == ON


def test_what_yields_stays_off_while_the_other_runs_whoever_asks() -> None:
    cooling = Exclusion(id=ID, name="heat or cool", running=(IDS[FAN],), yields=(IDS[HEATER],))
    made = bench(cooling, celsius=20.0)
    made.order(FAN, ON)
    made.order(HEATER, ON)
    assert made.ended[-1].by is Interlock.EXCLUDED
    assert made.level(HEATER) == OFF
    made.order(FAN, OFF)
    made.order(HEATER, ON)
    assert made.level(HEATER) == ON
    made.order(FAN, ON)
    assert (made.level(FAN), made.level(HEATER)) == (ON, OFF)


@pytest.mark.parametrize(("first", "second"), [(HEATER, FEEDER), (FEEDER, HEATER)])
def test_what_yields_in_a_chain_is_decided_from_its_end(
    first: DeviceRole, second: DeviceRole
) -> None:
    chain = (
        Exclusion(id=ID, name="one", running=(IDS[second],), yields=(IDS[first],)),
        Exclusion(
            id=RuleId(UUID(int=78)), name="other", running=(IDS[LIGHT],), yields=(IDS[second],)
        ),
    )
    for ordered in ((first, second), (second, first)):
        made = bench(*chain, kind=HouseKind.COOP, celsius=26.0)
        for role in ordered:
            made.order(role, ON, hold_s=20)
            made.step()
        assert (made.level(first), made.level(second)) == (OFF, ON)


def test_where_each_yields_to_the_next_in_a_ring_somebody_is_decided_first() -> None:
    ring = (FEEDER, LIGHT, HEATER)
    rules = (
        Exclusion(
            id=RuleId(UUID(int=80 + at)),
            name="ring",
            running=(IDS[ring[(at + 1) % 3]],),
            yields=(IDS[one],),
        )
        for at, one in enumerate(ring)
    )
    made = bench(*rules, kind=HouseKind.COOP, celsius=26.0)
    assert {actuator.id for actuator in made.plan.houses[0].actuators} == set(IDS.values())


def test_the_air_of_a_coop_yields_to_nothing() -> None:
    wrong = Exclusion(id=ID, name="wrong way", running=(IDS[HEATER],), yields=(IDS[FAN],))
    made = bench(wrong, kind=HouseKind.COOP, celsius=26.0)
    made.order(HEATER, ON)
    assert (made.level(HEATER), made.level(FAN)) == (ON, ON)


def test_a_device_keeps_its_own_least_time_on_and_off() -> None:
    made = Bench(temperature_c=26.0)
    limited(made, HEATER, RelayLimits(min_on_s=120, min_off_s=200))
    made.run(300)
    at(made, 20.0, 5)
    assert made.level(HEATER) == ON
    at(made, 26.0, 110)
    assert (made.level(HEATER), made.decision(HEATER).cut_by) == (ON, (Interlock.SETTLING,))
    made.run(20)
    assert made.level(HEATER) == OFF
    at(made, 20.0, 150)
    assert made.level(HEATER) == OFF
    made.run(60)
    assert made.level(HEATER) == ON


def furnished(made: Bench, **house: object) -> None:
    """Change something of the house, with its devices as they are."""
    changed = replace(made.plan.houses[0], **house)  # type: ignore[arg-type]  # real fields
    made.plan = replace(made.plan, houses=(changed,))


def test_a_least_time_on_holds_no_level_and_ends_where_it_began() -> None:
    made = Bench(temperature_c=26.0)
    limited(made, HEATER, RelayLimits(min_on_s=600))
    warm = Proportional(
        id=ID,
        name="warm",
        quantity=Quantity.TEMPERATURE,
        devices=(IDS[HEATER],),
        from_value=26.0,
        from_level=100.0,
        to_value=30.0,
        to_level=0.0,
        step=5.0,
    )
    furnished(made, rules=(warm,))
    made.run(300)
    assert at(made, 27.2).level(HEATER) == 70.0
    assert at(made, 30.0, 290).level(HEATER) == 70.0
    assert at(made, 30.0, 15).level(HEATER) == OFF


def test_a_mode_lets_rest_what_has_its_least_time_on_before_it() -> None:
    made = Bench(temperature_c=20.0)
    limited(made, HEATER, RelayLimits(min_on_s=600))
    made.run(30)
    assert made.level(HEATER) == ON
    furnished(made, mode=HouseMode.CATCHING)
    made.step()
    assert made.level(HEATER) == OFF


def start(made: Bench, role: DeviceRole) -> None:
    made.order(role, ON, hold_s=2)
    made.run(4)


def test_nothing_starts_more_than_twenty_times_an_hour() -> None:
    made = Bench()
    for _ in range(20):
        start(made, LIGHT)
    assert not [one for one in made.ended if one.by is Interlock.STARTS]
    start(made, LIGHT)
    assert made.ended[-1].by is Interlock.STARTS
    made.run(3600, every_s=20)
    made.order(LIGHT, ON)
    assert made.level(LIGHT) == ON


def test_a_device_may_want_fewer_starts() -> None:
    made = Bench()
    limited(made, LIGHT, RelayLimits(starts_per_hour=2))
    for _ in range(3):
        start(made, LIGHT)
    assert made.ended[-1].by is Interlock.STARTS


def test_a_coops_fan_that_started_too_often_stays_on_and_never_off() -> None:
    made = Bench()
    for _ in range(21):
        made.order(FAN, OFF, hold_s=2)
        made.run(4)
    assert made.level(FAN) == ON
    made.order(FAN, OFF)
    assert made.ended[-1].by is Interlock.STARTS
    assert made.level(FAN) == ON
    assert made.plan.houses[0].id == HOUSE
