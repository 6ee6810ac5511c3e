"""Each part of the greenhouse against GreenLight 2.0.5, moment by moment of a recorded run."""

import csv
import gzip
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tokkatot.climate.physics.greenhouse.airflow import flows
from tokkatot.climate.physics.greenhouse.light import light
from tokkatot.climate.physics.greenhouse.model import Controls, Parameters, State
from tokkatot.climate.physics.greenhouse.tomato import (
    co2_taken_mg,
    growth,
    photosynthesis,
    transpiration_kg_pa,
)
from tokkatot.climate.physics.greenhouse.views import conductance, views
from tokkatot.climate.physics.outdoor import Outdoor

RECORDED = (
    Path(__file__).parents[6]
    / "shared/data/climate/greenlight/greenlight205_katzin2021_Bleiswijk_5d_300s.csv.gz"
)
HOUSE = Parameters(altitude_m=-5.0)
"""Katzin's (2021), five metres below the sea."""

Row = dict[str, float]
Ours = Callable[[State, Controls, Outdoor, float], float]

pytestmark = pytest.mark.shared_data


@cache
def rows() -> tuple[Row, ...]:
    with gzip.open(RECORDED, "rt", encoding="utf-8-sig") as lines:
        reader = csv.DictReader(lines)
        next(reader)
        next(reader)
        every = [{name: float(text) for name, text in row.items()} for row in reader]
    return tuple(every[1::7])


def state(r: Row) -> State:
    return State(
        air_c=r["tAir"], top_c=r["tTop"], canopy_c=r["tCan"], cover_in_c=r["tCovIn"],
        cover_out_c=r["tCovE"], thermal_c=r["tThScr"], blackout_c=r["tBlScr"], floor_c=r["tFlr"],
        pipe_c=r["tPipe"], lamp_c=r["tLamp"], air_pa=r["vpAir"], top_pa=r["vpTop"],
        air_mg_m3=r["co2Air"], top_mg_m3=r["co2Top"], day_c=r["tCan24"], sum_c_d=r["tCanSum"],
        buffer_mg_m2=r["cBuf"], leaf_mg_m2=r["cLeaf"], stem_mg_m2=r["cStem"],
        fruit_mg_m2=r["cFruit"],
    )  # fmt: skip


def controls(r: Row) -> Controls:
    return Controls(
        heating=r["uBoil"], co2=r["uExtCo2"], roof_vents=r["uRoof"],
        thermal_screen=r["uThScr"], blackout=r["uBlScr"], lamps=r["uLamp"],
    )  # fmt: skip


def outdoor(r: Row) -> Outdoor:
    return Outdoor(
        radiation_w_m2=r["iGlob"], temperature_c=r["tOut"], vapour_pa=r["vpOut"],
        co2_mg_m3=r["co2Out"], wind_m_s=r["wind"], sky_c=r["tSky"], ground_c=r["tSoOut"],
    )  # fmt: skip


def kelvin(celsius: float) -> float:
    return celsius + 273.15


PARTS: dict[str, Ours] = {
    "fVentRoof": lambda s, u, w, _: flows(s, u, w, HOUSE).top_out,
    "fVentSide": lambda s, u, w, _: flows(s, u, w, HOUSE).air_out,
    "fScr": lambda s, u, w, _: flows(s, u, w, HOUSE).air_top,
    "rCan": lambda _, u, w, area: light(w.radiation_w_m2, area, u, HOUSE).above_canopy,
    "parCan": lambda _, u, w, area: light(w.radiation_w_m2, area, u, HOUSE).photons,
    "rGlobSunCovE": lambda _, u, w, area: light(w.radiation_w_m2, area, u, HOUSE).cover,
    "vecCanAir": lambda s, u, w, area: transpiration_kg_pa(
        s, light(w.radiation_w_m2, area, u, HOUSE).above_canopy, HOUSE
    ),
    "mcAirCan": lambda s, u, w, area: co2_taken_mg(
        growth(s, light(w.radiation_w_m2, area, u, HOUSE).photons, HOUSE)
    ),
    "rCanCovIn": lambda s, u, _, area: (
        conductance(views(area, u, HOUSE).canopy_cover, kelvin(s.canopy_c), kelvin(s.cover_in_c))
        * (s.canopy_c - s.cover_in_c)
    ),
    "rPipeFlr": lambda s, u, _, area: (
        conductance(views(area, u, HOUSE).pipe_floor, kelvin(s.pipe_c), kelvin(s.floor_c))
        * (s.pipe_c - s.floor_c)
    ),
    "rLampPipe": lambda s, u, _, area: (
        conductance(views(area, u, HOUSE).lamp_pipe, kelvin(s.lamp_c), kelvin(s.pipe_c))
        * (s.lamp_c - s.pipe_c)
    ),
    "rCovESky": lambda s, u, w, area: (
        conductance(views(area, u, HOUSE).cover_sky, kelvin(s.cover_out_c), kelvin(w.sky_c))
        * (s.cover_out_c - w.sky_c)
    ),
}


@pytest.mark.parametrize("name", PARTS)
def test_a_part_is_greenlights(name: str) -> None:
    # Pressure by height and the density of air differ in their fourth digit.
    for r in rows():
        ours = PARTS[name](state(r), controls(r), outdoor(r), r["lai"])
        assert ours == pytest.approx(r[name], rel=1e-3, abs=1e-9), r["Time"]


def test_the_canopys_and_the_floors_light_are_greenlights() -> None:
    for r in rows():
        lit = light(r["iGlob"], r["lai"], controls(r), HOUSE)
        canopy = r["rParSunCan"] + r["rNirSunCan"] + r["rParLampCan"] + r["rNirLampCan"]
        floor = r["rParSunFlr"] + r["rNirSunFlr"] + r["rParLampFlr"] + r["rNirLampFlr"]
        assert lit.canopy == pytest.approx(canopy, rel=1e-6, abs=1e-9)
        assert lit.floor == pytest.approx(floor, rel=1e-6, abs=1e-9)
        assert lit.air == pytest.approx(r["rGlobSunAir"] + r["rLampAir"], rel=1e-6, abs=1e-9)


def test_photosynthesis_is_greenlights() -> None:
    for r in rows():
        photons = light(r["iGlob"], r["lai"], controls(r), HOUSE).photons
        net = photosynthesis(state(r), photons, HOUSE)
        assert net == pytest.approx(r["p"] - r["r"], rel=1e-4, abs=1e-9)
