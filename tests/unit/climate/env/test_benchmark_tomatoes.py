"""The benchmark's tomatoes side by side: each lives, is seen and paid as it would be alone."""

from dataclasses import fields

import numpy as np
import pytest

from tests.support import greenhouse
from tokkatot.climate.control.greenhouse import TomatoRules, steer_tomatoes
from tokkatot.climate.control.tomato_benchmark import (
    BENCHMARK_PRICES,
    benchmark_comfort,
    benchmark_house,
    benchmark_parts,
    planted,
    seen_in_benchmark,
)
from tokkatot.climate.env.batches import BenchmarkTomatoes
from tokkatot.climate.env.draws import BenchmarkTomatoDraw, Seasons
from tokkatot.climate.env.many import ManyHouses
from tokkatot.climate.kernel import records
from tokkatot.climate.physics.greenhouse import network
from tokkatot.climate.physics.greenhouse.model import Controls, Ledger, State
from tokkatot.climate.physics.greenhouse.step import advance
from tokkatot.climate.weather.series import WeatherSeries

# The first of them to run compiles, unless the machine code is kept from before: all on one worker.
pytestmark = [pytest.mark.timeout(400), pytest.mark.xdist_group("kernel")]

SPRING = [
    WeatherSeries(period_s=900, moments=[greenhouse.outdoor(step) for step in range(96 * days)])
    for days in (2, 3)
]
DRAW = BenchmarkTomatoDraw(seasons=Seasons(weathers=SPRING, days=1), unsure=0.1)


def test_a_house_lives_as_the_plain_equations_have_it_and_its_actuators_creep() -> None:
    many = ManyHouses(BenchmarkTomatoes(DRAW, 1), np.random.default_rng(7))
    many.reset()
    start = DRAW.drawn(np.random.default_rng(7))
    series, at_s = SPRING[start.begun.weather], start.begun.start_s
    alone, book, buffer = start.state, Ledger(), [0.0] * network.SIZE
    moved = np.full(6, 0.5)
    for step, action in enumerate(np.random.default_rng(3).normal(0, 1, (20, 1, 6))):
        turn = many.step(action)
        moved = np.clip(moved + 0.1 * np.clip(action[0], -1, 1), 0, 1)
        heating, co2, thermal, vents, lamps, blackout = moved
        u = Controls(
            heating=heating, co2=co2, thermal_screen=thermal, roof_vents=vents, lamps=lamps,
            blackout=blackout,
        )  # fmt: skip
        outside, fruit_mg = series.at(at_s + 900.0 * step), alone.fruit_mg_m2
        advance(alone, u, outside, start.parameters, book, buffer, 900.0)
        came = benchmark_parts(
            alone.fruit_mg_m2 - fruit_mg, alone, u, start.parameters, BENCHMARK_PRICES,
            benchmark_comfort(), 900.0,
        )  # fmt: skip
        assert turn.parts[0] == pytest.approx(came, rel=1e-6, abs=1e-10)
        assert turn.rewards[0] == pytest.approx(sum(came), rel=1e-6, abs=1e-9)
        seen = seen_in_benchmark(alone, outside)
        assert turn.last[0, : len(seen)] == pytest.approx(seen, rel=2e-6, abs=1e-6)
        assert turn.last[0, -6:] == pytest.approx(moved, abs=1e-6)


def test_a_house_does_not_feel_its_neighbours() -> None:
    many, one = BenchmarkTomatoes(DRAW, 5), BenchmarkTomatoes(DRAW, 1)
    chance = np.random.default_rng(11)
    starts = [DRAW.drawn(chance) for _ in range(5)]
    for house, start in enumerate(starts):
        many.plant(house, start)
    one.plant(0, starts[3])
    for _ in range(20):
        values = chance.uniform(0, 1, (5, 6))
        assert many.live(values)[3] == pytest.approx(one.live(values[3:4])[0], rel=1e-12)
    assert many.observed()[3] == pytest.approx(one.observed()[0], rel=1e-12)


def test_a_season_begins_with_the_published_crop_on_the_ground_of_its_weather() -> None:
    begun = DRAW.drawn(np.random.default_rng(1))
    outside = SPRING[begun.begun.weather].at(begun.begun.start_s)
    assert begun.state == planted(outside.ground_c, outside.co2_mg_m3)
    assert begun.state.soil5_c == outside.ground_c
    sure = BenchmarkTomatoDraw(seasons=DRAW.seasons).drawn(np.random.default_rng(1))
    assert sure.parameters == benchmark_house()
    houses = BenchmarkTomatoes(DRAW, 2)
    houses.plant(1, begun)
    assert houses.values[1].tolist() == [0.5] * 6


def test_rules_say_where_they_want_each_actuator_in_the_weather_that_comes() -> None:
    houses = BenchmarkTomatoes(DRAW, 2)
    starts = [DRAW.drawn(np.random.default_rng(seed)) for seed in (1, 2)]
    for house, start in enumerate(starts):
        houses.plant(house, start)
    for _ in range(30):
        houses.live(houses.values)
    rules = TomatoRules(lamps_off_w_m2=250.0)
    begun = starts[1].begun
    state = State(**{one.name: float(houses.states[1][one.name]) for one in fields(State)})
    outside = SPRING[begun.weather].at(begun.start_s + 30 * 900.0)
    wanted = steer_tomatoes(state, outside, 7.5, rules)
    assert houses.ruled(records([TomatoRules(), rules]))[1] == pytest.approx(
        [
            wanted.heating, wanted.co2, wanted.thermal_screen, wanted.roof_vents, wanted.lamps,
            wanted.blackout,
        ]
    )  # fmt: skip
