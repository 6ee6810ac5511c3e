"""What must hold whatever happens: houses, sensors, people and time as Hypothesis makes them up."""

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.engine import IDS, ROLES, SECOND_THERMOMETER, THERMOMETER, Bench, document
from tokkatot.automation.engine import Step, step
from tokkatot.automation.inputs import Inputs, Order
from tokkatot.automation.instant import Instant
from tokkatot.automation.interlocks import TABLE, Effect, Interlock
from tokkatot.automation.plan import Trait, plan_of
from tokkatot.automation.proposals import Source
from tokkatot.automation.state import State
from tokkatot.domain.devices import ACTUATORS, LONGEST_HOLD_S, OFF, ON, DeviceRole
from tokkatot.domain.houses import HouseKind
from tokkatot.domain.ids import AlertId, CommandId, DeviceId


@dataclass(frozen=True)
class Moment:
    """What happens in one step of a story."""

    after_s: float
    temperature_c: float | None
    water_percent: float | None
    stop: bool
    order: tuple[DeviceRole, float, float] | None


LEVELS = st.sampled_from([OFF, 50.0, ON])
MOMENTS = st.builds(
    Moment,
    after_s=st.sampled_from([0.001, 1.0, 1.0, 5.0, 29.0, 61.0, 400.0]),
    temperature_c=st.one_of(st.none(), st.floats(-10, 50)),
    water_percent=st.one_of(st.none(), st.floats(0, 100)),
    stop=st.booleans(),
    order=st.one_of(
        st.none(), st.tuples(st.sampled_from(ROLES), LEVELS, st.floats(1, 2 * LONGEST_HOLD_S))
    ),
)
STORIES = st.tuples(st.sampled_from(HouseKind), st.lists(MOMENTS, min_size=1, max_size=25))


def tell(kind: HouseKind, moments: list[Moment]) -> list[tuple[Bench, Step, Moment, float]]:
    """Live through a story, and return what was so after every moment of it, and when."""
    bench = Bench(kind)
    number = 0
    seen: list[tuple[Bench, Step, Moment, float]] = []
    for moment in moments:
        bench.temperature_c, bench.water_percent = moment.temperature_c, moment.water_percent
        bench.stop(on=moment.stop)
        orders: tuple[Order, ...] = ()
        if moment.order is not None:
            role, level, hold_s = moment.order
            number += 1
            orders = (
                Order(
                    command=CommandId(AlertId(IDS[role])),
                    device_id=IDS[role],
                    level=level,
                    hold_s=hold_s,
                ),
            )
        seen.append((bench, bench.step(*orders, after_s=moment.after_s), moment, bench.now_s))
    return seen


def trait(bench: Bench, device_id: DeviceId) -> Trait:
    return bench.plan.actuators[device_id].trait


@settings(max_examples=60, deadline=None)
@given(STORIES)
def test_the_air_of_a_coop_runs_at_the_hard_limit_whatever_is_commanded(
    story: tuple[HouseKind, list[Moment]],
) -> None:
    _, moments = story
    for bench, now, moment, _ in tell(HouseKind.COOP, moments):
        hard_c = bench.plan.houses[0].setpoints.temperature_hard_max_c
        if moment.temperature_c is None or moment.temperature_c < hard_c:
            continue
        for decision in now.decisions:
            if trait(bench, decision.device_id) is Trait.COOP_AIR:
                assert decision.target == ON
            if trait(bench, decision.device_id) is Trait.HEAT:
                assert decision.target == OFF


@settings(max_examples=60, deadline=None)
@given(st.lists(MOMENTS, max_size=20), st.sampled_from([DeviceRole.FAN, DeviceRole.VENT]))
def test_a_coop_fan_is_never_off_behind_a_stale_sensor(
    moments: list[Moment], role: DeviceRole
) -> None:
    bench = tell(HouseKind.COOP, moments)[-1][0] if moments else Bench()
    bench.temperature_c = None
    bench.run(40)
    bench.order(role, OFF, hold_s=3600)
    assert bench.level(role) == ON
    assert bench.level(DeviceRole.HEATER) == OFF


