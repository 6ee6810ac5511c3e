"""The weather at one moment, as every model of a house takes it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Outdoor:
    """What it is like outside; a NumPy record of the same names may stand in."""

    radiation_w_m2: float
    """Global radiation on a level plane."""
    temperature_c: float
    vapour_pa: float
    co2_mg_m3: float
    wind_m_s: float
    sky_c: float
    """Temperature of a black sky that sends as much heat."""
    ground_c: float
    """Temperature of the ground beneath the layers that the house warms."""
