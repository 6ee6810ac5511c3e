"""The edges of the guards: one step before a limit nothing happens, one after it does."""

import pytest

from tests.support.engine import IDS, Bench, limited
from tokkatot.automation.guards import Guarded, settling, watch_dry_run
from tokkatot.automation.interlocks import Interlock
from tokkatot.automation.plan import Trait
from tokkatot.automation.proposals import Proposal, Source
from tokkatot.automation.state import Climate, DryRun, Known, Relay
from tokkatot.domain.desired import RelayLimits
from tokkatot.domain.devices import OFF, ON, DeviceRole
from tokkatot.domain.houses import HouseKind

FAN, HEATER, LIGHT, PUMP = (
    DeviceRole.FAN,
    DeviceRole.HEATER,
    DeviceRole.LIGHT,
    DeviceRole.WATER_PUMP,
)
PUMP_OF_A_COOP = Bench().plan.actuators[IDS[PUMP]]


@pytest.mark.parametrize(
    ("kind", "role", "target", "least_s"),
    [
        (HouseKind.COOP, FAN, ON, 30.0),
        (HouseKind.GREENHOUSE, FAN, ON, 30.0),
        (HouseKind.GREENHOUSE, FAN, OFF, 30.0),
        (HouseKind.COOP, HEATER, ON, 0.0),
        (HouseKind.COOP, HEATER, OFF, 60.0),
        (HouseKind.COOP, LIGHT, ON, 0.0),
    ],
)
def test_what_has_just_changed_stays_for_its_least_time(
    kind: HouseKind, role: DeviceRole, target: float, least_s: float
) -> None:
    guarded = Guarded(
        actuator=Bench(kind).plan.actuators[IDS[role]],
        known=Known(since_s=0.0),
        relay=Relay(target=target, changed_s=100.0),
        dry_run=DryRun(),
    )
    other = ON if target == OFF else OFF
    ruled = Proposal(source=Source.RULE, reason="rule", level=other)
    for after_s in (least_s - 0.1, least_s):
        kept = settling(guarded, Climate(), ruled, 100.0 + after_s)
        assert kept == ({Interlock.SETTLING} if after_s < least_s else set())
    asked = Proposal(source=Source.PERSON, reason="person", level=other)
    assert settling(guarded, Climate(), asked, 100.0) == set()


@pytest.mark.parametrize(
    ("kind", "level", "kept"),
    [
        (HouseKind.COOP, 41.0, set()),
        (HouseKind.COOP, 40.0, {Interlock.SETTLING}),
        (HouseKind.COOP, 39.0, {Interlock.SETTLING}),
        (HouseKind.GREENHOUSE, 41.0, {Interlock.SETTLING}),
    ],
)
def test_nothing_keeps_more_air_from_a_coop(
    kind: HouseKind, level: float, kept: set[Interlock]
) -> None:
    guarded = Guarded(
        actuator=Bench(kind).plan.actuators[IDS[FAN]],
        known=Known(since_s=0.0),
        relay=Relay(target=40.0, changed_s=100.0),
        dry_run=DryRun(),
    )
    rest = Proposal(source=Source.REST, reason="rest", level=level)
    assert settling(guarded, Climate(), rest, 101.0) == kept


@pytest.mark.parametrize(("recalled_s", "least_s"), [(None, 90.0), (99.0, 90.0), (100.0, 30.0)])
def test_what_a_hub_that_begins_again_took_over_has_no_least_time_on(
    recalled_s: float | None, least_s: float
) -> None:
    bench = Bench(HouseKind.GREENHOUSE)
    limited(bench, FAN, RelayLimits(min_on_s=90.0))
    guarded = Guarded(
        actuator=bench.plan.actuators[IDS[FAN]],
        known=Known(since_s=0.0),
        relay=Relay(target=ON, on_since_s=100.0, changed_s=100.0, recalled_s=recalled_s),
        dry_run=DryRun(),
    )
    rest = Proposal(source=Source.REST, reason="rest", level=OFF)
    assert settling(guarded, Climate(), rest, 99.9 + least_s) == {Interlock.SETTLING}
    assert settling(guarded, Climate(), rest, 100.0 + least_s) == set()


@pytest.mark.parametrize(
    ("on_since_s", "level", "kept"),
    [
        (10.0, OFF, {Interlock.SETTLING}),
        (10.0, 40.0, set()),
        (9.0, OFF, set()),
        (None, OFF, set()),
    ],
)
def test_the_least_time_on_counts_from_the_start_and_holds_no_level(
    on_since_s: float | None, level: float, kept: set[Interlock]
) -> None:
    bench = Bench()
    limited(bench, HEATER, RelayLimits(min_on_s=90.0))
    guarded = Guarded(
        actuator=bench.plan.actuators[IDS[HEATER]],
        known=Known(since_s=0.0),
        relay=Relay(target=70.0, on_since_s=on_since_s, changed_s=98.0),
        dry_run=DryRun(),
    )
    rule = Proposal(source=Source.RULE, reason="rule", level=level)
    assert settling(guarded, Climate(), rule, 99.0) == kept


