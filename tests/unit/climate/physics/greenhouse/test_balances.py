"""What comes in, stays or goes out over days of swinging weather: heat, water and carbon."""

from dataclasses import replace
from math import cos, radians

import pytest

from tests.support.greenhouse import A_DAY, STEP_S, controls, outdoor
from tokkatot.climate.physics.greenhouse import network
from tokkatot.climate.physics.greenhouse.exchange import pipe_j_m2_k
from tokkatot.climate.physics.greenhouse.houses import bleiswijk_led
from tokkatot.climate.physics.greenhouse.model import Ledger, Parameters, State
from tokkatot.climate.physics.greenhouse.step import SUBSTEPS, advance

EVAPORATION_J_KG = 2.45e6
HOUSES = [
    Parameters(),
    bleiswijk_led(),
    Parameters(side_vent_m2=4000, fan_m3_s=1500, pad_m3_s=1500, altitude_m=800),
]


def lived(
    p: Parameters, *, settling: int = A_DAY, steps: int = 3 * A_DAY, substeps: int = SUBSTEPS
) -> tuple[State, State, Ledger]:
    """Return the state before, the state after and what crossed the borders between.

    What was put together by hand settles first, a day long where nobody says otherwise.
    """
    state, book, buffer = State(), Ledger(), [0.0] * network.SIZE
    for step in range(settling):
        advance(state, controls(step), outdoor(step), p, Ledger(), buffer, STEP_S, substeps)
    before = replace(state)
    for step in range(settling, settling + steps):
        advance(state, controls(step), outdoor(step), p, book, buffer, STEP_S, substeps)
    return before, state, book


def vapour_kg(s: State, p: Parameters) -> float:
    air = p.air_m * s.air_pa / (s.air_c + 273.15)
    return 18 / 8314 * (air + p.top_m * s.top_pa / (s.top_c + 273.15))


def heat_j(s: State, p: Parameters) -> float:
    """Add up what each part of the house holds, by its mass, and the heat in its vapour."""
    glass = 0.1 * cos(radians(p.roof_slope_deg)) * p.roof_m * p.roof_kg_m3 * p.roof_j_kg_k
    air = 1200 * (1 - 2.25577e-5 * p.altitude_m) ** 5.2559
    soil = p.soil_j_m3_k * (
        0.04 * s.soil1_c + 0.08 * s.soil2_c + 0.16 * s.soil3_c + 0.32 * s.soil4_c + 0.64 * s.soil5_c
    )
    return float(
        air * (p.air_m * s.air_c + p.top_m * s.top_c)
        + p.canopy_j_m2_k * p.leaf_area_m2_mg * s.leaf_mg_m2 * s.canopy_c
        + glass * (s.cover_in_c + s.cover_out_c)
        + p.screen_j_m2_k * (s.thermal_c + s.blackout_c)
        + p.floor_m * p.floor_kg_m3 * p.floor_j_kg_k * s.floor_c
        + pipe_j_m2_k(p) * s.pipe_c
        + p.lamp_j_m2_k * s.lamp_c
        + soil
        + EVAPORATION_J_KG * vapour_kg(s, p)
    )


@pytest.mark.parametrize("p", HOUSES, ids=["venlo", "bleiswijk", "pad and fan"])
def test_heat_water_and_carbon_dioxide_are_closed_to_a_thousandth(p: Parameters) -> None:
    before, after, book = lived(p)

    came_j = book.sun_j + book.boiler_j + book.lamps_j
    went_j = book.sky_j + book.outside_j + book.vented_j + book.ground_j
    went_j += EVAPORATION_J_KG * book.vented_kg
    kept_j = heat_j(after, p) - heat_j(before, p)
    # Fog and pad take from the air what their vapour holds; dew is carried off as water.
    assert came_j - went_j == pytest.approx(kept_j, abs=1e-3 * came_j)

    came_kg = book.transpired_kg + book.fogged_kg
    kept_kg = vapour_kg(after, p) - vapour_kg(before, p)
    went_kg = book.vented_kg + book.condensed_kg
    assert came_kg - went_kg == pytest.approx(kept_kg, abs=1e-3 * came_kg)

    kept_mg = p.air_m * (after.air_mg_m3 - before.air_mg_m3)
    kept_mg += p.top_m * (after.top_mg_m3 - before.top_mg_m3)
    left_mg = book.dosed_mg - book.assimilated_mg - book.vented_mg
    assert left_mg == pytest.approx(kept_mg, abs=1e-3 * book.dosed_mg)


def test_the_crop_is_made_of_what_it_took_up() -> None:
    before, after, book = lived(bleiswijk_led(), settling=0)
    organs = ("buffer_mg_m2", "leaf_mg_m2", "stem_mg_m2", "fruit_mg_m2")
    grown = sum(getattr(after, name) - getattr(before, name) for name in organs)
    gathered = book.leaf_pruned_mg + book.fruit_harvested_mg
    # A mole of carbon dioxide for a mole of CH2O.
    assert grown + gathered == pytest.approx(book.assimilated_mg * 30 / 44, rel=1e-6)


def test_every_way_out_was_used() -> None:
    _, _, book = lived(replace(HOUSES[2], fruit_max_mg_m2=4e4, leaf_area_max=2.0), settling=0)
    for name in Ledger.__slots__:
        assert getattr(book, name) != 0, name


def test_a_halved_step_changes_little_and_a_quartered_one_less() -> None:
    p = bleiswijk_led()
    _, fine, fine_book = lived(p, settling=0, steps=30, substeps=8 * SUBSTEPS)
    apart = {}
    for substeps in (SUBSTEPS, 2 * SUBSTEPS):
        _, state, book = lived(p, settling=0, steps=30, substeps=substeps)
        apart[substeps] = abs(state.air_c - fine.air_c)
        assert book.transpired_kg == pytest.approx(fine_book.transpired_kg, rel=0.2 / substeps)
        assert book.assimilated_mg == pytest.approx(fine_book.assimilated_mg, rel=0.1 / substeps)
    assert apart[SUBSTEPS] < 0.1
    assert apart[2 * SUBSTEPS] < 0.6 * apart[SUBSTEPS]
