"""A grower's rules: who is heated, aired and fed when."""

import pytest

from tokkatot.climate.control.lettuce import GrowerRules, grower
from tokkatot.climate.control.lettuce_benchmark import LIMITS
from tokkatot.climate.physics.lettuce import Controls, State, shown

RULES = GrowerRules()


def asked(state: State, radiation_w_m2: float = 200.0) -> Controls:
    return grower(shown(state), radiation_w_m2, RULES, LIMITS)


def test_the_day_is_kept_warmer_than_the_night() -> None:
    cool = State(air_c=12, vapour_kg_m3=0.005)
    assert asked(cool).heating_w_m2 == pytest.approx(60)
    assert asked(cool, radiation_w_m2=0).heating_w_m2 == 0
    assert asked(State(air_c=5)).heating_w_m2 == LIMITS.heating_w_m2


def test_windows_open_for_heat_and_for_damp() -> None:
    assert asked(State(air_c=17, vapour_kg_m3=0.005)).ventilation_m_s == pytest.approx(2e-3)
    assert asked(State(air_c=15, vapour_kg_m3=0.005)).ventilation_m_s == 0
    damp = State(air_c=14, vapour_kg_m3=0.0121)
    assert asked(damp).ventilation_m_s > 5e-3
    assert asked(State(air_c=40)).ventilation_m_s == LIMITS.ventilation_m_s


def test_nobody_feeds_carbon_dioxide_by_night_or_into_open_windows() -> None:
    hungry = State(air_c=15, co2_kg_m3=1.2e-3, vapour_kg_m3=0.005)
    assert asked(hungry).co2_kg_m2_s == pytest.approx(6e-9 * (750 - 644.7), rel=0.01)
    assert asked(hungry, radiation_w_m2=0).co2_kg_m2_s == 0
    airy = State(air_c=18, co2_kg_m3=1e-3, vapour_kg_m3=0.005)
    assert asked(airy).co2_kg_m2_s == 0
    fed = State(air_c=15, co2_kg_m3=2e-3, vapour_kg_m3=0.005)
    assert asked(fed).co2_kg_m2_s == 0
