"""A grower's rules for tomatoes: which actuator answers to what."""

from dataclasses import replace

import pytest

from tests.support.greenhouse import outdoor
from tokkatot.climate.control.greenhouse import TomatoRules, steer_tomatoes
from tokkatot.climate.physics.air import magnus_pa
from tokkatot.climate.physics.greenhouse.model import Controls, State

RULES = TomatoRules()
DRY = State(air_c=20.0, air_pa=0.7 * magnus_pa(20), air_mg_m3=1500)
MILD = replace(outdoor(0), radiation_w_m2=300.0, temperature_c=12.0)
NIGHT = replace(MILD, radiation_w_m2=0.0)


def asked(
    hour: float = 12.0, *, night: bool = False, cold: bool = False, **seen: float
) -> Controls:
    state = replace(DRY, **seen)
    if "air_c" in seen and "air_pa" not in seen:
        state.air_pa = 0.7 * magnus_pa(state.air_c)
    weather = NIGHT if night else MILD
    if cold:
        weather = replace(weather, temperature_c=-5.0)
    return steer_tomatoes(state, weather, hour, RULES)


def test_a_band_goes_from_a_hundredth_to_all_but_one() -> None:
    # Katzin's equation 4.4.
    assert asked(air_c=19.5).heating == pytest.approx(0.01, abs=0.001)
    assert asked(air_c=18.5).heating == pytest.approx(0.99, abs=0.001)
    assert asked(20, night=True, air_c=18.5).heating == pytest.approx(0.01, abs=0.001)


def test_windows_open_for_heat_and_damp_and_never_in_the_cold() -> None:
    assert asked(air_c=22).roof_vents < 0.01
    assert asked(air_c=29).roof_vents > 0.99
    assert asked(air_pa=magnus_pa(20)).roof_vents > asked().roof_vents
    assert asked(air_c=17, air_pa=magnus_pa(17)).roof_vents < 0.01


def test_the_screen_is_drawn_against_a_cold_night_and_opened_for_damp() -> None:
    closed = asked(20, night=True, cold=True).thermal_screen
    assert closed > 0.9
    assert asked(20, night=True, cold=True, air_pa=0.99 * magnus_pa(20)).thermal_screen < 0.1
    assert asked(20, night=True).thermal_screen < 0.01


def test_lamps_and_carbon_dioxide_keep_their_hours() -> None:
    assert (asked(12).lamps, asked(19).lamps) == (1, 0)
    assert asked(12, air_mg_m3=900).co2 > 0.99
    assert asked(12, air_mg_m3=2200).co2 < 0.01
    assert asked(20, night=True, air_mg_m3=900).co2 == 0
    bright = replace(MILD, radiation_w_m2=500.0)
    assert steer_tomatoes(DRY, bright, 12, RULES).lamps == 0