@settings(max_examples=60, deadline=None)
@given(STORIES)
def test_no_interlock_is_ever_broken(story: tuple[HouseKind, list[Moment]]) -> None:
    for bench, now, moment, _ in tell(*story):
        active = {Interlock.SOFTWARE_STOP} if moment.stop else set()
        if any(climate.over_hard_limit for climate in now.state.climates.values()):
            active.add(Interlock.HARD_LIMIT)
        for decision in now.decisions:
            kind = trait(bench, decision.device_id)
            effects = [
                effect
                for interlock in Interlock
                if interlock in active
                and (effect := TABLE[interlock].get(kind, Effect.FREE)) is not Effect.FREE
            ]
            if effects:
                assert decision.target == (ON if effects[0] is Effect.RUN else OFF)


@settings(max_examples=60, deadline=None)
@given(STORIES)
def test_nothing_runs_beyond_its_longest_time_and_no_pump_starts_within_its_minute(
    story: tuple[HouseKind, list[Moment]],
) -> None:
    off_since_s: float | None = None
    for bench, now, moment, now_s in tell(*story):
        for decision in now.decisions:
            longest_s = ACTUATORS[bench.plan.actuators[decision.device_id].role].max_on_s
            on_since_s = now.state.relays[decision.device_id].on_since_s
            if longest_s is not None and on_since_s is not None:
                assert now_s - on_since_s < longest_s + moment.after_s
        pump = now.state.relays[IDS[DeviceRole.WATER_PUMP]]
        if pump.target > OFF and off_since_s is not None and pump.changed_s is not None:
            assert pump.changed_s - off_since_s >= 60
        off_since_s = pump.changed_s if pump.target == OFF else None


@settings(max_examples=60, deadline=None)
@given(STORIES)
def test_every_hold_ends(story: tuple[HouseKind, list[Moment]]) -> None:
    bench = tell(*story)[-1][0]
    for hold in bench.state.holds.values():
        assert hold.until_s <= bench.now_s + LONGEST_HOLD_S
    bench.temperature_c, bench.water_percent = 26.0, 60.0
    bench.step(after_s=LONGEST_HOLD_S + 1)
    assert not bench.state.holds
    assert all(item.winner.source is not Source.PERSON for item in bench.last.decisions)


@settings(max_examples=60, deadline=None)
@given(STORIES)
def test_heat_and_ventilation_are_never_both_asked_for_by_rule(
    story: tuple[HouseKind, list[Moment]],
) -> None:
    for bench, now, _, _ in tell(*story):
        asked = {
            trait(bench, decision.device_id)
            for decision in now.decisions
            for proposal in decision.proposals
            if proposal.source is Source.RULE and proposal.level > OFF
        }
        assert not (Trait.HEAT in asked and asked & {Trait.AIR, Trait.COOP_AIR})


@settings(max_examples=60, deadline=None)
@given(STORIES)
def test_a_level_is_always_within_its_range_and_the_trace_explains_it(
    story: tuple[HouseKind, list[Moment]],
) -> None:
    for _, now, _, _ in tell(*story):
        for decision in now.decisions:
            assert OFF <= decision.target <= ON
            assert bool(decision.cut_by) == (decision.target != decision.winner.level)
            assert decision.winner in decision.proposals or decision.winner.source is Source.REST


@settings(max_examples=60, deadline=None)
@given(STORIES)
def test_the_same_story_gives_the_same_steps(story: tuple[HouseKind, list[Moment]]) -> None:
    assert [seen[1] for seen in tell(*story)] == [seen[1] for seen in tell(*story)]


def test_one_of_two_thermometers_is_enough_to_go_on() -> None:
    plan = plan_of(document(thermometers=(THERMOMETER, SECOND_THERMOMETER)))
    bench = Bench(temperature_c=26.0)
    bench.plan = plan
    bench.run(60)
    assert bench.decision(DeviceRole.FAN).source is Source.REST


def test_a_step_without_any_house_does_nothing() -> None:
    bench = Bench()
    bench.plan = plan_of(document())
    nothing = step(
        plan_of(document(thermometers=())),
        State(),
        Inputs(new_alert_id=lambda: AlertId(IDS[DeviceRole.FAN])),
        Instant(monotonic_s=0.0),
    )
    assert nothing.alarms == ()
    assert nothing.ended == ()
