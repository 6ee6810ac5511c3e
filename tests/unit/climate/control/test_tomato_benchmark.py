"""The published tomato benchmark's money: what a step is worth, and what a bad climate costs."""

from dataclasses import replace
from itertools import pairwise

import pytest

from tests.support.glasshouse import Row, controls, rows, state
from tokkatot.climate.control.crop import TomatoParts
from tokkatot.climate.control.tomato_benchmark import (
    BENCHMARK_PRICES,
    TOMATO_SEEN,
    benchmark_comfort,
    benchmark_house,
    benchmark_parts,
    planted,
    seen_in_benchmark,
)
from tokkatot.climate.physics.air import co2_mg_m3, magnus_pa
from tokkatot.climate.physics.greenhouse.model import Controls, State
from tokkatot.climate.physics.outdoor import Outdoor

HOUSE, COMFORT = benchmark_house(), benchmark_comfort()
FINE = State(air_c=20.0, air_pa=0.7 * magnus_pa(20.0), air_mg_m3=co2_mg_m3(600.0, 20.0, 101_325.0))


def parts(
    grown_mg: float = 0.0, s: State = FINE, u: Controls | None = None, weight: float = 1.0
) -> TomatoParts:
    comfort = benchmark_comfort(weight)
    return benchmark_parts(grown_mg, s, u or Controls(), HOUSE, BENCHMARK_PRICES, comfort, 900.0)


def test_a_quarter_of_an_hour_earns_its_fruit_less_what_the_actuators_take() -> None:
    came = parts(1000.0, u=Controls(heating=0.5, co2=1.0, lamps=0.25))
    assert came.fruit == pytest.approx(1.6 * 1e-3 / 0.065)
    assert came.heat == pytest.approx(-0.09 * 0.5 * 0.130 / 4)
    assert came.electricity == pytest.approx(-0.3 * 0.25 * 0.116 / 4)
    assert came.co2 == pytest.approx(-0.3 * 5e-6 * 900)
    assert came.climate == 0.0


@pytest.mark.parametrize(
    ("beyond", "penalty"),
    [
        ({"air_c": 12.0, "air_pa": 0.7 * magnus_pa(12.0)}, 3 / 15),
        ({"air_c": 37.0, "air_pa": 0.7 * magnus_pa(37.0)}, 3 / 15),
        ({"air_pa": 0.91 * magnus_pa(20.0)}, 6 / 15),
        ({"air_pa": 1.2 * magnus_pa(20.0)}, 15 / 15),
        ({"air_pa": 0.44 * magnus_pa(20.0)}, 6 / 15),
        ({"air_mg_m3": co2_mg_m3(1850.0, 20.0, 101_325.0)}, 250 / 2500),
        ({"air_mg_m3": co2_mg_m3(200.0, 20.0, 101_325.0)}, 100 / 2500),
    ],
    ids=["cold", "hot", "damp", "wet", "dry", "rich", "poor"],
)
def test_each_limit_costs_beyond_it_in_parts_of_what_a_step_may_be_worth(
    beyond: dict[str, float], penalty: float
) -> None:
    state_beyond = replace(FINE, **beyond)
    if "air_c" in beyond:
        state_beyond.air_mg_m3 = co2_mg_m3(600.0, beyond["air_c"], 101_325.0)
    whole = 1.6e-6 * 0.328 * 900 / 0.065 + 0.25 * (0.09 * 0.130 + 0.3 * 0.116) + 0.3 * 5e-6 * 900
    assert parts(s=state_beyond).climate == pytest.approx(-whole * penalty)
    assert parts(s=state_beyond, weight=0.5).climate == pytest.approx(-whole * penalty / 2)


@pytest.mark.shared_data
def test_what_gl_gym_paid_step_by_step_is_what_we_would_have_paid() -> None:
    whole = 1.6e-6 * 0.328 * 900 / 0.065 + 0.25 * (0.09 * 0.130 + 0.3 * 0.116) + 0.3 * 5e-6 * 900
    least = 0.25 * (0.09 * 0.130 + 0.3 * 0.116) + 0.3 * 5e-6 * 900

    def paid(before: Row, after: Row) -> tuple[float, float]:
        came = parts(after["x_cFruit"] - before["x_cFruit"], state(after), controls(before))
        return sum(came[:4]), (sum(came) + least) / whole

    told = rows()
    ours = [paid(before, after) for before, after in pairwise(told)]
    # The file keeps seven digits of a fruit of a quarter of a kilogram.
    assert [profit for profit, _ in ours] == pytest.approx(
        [row["profit"] for row in told[:-1]], abs=1e-5
    )
    assert [reward for _, reward in ours] == pytest.approx(
        [row["reward"] for row in told[:-1]], abs=1e-3
    )


@pytest.mark.shared_data
def test_a_season_begins_as_it_does_there() -> None:
    first = rows()[0]
    begun, theirs = planted(first["d_tSoOut"], first["d_co2Out"]), state(first)
    for name in State.__slots__:
        assert getattr(begun, name) == pytest.approx(getattr(theirs, name), rel=1e-6), name


def test_crop_climate_and_weather_are_seen_by_name() -> None:
    outside = Outdoor(
        radiation_w_m2=250.0, temperature_c=8.0, vapour_pa=0.5 * magnus_pa(8.0), co2_mg_m3=760.0,
        wind_m_s=4.0, sky_c=-5.0, ground_c=7.0,
    )  # fmt: skip
    wet = replace(FINE, air_pa=1.1 * magnus_pa(20.0), fruit_mg_m2=60_000.0, sum_c_d=3100.0)
    seen = seen_in_benchmark(wet, outside)
    told = dict(zip((field.name for field in TOMATO_SEEN), seen, strict=True))
    assert told == pytest.approx(
        {
            "canopy_day_c": 18.0, "fruit_g_m2": 60.0, "canopy_sum_c_d": 3100.0, "co2_ppm": 600.0,
            "air_c": 20.0, "humidity_pct": 100.0, "pipe_c": 18.0, "radiation_w_m2": 250.0,
            "outdoor_c": 8.0, "outdoor_humidity_pct": 50.0, "wind_m_s": 4.0,
        }
    )  # fmt: skip