@pytest.mark.parametrize(("strikes", "latched"), [(0, False), (1, False), (2, True), (3, True)])
def test_the_third_strike_latches(strikes: int, *, latched: bool) -> None:
    before = DryRun(strikes=strikes, mark_s=0.0, mark_percent=15.0)
    after = watch_dry_run(
        PUMP_OF_A_COOP,
        before,
        running=True,
        answers=True,
        percent=15.9,
        flow_l_min=None,
        now_s=180.0,
    )
    assert (after.strikes, after.latched, after.wait_until_s) == (strikes + 1, latched, 480.0)


@pytest.mark.parametrize("mark_s", [5.0, None])
@pytest.mark.parametrize("dry_s", [5.0, None])
@pytest.mark.parametrize("flow_s", [5.0, None])
def test_a_pump_that_rests_is_not_watched(
    mark_s: float | None, dry_s: float | None, flow_s: float | None
) -> None:
    before = DryRun(strikes=1, mark_s=mark_s, dry_since_s=dry_s, flow_since_s=flow_s)
    after = watch_dry_run(
        PUMP_OF_A_COOP,
        before,
        running=False,
        answers=True,
        percent=15.0,
        flow_l_min=0.0,
        now_s=900.0,
    )
    assert after == DryRun(strikes=1)


def flowing(
    before: DryRun, *told: tuple[float, float | None], percent: float | None = None
) -> DryRun:
    """Return the watch over a pump that runs after these flows, each with its moment."""
    for now_s, flow_l_min in told:
        before = watch_dry_run(
            PUMP_OF_A_COOP,
            before,
            running=True,
            answers=True,
            percent=percent,
            flow_l_min=flow_l_min,
            now_s=now_s,
        )
    return before


def test_water_that_flows_for_a_minute_forgives_earlier_strikes_where_no_level_is_told() -> None:
    begun = flowing(DryRun(strikes=2), (10.0, 0.2), (69.9, 0.2))
    assert (begun.strikes, begun.flow_since_s) == (2, 10.0)
    assert flowing(begun, (70.0, 0.2)).strikes == 0


@pytest.mark.parametrize("falters", [0.1, None])
def test_a_flow_that_falters_forgives_nothing_before_it_has_lasted(falters: float | None) -> None:
    begun = flowing(DryRun(strikes=2), (10.0, 5.0), (40.0, falters), (50.0, 5.0), (109.9, 5.0))
    assert (begun.strikes, begun.dry_since_s) == (2, None)
    assert flowing(begun, (110.0, 5.0)).strikes == 0


def test_water_that_flows_past_the_tank_forgives_nothing() -> None:
    told = flowing(DryRun(strikes=2), (10.0, 5.0), percent=15.0)
    assert flowing(told, (70.0, 5.0), (80.0, 5.0)).strikes == 2, "the gauge is silent for a while"
    assert flowing(told, (80.0, 5.0), (189.9, 5.0), percent=15.0).strikes == 2
    assert flowing(told, (80.0, 5.0), (190.0, 5.0), percent=15.0).latched


def test_a_level_that_rises_does_not_begin_the_watch_over_the_flow_anew() -> None:
    risen = flowing(flowing(DryRun(), (10.0, 5.0), percent=15.0), (20.0, 5.0), percent=16.0)
    assert risen == DryRun(mark_s=20.0, mark_percent=16.0, flow_since_s=10.0)


@pytest.mark.parametrize(("percent", "strikes"), [(15.9, 1), (16.0, 0)])
def test_a_level_that_was_silent_for_a_while_is_held_against_what_it_was_before(
    percent: float, strikes: int
) -> None:
    marked = DryRun(mark_s=5.0, mark_percent=15.0)
    silent = watch_dry_run(
        PUMP_OF_A_COOP,
        marked,
        running=True,
        answers=True,
        percent=None,
        flow_l_min=None,
        now_s=184.0,
    )
    after = watch_dry_run(
        PUMP_OF_A_COOP,
        silent,
        running=True,
        answers=True,
        percent=percent,
        flow_l_min=None,
        now_s=185.0,
    )
    assert (silent, after.strikes) == (marked, strikes)


def test_the_starts_of_a_whole_hour_count() -> None:
    bench = Bench()
    for _ in range(20):
        bench.order(LIGHT, ON, hold_s=2)
        bench.run(4)
    bench.run(3400, every_s=20)
    bench.order(LIGHT, ON)
    assert bench.ended[-1].by is Interlock.STARTS
    assert bench.plan.actuators[IDS[LIGHT]].trait is Trait.OTHER
