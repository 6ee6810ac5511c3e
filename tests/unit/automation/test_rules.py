"""What a house does when nobody asks anything."""

import itertools

import pytest

from tests.support.engine import HOUSE, Bench
from tokkatot.automation.proposals import Source
from tokkatot.automation.state import Climate
from tokkatot.domain.devices import OFF, ON, DeviceRole
from tokkatot.domain.houses import HouseKind, SetPoints
from tokkatot.domain.ids import HouseId

PUMP, FAN, VENT, HEATER = (
    DeviceRole.WATER_PUMP,
    DeviceRole.FAN,
    DeviceRole.VENT,
    DeviceRole.HEATER,
)


def rising(bench: Bench, to_percent: float) -> None:
    """Let the tank fill by a percent every ten seconds."""
    while bench.water_percent is not None and bench.water_percent < to_percent:
        bench.water_percent = min(bench.water_percent + 1, to_percent)
        bench.run(10)


def test_water_below_low_fills_to_full_and_no_further() -> None:
    bench = Bench(water_percent=20.0)
    assert bench.level(PUMP) == OFF
    bench.water_percent = 19.9
    bench.step()
    assert bench.level(PUMP) == ON
    assert (bench.decision(PUMP).source, bench.decision(PUMP).reason) == (Source.RULE, "water_low")
    rising(bench, 89.9)
    assert bench.level(PUMP) == ON
    bench.water_percent = 90.0
    bench.step()
    assert bench.level(PUMP) == OFF
    bench.water_percent = 50.0
    bench.run(100)
    assert bench.level(PUMP) == OFF


def test_a_tank_whose_level_is_unknown_is_not_filled() -> None:
    bench = Bench(water_percent=10.0)
    bench.step()
    assert bench.level(PUMP) == ON
    bench.water_percent = None
    bench.run(32)
    assert bench.level(PUMP) == OFF


def test_below_minimum_it_heats_until_the_hysteresis_above_it() -> None:
    bench = Bench(temperature_c=22.0)
    assert bench.level(HEATER) == OFF
    bench.temperature_c = 21.9
    bench.run(2)
    assert bench.level(HEATER) == ON
    bench.temperature_c = 22.9
    bench.run(2)
    assert bench.level(HEATER) == ON
    bench.temperature_c = 23.0
    bench.run(2)
    assert bench.level(HEATER) == OFF


def test_above_maximum_a_greenhouse_opens_until_the_hysteresis_below_it() -> None:
    bench = Bench(HouseKind.GREENHOUSE, temperature_c=28.0)
    assert (bench.level(FAN), bench.level(VENT)) == (OFF, OFF)
    bench.temperature_c = 28.1
    bench.run(2)
    assert (bench.level(FAN), bench.level(VENT)) == (ON, ON)
    bench.temperature_c = 27.1
    bench.run(60)
    assert bench.level(FAN) == ON
    bench.temperature_c = 27.0
    bench.run(2)
    assert bench.level(FAN) == OFF


def test_a_coop_keeps_its_warm_air_from_the_cold_until_half_way_to_maximum() -> None:
    bench = Bench(temperature_c=26.0)
    assert bench.level(FAN) == ON
    bench.temperature_c = 21.0
    bench.run(2)
    assert (bench.level(FAN), bench.level(HEATER)) == (OFF, ON)
    bench.temperature_c = 25.9
    bench.run(2)
    assert (bench.level(FAN), bench.level(HEATER)) == (OFF, OFF)
    bench.temperature_c = 26.0
    bench.run(2)
    assert bench.decision(FAN).source is Source.REST
    assert bench.level(FAN) == ON


@pytest.mark.parametrize("kind", list(HouseKind))
def test_it_never_heats_and_ventilates_by_rule_at_once(kind: HouseKind) -> None:
    bench = Bench(kind)
    for tenths in (*range(100, 450), *range(449, 99, -1), 100, 449, 100, 449):
        bench.temperature_c = tenths / 10
        bench.step()
        climate = bench.state.climates[next(iter(bench.state.climates))]
        assert not (climate.heating and climate.venting)
        assert not (bench.level(HEATER) == ON and bench.decision(FAN).reason == "temperature_high")


def test_relays_of_a_greenhouse_do_not_chatter_with_a_trembling_sensor() -> None:
    bench = Bench(HouseKind.GREENHOUSE, temperature_c=27.0)
    levels: list[float] = []
    for turn in range(120):
        bench.temperature_c = 26.0 if turn % 2 else 29.0
        bench.step()
        levels.append(bench.level(FAN))
    assert sum(one != other for one, other in itertools.pairwise(levels)) <= 4


def test_a_heater_waits_a_minute_before_it_starts_again_by_rule() -> None:
    bench = Bench(temperature_c=21.0)
    bench.run(5)
    bench.temperature_c = 24.0
    bench.run(2)
    assert bench.level(HEATER) == OFF
    bench.temperature_c = 21.0
    bench.run(30)
    assert bench.level(HEATER) == OFF
    bench.run(31)
    assert bench.level(HEATER) == ON


def test_the_state_of_the_rules_is_kept_by_house() -> None:
    bench = Bench(temperature_c=10.0)
    houses: dict[HouseId, Climate] = dict(bench.state.climates)
    assert [climate.heating for climate in houses.values()] == [True]


def test_the_hard_limit_begins_at_its_edge_and_ends_a_degree_below() -> None:
    bench = Bench()
    seen: list[bool] = []
    for celsius in (34.5, 34.9, 35.0, 34.1, 34.0, 34.5):
        bench.temperature_c = celsius
        bench.step()
        seen.append(bench.state.climates[HOUSE].over_hard_limit)
    assert seen == [False, False, True, True, False, False]


def test_a_narrow_band_has_a_quarter_of_itself_as_hysteresis() -> None:
    bench = Bench(temperature_c=25.0)
    bench.hold(
        setpoints=SetPoints(
            temperature_min_c=24.0, temperature_max_c=26.0, temperature_hard_max_c=35.0
        )
    )
    seen: list[bool] = []
    for celsius in (23.9, 24.4, 24.6):
        bench.temperature_c = celsius
        bench.step()
        seen.append(bench.state.climates[HOUSE].heating)
    assert seen == [True, True, False]
