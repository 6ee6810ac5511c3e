"""Where the light of sun and lamps ends: lumped cover layers, canopy, floor.

Source: Vanthoor (2011), sections 8.4 and 8.6.1; Katzin (2021), sections 7.4.3 and 7.4.4. Equation
numbers 8.x are Vanthoor's, 7.x Katzin's. `leaf_area` is in m² a m² of floor, `radiation` in W a m²;
what is let `through`, thrown `back` or taken is a part of the light.
"""

from math import exp
from typing import NamedTuple

from tokkatot.climate.physics.greenhouse.model import Controls, Parameters

PAR_SHARE = 0.5
"""Part of the sun's energy that plants can use; the rest is near infrared (table 8.1)."""

SUN_UMOL_J = 4.6
"""Photons in a joule of it (from 2.3 a joule of global radiation, table 9.1)."""


class Layer(NamedTuple):
    """What a layer lets through and throws back, upwards and downwards."""

    through: float
    back_up: float
    back_down: float


class Light(NamedTuple):
    """Light taken up, in W a m² of floor; photons in µmol m⁻² s⁻¹."""

    canopy: float
    floor: float
    air: float
    cover: float
    above_canopy: float
    """What drives the stomata (7.23)."""
    photons: float
    lamp_heat: float
    """What a lamp makes of its power beside light."""


def stacked(upper: Layer, lower: Layer) -> Layer:
    """Return two layers as one (8.14 and 8.15)."""
    between = 1.0 - upper.back_down * lower.back_up
    return Layer(
        upper.through * lower.through / between,
        upper.back_up + upper.through * upper.through * lower.back_up / between,
        lower.back_down + lower.through * lower.through * upper.back_down / between,
    )


def drawn(share: float, through: float, back: float) -> Layer:
    """Return a screen that is drawn over this share of the house (page 208)."""
    return Layer(1.0 - share * (1.0 - through), share * back, share * back)


def par_cover(u: Controls, p: Parameters) -> Layer:
    """Return shade, roof, screens and lamps as one layer for usable light (8.16, 7.5, 7.6)."""
    shade = drawn(u.shade, p.shade_par_through, p.shade_par_back)
    roof = Layer(p.roof_par_through, p.roof_par_back, p.roof_par_back)
    thermal = drawn(u.thermal_screen, p.thermal_par_through, p.thermal_par_back)
    blackout = drawn(u.blackout, p.blackout_par_through, p.blackout_par_back)
    lamps = Layer(1.0 - p.lamp_m2, 0.0, 0.0)
    return stacked(stacked(stacked(shade, stacked(roof, thermal)), blackout), lamps)


def nir_cover(u: Controls, p: Parameters) -> Layer:
    """Return the same for near infrared."""
    shade = drawn(u.shade, p.shade_nir_through, p.shade_nir_back)
    roof = Layer(p.roof_nir_through, p.roof_nir_back, p.roof_nir_back)
    thermal = drawn(u.thermal_screen, p.thermal_nir_through, p.thermal_nir_back)
    blackout = drawn(u.blackout, p.blackout_nir_through, p.blackout_nir_back)
    lamps = Layer(1.0 - p.lamp_m2, 0.0, 0.0)
    return stacked(stacked(stacked(shade, stacked(roof, thermal)), blackout), lamps)


def heat_cover(u: Controls, p: Parameters) -> Layer:
    """Return shade and roof as one layer for long waves (page 209)."""
    shade = drawn(u.shade, p.shade_heat_through, p.shade_heat_back)
    return stacked(shade, Layer(p.roof_heat_through, p.roof_heat_back, p.roof_heat_back))


def par_taken(leaf_area: float, p: Parameters) -> tuple[float, float]:
    """Return what parts of the light canopy and floor take up (8.27, 8.29, 8.35)."""
    passed = exp(-p.par_extinction * leaf_area)
    seen = (1.0 - p.canopy_par_back) * (1.0 - passed)
    return seen * (1.0 + passed * p.floor_par_back), (1.0 - p.floor_par_back) * passed


def nir_taken(cover: Layer, leaf_area: float, p: Parameters) -> tuple[float, float]:
    """Return the parts of the sun's near infrared that canopy and floor take up (8.30 to 8.34)."""
    back = cover.back_up
    passed = exp(-p.nir_extinction * leaf_area)
    thrown = p.canopy_nir_back * (1.0 - passed)
    above = stacked(Layer(1.0 - back, back, back), Layer(passed, thrown, thrown))
    floor = Layer(1.0 - p.floor_nir_back, p.floor_nir_back, p.floor_nir_back)
    whole = stacked(above, floor)
    return 1.0 - whole.through - whole.back_up, whole.through


def light(radiation: float, leaf_area: float, u: Controls, p: Parameters) -> Light:
    """Return where the light of the sun (8.26 to 8.37) and the lamps (7.7 to 7.12) ends."""
    par, nir = par_cover(u, p), nir_cover(u, p)
    par_canopy, par_floor = par_taken(leaf_area, p)
    nir_canopy, nir_floor = nir_taken(nir, leaf_area, p)
    inside = 1.0 - p.sun_to_air
    sun_par, sun_nir = PAR_SHARE * radiation, (1.0 - PAR_SHARE) * radiation
    par_above = inside * par.through * sun_par

    lamp = u.lamps * p.lamp_w_m2
    lamp_par, lamp_nir = p.lamp_par * lamp, p.lamp_nir * lamp
    passed = exp(-p.nir_extinction * leaf_area)
    lamp_nir_canopy = lamp_nir * (1.0 - p.canopy_nir_back) * (1.0 - passed)
    lamp_nir_floor = lamp_nir * (1.0 - p.floor_nir_back) * passed
    lamp_air = lamp_par * (1.0 - par_canopy - par_floor) + (
        lamp_nir - lamp_nir_canopy - lamp_nir_floor
    )

    taken_par = 1.0 - par.through - par.back_up
    taken_nir = 1.0 - nir.through - nir.back_up
    return Light(
        canopy=(par_above + lamp_par) * par_canopy
        + inside * sun_nir * nir_canopy
        + lamp_nir_canopy,
        floor=(par_above + lamp_par) * par_floor + inside * sun_nir * nir_floor + lamp_nir_floor,
        air=p.sun_to_air * (par.through * sun_par + (nir_canopy + nir_floor) * sun_nir) + lamp_air,
        cover=taken_par * sun_par + taken_nir * sun_nir,
        above_canopy=par_above + inside * nir.through * sun_nir + lamp_par + lamp_nir,
        photons=(SUN_UMOL_J * par_above + p.lamp_umol_j * lamp_par) * par_canopy,
        lamp_heat=lamp - lamp_par - lamp_nir - p.lamp_cooled * lamp,
    )
