"""What others measured of birds, and how near ours come; the figures stand in their abstracts."""

from dataclasses import replace
from math import pi, sin

import pytest

from tokkatot.climate.control.coop import StageRules, steer_coop
from tokkatot.climate.kernel import advance_coops, records, restored
from tokkatot.climate.physics.air import saturation_pa, vapour_g_m3
from tokkatot.climate.physics.poultry.birds import CO2_KG_M3, flock, heat_w
from tokkatot.climate.physics.poultry.houses import day_old, in_lay, tunnel_house, with_hens
from tokkatot.climate.physics.poultry.litter import AMMONIA_PER_NITROGEN, litter
from tokkatot.climate.physics.poultry.model import Controls, Ledger, State
from tokkatot.climate.physics.poultry.step import LITTER_CO2
from tokkatot.climate.weather.files import moment_of

pytestmark = pytest.mark.timeout(400)

BROILERS = tunnel_house()
CAGED = replace(with_hens(BROILERS), heat_w_kg=6.28)
LIGHT, DARK = Controls(light=1.0), Controls(light=0.0)


@pytest.mark.parametrize("bird_kg", [0.1, 0.4, 1.0, 1.6, 2.3, 3.0])
def test_broilers_are_as_warm_as_the_literature_of_twenty_years_has_them(bird_kg: float) -> None:
    # Chepete and Xin (Livestock Environment VI, 2001): 10.60 m^0.74 for broilers, 1982 to 2000.
    bird = replace(day_old(1), bird_kg=bird_kg, air_c=20.0)
    assert heat_w(bird, LIGHT, BROILERS)[0] == pytest.approx(10.60 * bird_kg**0.74, rel=0.025)


@pytest.mark.parametrize("bird_kg", [1.2, 1.5, 1.8])
def test_pullets_are_as_warm_as_the_literature_has_them(bird_kg: float) -> None:
    # The same review: 6.20 m^0.71 for pullets and hens; eggs, which ours add, left out.
    bird = replace(in_lay(1), bird_kg=bird_kg, air_c=20.0)
    total = heat_w(bird, LIGHT, replace(CAGED, eggs_kg_d=0.0))[0]
    assert total == pytest.approx(6.20 * bird_kg**0.71, rel=0.05)


def hen_w_kg(air_c: float) -> tuple[float, float]:
    """Return total and sensible heat of caged hens of 1.5 kg over 16 hours of light and 8 not."""
    hen = replace(in_lay(1), bird_kg=1.5, air_c=air_c)
    light, dark = heat_w(hen, LIGHT, CAGED), heat_w(hen, DARK, CAGED)
    day = [(16 * lit + 8 * unlit) / 24 / 1.5 for lit, unlit in zip(light, dark, strict=True)]
    return day[0], day[1]


def test_hens_in_a_calorimeter_rested_in_the_dark_as_ours_do() -> None:
    # Chepete, Xin and others (2011), W-36 at 24 to 27 °C: 6.5 W/kg by light, 5.4 in the dark.
    hen = replace(in_lay(1), bird_kg=1.5, air_c=25.5)
    ours = heat_w(hen, DARK, CAGED)[0] / heat_w(hen, LIGHT, CAGED)[0]
    assert ours == pytest.approx(5.4 / 6.5, abs=0.03)


def test_hens_in_a_calorimeter_were_a_little_warmer_than_ours_and_in_the_heat_more_so() -> None:
    # The same: 6.1 ± 0.3 W/kg over the day.
    assert hen_w_kg(25.5)[0] == pytest.approx(6.1 * 0.91, rel=0.02)
    # Green and Xin (2009): 6.4 to 6.6, 5.6 to 6.1 and 5.4 to 5.7 W/kg at 24, 32 and 35 °C.
    assert 0.86 * 6.4 < hen_w_kg(24)[0] < 0.92 * 6.6
    assert 0.78 * 5.6 < hen_w_kg(32)[0] < 0.86 * 6.1
    assert 0.76 * 5.4 < hen_w_kg(35)[0] < 0.82 * 5.7


def test_hens_gave_the_room_less_sensible_heat_than_ours_give_by_themselves() -> None:
    # Green and Xin (2009), with the water of droppings: 2.8 to 3.1 and 0.7 to 1.0 W/kg.
    assert 0.0 < hen_w_kg(24)[1] - 2.95 < 0.6
    assert 0.0 < hen_w_kg(32)[1] - 0.85 < 0.6


def test_carbon_dioxide_with_litter_is_what_ventilation_is_reckoned_from() -> None:
    # Pedersen and others (CIGR Journal X, 2008): 185 L an hour for 1000 W at 20 °C, less for
    # broilers.
    bird = replace(day_old(1), bird_kg=2.0, air_c=20.0)
    alone_m3_h = 3600 * flock(bird, LIGHT, BROILERS, 20.0).co2 / CO2_KG_M3
    with_litter = (1 + LITTER_CO2) * alone_m3_h / heat_w(bird, LIGHT, BROILERS)[0]
    assert 1e6 * with_litter == pytest.approx(185, rel=0.01)


@pytest.mark.parametrize(("water_pct", "activity"), [(10, 0.71), (22, 0.92), (33, 0.97), (60, 1)])
def test_litter_holds_its_water_as_litter_does(water_pct: float, activity: float) -> None:
    # Dunlop and others (2016): from 0.71 at 10 % to 1.0 at 60 %, and 0.95 between 22 and 33 %.
    dry = 100.0 - water_pct
    bed = replace(day_old(1), litter_water_kg_m2=water_pct / 20, litter_dry_kg_m2=dry / 20)
    full = 1e-3 * vapour_g_m3(bed.mass_c, saturation_pa(bed.mass_c))
    assert litter(bed, BROILERS, 0.2).water_at / full == pytest.approx(activity, abs=0.01)


def lived() -> tuple[list[float], float]:
    """Return ammonia a bird, day by day, and its part of what droppings held, on new bedding."""
    birds = 20_000.0
    states, ledgers = records([day_old(birds)]), records([Ledger()])
    house, grams, before = records([BROILERS]), [], 0.0
    for _ in range(42):
        for step in range(288):
            hour = step / 12
            row = {
                "radiation_w_m2": max(600 * sin((hour - 6) / 12 * pi), 0.0),
                "temperature_c": 12 + 4 * sin((hour - 9) / 12 * pi),
                "humidity_pct": 70.0,
                "wind_m_s": 2.0,
            }
            controls = steer_coop(restored(states[0], State), hour, StageRules(), BROILERS)
            outdoor = records([moment_of(row, 12.0)])
            advance_coops(states, records([controls]), outdoor, house, ledgers, 300.0)
        vented = float(ledgers["nitrogen_vented_kg"][0])
        grams.append(1000 * AMMONIA_PER_NITROGEN * (vented - before) / birds)
        before = vented
    dropped = float(ledgers["nitrogen_fed_kg"][0] - ledgers["nitrogen_kept_kg"][0])
    return grams, before / dropped


@pytest.mark.proof
def test_a_flock_on_new_bedding_gives_off_about_as_much_ammonia_as_was_measured() -> None:
    grams, part = lived()
    # Wheeler and others (Livestock Environment VIII, 2008): 0.35 g a bird on day 21.
    assert grams[20] == pytest.approx(0.35, rel=0.25)
    # Wiedemann and others (Animal Production Science 56, 2016): 11.9 g and 0.14 in 42 days.
    assert sum(grams) == pytest.approx(11.9, rel=0.3)
    assert part == pytest.approx(0.14, rel=0.25)
