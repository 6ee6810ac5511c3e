"""Which surfaces see which by long waves: emission, absorption and view factor in one number.

Source: Vanthoor (2011), equation 8.38 and table 8.3; Katzin (2021), table 7.4, without interlights
and grow pipes.
"""

from math import exp, pi
from typing import NamedTuple

from tokkatot.climate.physics.greenhouse.light import heat_cover
from tokkatot.climate.physics.greenhouse.model import Controls, Parameters

STEFAN_BOLTZMANN = 5.67e-8
UNDER_CANOPY = 0.49
"""Part of a pipe that looks up (table 8.3)."""


class Views(NamedTuple):
    """Each pair of surfaces, in m² a m² of floor."""

    canopy_cover: float
    canopy_sky: float
    canopy_thermal: float
    canopy_blackout: float
    canopy_floor: float
    pipe_cover: float
    pipe_sky: float
    pipe_thermal: float
    pipe_blackout: float
    pipe_floor: float
    pipe_canopy: float
    floor_cover: float
    floor_sky: float
    floor_thermal: float
    floor_blackout: float
    thermal_cover: float
    thermal_sky: float
    blackout_cover: float
    blackout_sky: float
    blackout_thermal: float
    lamp_cover: float
    lamp_sky: float
    lamp_thermal: float
    lamp_blackout: float
    lamp_canopy: float
    lamp_pipe: float
    lamp_floor: float
    cover_sky: float


def views(leaf_area: float, u: Controls, p: Parameters) -> Views:
    """Return what sees what at these screens and so many m² of leaves (`leaf_area`) a m²."""
    cover = heat_cover(u, p)
    emits = 1.0 - cover.through - cover.back_up
    below_thermal = 1.0 - u.thermal_screen * (1.0 - p.thermal_heat_through)
    below_blackout = 1.0 - u.blackout * (1.0 - p.blackout_heat_through)
    thermal, blackout = u.thermal_screen * p.thermal_emission, u.blackout * p.blackout_emission
    passed = exp(-p.heat_extinction * leaf_area)
    pipes = pi * p.pipe_m_m2 * p.pipe_outer_m
    canopy, bare = 1.0 - passed, 1.0 - UNDER_CANOPY * pipes
    # Whatever lies below the lamps sees past them; the lamps see the screens by themselves.
    past = 1.0 - p.lamp_m2
    up, down = p.lamp_m2 * p.lamp_emission_up, p.lamp_m2 * p.lamp_emission_down
    pipe = pipes * p.pipe_emission * UNDER_CANOPY
    through = below_thermal * below_blackout
    floor = bare * passed * past
    return Views(
        canopy_cover=canopy * emits * past * through,
        canopy_sky=canopy * past * cover.through * through,
        canopy_thermal=canopy * thermal * past * below_blackout,
        canopy_blackout=canopy * blackout * past,
        canopy_floor=canopy * bare,
        pipe_cover=pipe * passed * emits * past * through,
        pipe_sky=pipe * passed * past * cover.through * through,
        pipe_thermal=pipe * passed * thermal * past * below_blackout,
        pipe_blackout=pipe * passed * blackout * past,
        pipe_floor=pipe,
        pipe_canopy=pipe * canopy,
        floor_cover=floor * emits * through,
        floor_sky=floor * cover.through * through,
        floor_thermal=floor * thermal * below_blackout,
        floor_blackout=floor * blackout,
        thermal_cover=thermal * emits,
        thermal_sky=thermal * cover.through,
        blackout_cover=blackout * emits * below_thermal,
        blackout_sky=blackout * cover.through * below_thermal,
        blackout_thermal=blackout * thermal,
        lamp_cover=up * emits * through,
        lamp_sky=up * cover.through * through,
        lamp_thermal=up * thermal * below_blackout,
        lamp_blackout=up * blackout,
        lamp_canopy=down * canopy,
        lamp_pipe=down * p.pipe_emission * UNDER_CANOPY * pipes * passed,
        lamp_floor=down * bare * passed,
        cover_sky=emits,
    )


def conductance(view: float, one_k: float, other_k: float) -> float:
    """Return 8.38 as W m⁻² K⁻¹, which is exact: a⁴ - b⁴ = (a² + b²)(a + b)(a - b).

    `view` is the part of the floor's area that emits from the one and is taken by the other.
    """
    return view * STEFAN_BOLTZMANN * (one_k * one_k + other_k * other_k) * (one_k + other_k)
