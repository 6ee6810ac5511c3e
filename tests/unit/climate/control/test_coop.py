"""A house computer's rules: who is aired, cooled, heated and lit when."""

from dataclasses import replace

import pytest

from tokkatot.climate.control.coop import StageRules, steer_coop
from tokkatot.climate.physics.air import SEA_LEVEL_PA, co2_mg_m3, vapour_g_m3, vapour_pa
from tokkatot.climate.physics.poultry.houses import day_old, open_house, tunnel_house
from tokkatot.climate.physics.poultry.litter import AMMONIA_MG_M3_PPM
from tokkatot.climate.physics.poultry.model import Controls, State

RULES = StageRules()
GROWN = replace(day_old(18_000), bird_kg=2.0, age_d=35.0, vapour_kg_m3=0.012)
"""They are comfortable at 21 °C."""


def asked(air_c: float, *, hour: float = 12.0, state: State = GROWN) -> Controls:
    return steer_coop(replace(state, air_c=air_c), hour, RULES, tunnel_house())


def least_air(flock: State) -> float:
    wanted: float = 2.5e-4 * flock.birds * flock.bird_kg**0.75
    return wanted / tunnel_house().fan_m3_s


def test_the_air_never_stands_still() -> None:
    assert asked(15).fans == pytest.approx(least_air(GROWN))
    assert asked(21).fans == pytest.approx(least_air(GROWN))
    assert asked(21, state=replace(GROWN, birds=0)).fans == 0


def test_foul_air_is_cleared_before_it_is_more_than_allowed() -> None:
    chicks = day_old(18_000)
    assert asked(30, state=chicks).fans == pytest.approx(least_air(chicks))

    def cleared(co2_ppm: float = 0.0, ammonia_ppm: float = 0.0) -> float:
        air = replace(
            chicks,
            co2_mg_m3=co2_mg_m3(co2_ppm, 30, SEA_LEVEL_PA),
            ammonia_mg_m3=ammonia_ppm * AMMONIA_MG_M3_PPM,
        )
        return asked(30, state=air).fans

    assert cleared(2700) == pytest.approx(least_air(chicks))
    assert cleared(2850) == pytest.approx(least_air(chicks) + 0.02)
    assert [cleared(3000), cleared(9000)] == pytest.approx([least_air(chicks) + 0.04] * 2)
    assert cleared(ammonia_ppm=19) == pytest.approx(least_air(chicks) + 0.02)
    # Where warmth asks for more, more it is.
    assert asked(40, state=replace(chicks, co2_mg_m3=9e3)).fans == 1


def test_fans_come_by_stages_and_then_the_pads() -> None:
    assert [asked(21 + over).fans for over in (1, 1.1, 2, 4, 9)] == [0.25, 0.25, 0.5, 1, 1]
    assert (asked(25).pad, asked(27).pad) == (0, 1)
    assert (asked(21).stir, asked(23).stir) == (0, 1)


def test_nobody_fogs_into_damp_air() -> None:
    damp = replace(GROWN, vapour_kg_m3=1e-3 * vapour_g_m3(30, vapour_pa(30, 90)))
    assert (asked(30).fog, asked(30, state=damp).fog) == (1, 0)


def test_the_cold_is_heated_the_more_the_colder() -> None:
    assert [asked(air_c).heaters for air_c in (22, 21, 16, 5)] == [0, 0, 0.5, 1]
    chick = day_old(18_000)
    assert asked(28, state=chick).heaters == 0.5


def test_chicks_have_light_all_night_and_grown_birds_do_not() -> None:
    assert (asked(21, hour=23).light, asked(21, hour=12).light) == (0, 1)
    assert asked(21, hour=1, state=day_old(10)).light == 1


def test_a_house_with_curtains_opens_them() -> None:
    coop = replace(GROWN, birds=5000)
    cool = steer_coop(replace(coop, air_c=18), 12, RULES, open_house())
    warm = steer_coop(replace(coop, air_c=26), 12, RULES, open_house())
    assert 0 < cool.curtains < warm.curtains == 1
    assert warm.fans == 0
    assert warm.pad == 0
    chicks = day_old(5000)
    foul = steer_coop(replace(chicks, co2_mg_m3=9e3), 12, RULES, open_house())
    usual = steer_coop(chicks, 12, RULES, open_house())
    assert foul.curtains == pytest.approx(usual.curtains + 0.04)
