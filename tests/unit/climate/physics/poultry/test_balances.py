"""What comes into a poultry house, stays or goes out: heat, water, carbon and nitrogen."""

from dataclasses import replace

import pytest

from tests.support.coop import STEP_S, controls, outdoor
from tokkatot.climate.physics.poultry.houses import (
    day_old,
    in_lay,
    open_house,
    tunnel_house,
    with_hens,
)
from tokkatot.climate.physics.poultry.model import Ledger, Parameters, State
from tokkatot.climate.physics.poultry.step import AIR_J_M3_K, advance

GROWN = replace(day_old(18_000), bird_kg=1.6, age_d=28.0, air_c=26.0, mass_c=26.0)
HOUSES = {
    "tunnel": (tunnel_house(), GROWN),
    "open": (open_house(), replace(GROWN, birds=5000.0)),
    "hens": (with_hens(open_house()), in_lay(2500)),
}


def lived(name: str, steps: int = 288, step_s: float = STEP_S) -> tuple[State, State, Ledger]:
    p, before = HOUSES[name]
    state, book = replace(before), Ledger()
    for step in range(steps):
        advance(state, controls(step), outdoor(step), p, book, step_s)
    return before, state, book


def grown(p: Parameters, name: str, before: State, after: State) -> float:
    """Return how much more a field of the litter holds, for the whole floor."""
    return float(p.floor_m2 * (getattr(after, name) - getattr(before, name)))


@pytest.mark.parametrize("name", HOUSES)
def test_heat_is_closed_to_a_thousandth(name: str) -> None:
    before, after, book = lived(name)
    p, _ = HOUSES[name]
    came = book.birds_j + book.heaters_j + book.lights_j
    went = book.envelope_j + book.ground_j + book.vented_j + book.evaporated_j
    kept = AIR_J_M3_K * p.air_m3 * (after.air_c - before.air_c)
    kept += p.mass_j_m2_k * p.floor_m2 * (after.mass_c - before.mass_c)
    assert came - went == pytest.approx(kept, abs=1e-3 * came)


@pytest.mark.parametrize("name", HOUSES)
def test_water_is_closed_to_a_thousandth_in_air_and_litter(name: str) -> None:
    before, after, book = lived(name)
    p, _ = HOUSES[name]
    came = book.breathed_kg + book.litter_dried_kg + book.fogged_kg + book.burnt_water_kg
    kept = p.air_m3 * (after.vapour_kg_m3 - before.vapour_kg_m3)
    assert came - book.vented_kg == pytest.approx(kept, abs=1e-3 * came)
    wetter = grown(p, "litter_water_kg_m2", before, after)
    assert book.litter_wetted_kg - book.litter_dried_kg == pytest.approx(wetter, rel=1e-6)
    # What is drunk is breathed out, dropped or kept; feed brings water and is burnt to some.
    gain_kg = (book.nitrogen_kept_kg - p.egg_nitrogen * book.eggs_kg) / p.gain_nitrogen
    used = book.breathed_kg + book.litter_wetted_kg + 0.66 * (gain_kg + book.eggs_kg)
    assert book.drunk_kg == pytest.approx(used - 0.45 * book.feed_kg, rel=1e-6)


@pytest.mark.parametrize("name", HOUSES)
def test_carbon_dioxide_and_nitrogen_are_closed_to_a_thousandth(name: str) -> None:
    before, after, book = lived(name)
    p, _ = HOUSES[name]
    kept = 1e-6 * p.air_m3 * (after.co2_mg_m3 - before.co2_mg_m3)
    left = book.co2_made_kg - book.co2_vented_kg
    assert left == pytest.approx(kept, abs=1e-3 * book.co2_made_kg)
    litter = grown(p, "organic_kg_m2", before, after) + grown(p, "ammoniacal_kg_m2", before, after)
    air = 1e-6 * p.air_m3 * (after.ammonia_mg_m3 - before.ammonia_mg_m3) * 14.007 / 17.031
    gone = book.nitrogen_kept_kg + book.nitrogen_vented_kg
    assert book.nitrogen_fed_kg - gone == pytest.approx(
        litter + air, abs=1e-3 * book.nitrogen_fed_kg
    )
    assert book.nitrogen_vented_kg > 0


@pytest.mark.parametrize("name", HOUSES)
def test_halving_the_short_step_changes_little(name: str) -> None:
    p, before = HOUSES[name]
    whole, half = replace(before), replace(before)
    whole_book, half_book = Ledger(), Ledger()
    for step in range(48):
        advance(whole, controls(step), outdoor(step), p, whole_book, STEP_S)
        for _ in range(30):  # of half a minute, where a long step is made of minutes
            advance(half, controls(step), outdoor(step), p, half_book, STEP_S / 30)
    assert whole.air_c == pytest.approx(half.air_c, abs=0.05)
    assert whole.vapour_kg_m3 == pytest.approx(half.vapour_kg_m3, rel=2e-3)
    assert whole.ammonia_mg_m3 == pytest.approx(half.ammonia_mg_m3, rel=0.02)
    assert whole_book.feed_kg == pytest.approx(half_book.feed_kg, rel=1e-3)


def test_no_bird_is_born_and_none_dies_twice() -> None:
    before, after, book = lived("tunnel")
    assert before.birds - after.birds == pytest.approx(book.deaths)
    assert 0 < book.deaths < 0.02 * before.birds
