"""Sixty days of gl-gym's greenhouse under its own rules, as they were recorded."""

import csv
import gzip
from functools import cache
from pathlib import Path

from tokkatot.climate.physics.greenhouse.model import Controls, State
from tokkatot.climate.physics.outdoor import Outdoor

RECORDED = (
    Path(__file__).parents[3]
    / "shared/data/climate/greenlight/glgym032_rulebased_Amsterdam2010_d59_60d_900s.csv.gz"
)
STATES = {
    "air_c": "tAir", "top_c": "tTop", "canopy_c": "tCan", "cover_in_c": "tCovIn",
    "cover_out_c": "tCovE", "thermal_c": "tThScr", "blackout_c": "tBlScr", "floor_c": "tFlr",
    "pipe_c": "tPipe", "lamp_c": "tLamp", "air_pa": "vpAir", "top_pa": "vpTop", "soil1_c": "tSo1",
    "soil2_c": "tSo2", "soil3_c": "tSo3", "soil4_c": "tSo4", "soil5_c": "tSo5",
    "air_mg_m3": "co2Air", "top_mg_m3": "co2Top", "day_c": "tCan24", "sum_c_d": "tCanSum",
    "buffer_mg_m2": "cBuf", "leaf_mg_m2": "cLeaf", "stem_mg_m2": "cStem", "fruit_mg_m2": "cFruit",
}  # fmt: skip

Row = dict[str, float]


@cache
def rows() -> tuple[Row, ...]:
    """Return the record, a row a quarter of an hour."""
    with gzip.open(RECORDED, "rt", encoding="utf-8") as lines:
        return tuple(
            {name: float(text) for name, text in row.items()} for row in csv.DictReader(lines)
        )


def state(r: Row) -> State:
    """Return what the house was in."""
    return State(**{ours: r[f"x_{theirs}"] for ours, theirs in STATES.items()})


def controls(r: Row) -> Controls:
    """Return how its actuators were moved."""
    return Controls(
        heating=r["u_uBoil"], co2=r["u_uCO2"], roof_vents=r["u_uVent"],
        thermal_screen=r["u_uThScr"], blackout=r["u_uBlScr"], lamps=r["u_uLamp"],
    )  # fmt: skip


def outdoor(r: Row) -> Outdoor:
    """Return the weather outside."""
    return Outdoor(
        radiation_w_m2=r["d_iGlob"], temperature_c=r["d_tOut"], vapour_pa=r["d_vpOut"],
        co2_mg_m3=r["d_co2Out"], wind_m_s=r["d_wind"], sky_c=r["d_tSky"], ground_c=r["d_tSoOut"],
    )  # fmt: skip
