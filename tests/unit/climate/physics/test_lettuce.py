"""Van Henten's lettuce against the package lettuce-greenhouse-gym, and against its balances."""

from dataclasses import replace
from math import cos, pi, sin

import pytest

from tokkatot.climate.physics.air import vapour_of_g_m3_pa
from tokkatot.climate.physics.lettuce import (
    Controls,
    Parameters,
    State,
    advance,
    assimilation,
    rates,
    shown,
)
from tokkatot.climate.physics.outdoor import Outdoor

STEP_S = 1800.0

PUBLISHED = {
    # Steps of half an hour to the states of lettuce-greenhouse-gym 0.1.3, run by ourselves: its
    # integrator, given the weather and the controls of `outdoor` and `controls` below.
    96: (0.013798817180723675, 0.0012365858257468983, 19.40819936950139, 0.012171134396716788),
    192: (0.027177419863644466, 0.0024517001289591687, 13.051138573393477, 0.01058807638850659),
    384: (0.060560873915717454, 0.0012764557205520903, 9.125727433222387, 0.006303263527628616),
    672: (0.12127064689504317, 0.0008825598369499026, 5.0, 0.007061352787154271),
    1152: (0.21498857535083715, 0.004, 19.1956693519644, 0.01459833895674031),
    1536: (0.2758963102972581, 0.0007927214386272293, 13.095202846410752, 0.006127200719458936),
    1920: (0.31626989517651677, 0.0010627937306484532, 5.0, 0.006360909692144081),
}


def outdoor(step: int) -> Outdoor:
    day = sin(2 * pi * (step * STEP_S / 86_400 - 0.25))
    temperature_c = 6 + 6 * day + 4 * sin(step / 200)
    return Outdoor(
        radiation_w_m2=max(700 * day * (0.7 + 0.3 * sin(step / 37)), 0.0),
        temperature_c=temperature_c,
        vapour_pa=vapour_of_g_m3_pa(temperature_c, 6 + 2 * sin(step / 91)),
        co2_mg_m3=750 + 50 * cos(step / 11),
        wind_m_s=0.0,
        sky_c=0.0,
        ground_c=0.0,
    )


def controls(step: int) -> Controls:
    return Controls(
        co2_kg_m2_s=1e-6 * (0.6 + 0.6 * sin(step / 5)),
        ventilation_m_s=1e-3 * (3.75 + 3.75 * sin(step / 17)),
        heating_w_m2=75 + 75 * cos(step / 7),
    )


def test_a_season_is_the_published_packages_to_a_millionth() -> None:
    state = State()
    found = {}
    for step in range(1920):
        advance(state, controls(step), outdoor(step), Parameters(), STEP_S)
        found[step + 1] = (
            state.dry_weight_kg_m2,
            state.co2_kg_m3,
            state.air_c,
            state.vapour_kg_m3,
        )
    for step, states in PUBLISHED.items():
        assert found[step] == pytest.approx(states, rel=1e-6)


def test_half_the_step_changes_a_climate_without_limits_by_a_ten_thousandth() -> None:
    # Where a state meets its limit, the limit is applied once a call.
    whole, half = State(air_c=16), State(air_c=16)
    for step in range(48):
        warm = replace(outdoor(step), temperature_c=14.0)
        advance(whole, controls(step), warm, Parameters(), STEP_S)
        for _ in range(8):  # of 225 s each, where a whole step is made of 450 s
            advance(half, controls(step), warm, Parameters(), STEP_S / 8)
    assert whole.dry_weight_kg_m2 == pytest.approx(half.dry_weight_kg_m2, rel=1e-4)
    assert whole.air_c == pytest.approx(half.air_c, abs=2e-3)


def test_carbon_and_water_only_come_from_where_they_may() -> None:
    p = Parameters()
    still = Controls()
    x = (0.1, 1e-3, 20.0, 0.010)
    sealed = Parameters(leak_m_s=0.0)
    bright = Outdoor(
        radiation_w_m2=400, temperature_c=10, vapour_pa=900, co2_mg_m3=800,
        wind_m_s=0, sky_c=0, ground_c=10,
    )  # fmt: skip
    grown, co2, _, vapour = rates(x, still, bright, sealed)
    respired = 0.1 * 2.0 ** (0.1 * 20 - 2.5)
    taken = -(co2 * p.co2_capacity_m) + p.respired_co2_per_s * respired
    assert grown == pytest.approx(p.yield_share * taken - p.respired_per_s * respired)
    assert vapour > 0


def test_in_the_dark_a_crop_breathes_out_and_takes_nothing_up() -> None:
    assert assimilation(1e-3, 18.0, 0.0, Parameters()) == 0
    assert assimilation(5.2e-5, 18.0, 0.0, Parameters()) == 0  # where the paper's fraction is 0/0
    assert assimilation(1e-3, 18.0, 300.0, Parameters()) > 0


def test_instruments_show_what_they_would() -> None:
    state = State(air_c=20, co2_kg_m3=1e-3, vapour_kg_m3=0.03)
    assert shown(state).humidity_pct == 100
    state.vapour_kg_m3 = 0.0086
    assert shown(state).humidity_pct == pytest.approx(50, abs=0.2)
    assert shown(state).co2_ppm == pytest.approx(546.6, abs=0.2)
