"""All exchanges of heat and vapour in the house, written into its network.

Source: Vanthoor (2011), table 8.4 and equations 8.38 to 8.48, 8.56 to 8.64; Katzin (2021), section
7.4.6.
"""

from math import cos, exp, pi, radians
from typing import NamedTuple

from tokkatot.climate.physics.air import (
    SEA_LEVEL_PA,
    ZERO_C_K,
    humidity_ratio,
    magnus_pa,
    magnus_slope_pa_k,
    pressure_pa,
    saturation_pa,
    wet_bulb_c,
)
from tokkatot.climate.physics.greenhouse import network as n
from tokkatot.climate.physics.greenhouse.airflow import GAS_J_KMOL_K, Flows
from tokkatot.climate.physics.greenhouse.model import Controls, Parameters, State
from tokkatot.climate.physics.greenhouse.tomato import AIR_J_M3_K, EVAPORATION_J_KG
from tokkatot.climate.physics.greenhouse.views import Views, conductance
from tokkatot.climate.physics.outdoor import Outdoor

WATER_KG_KMOL = 18.0
CONDENSED_KG_J = 6.4e-9
"""kg of vapour that condense a Pa where a J is exchanged a K (8.43)."""
PLAY_PA = 200.0
"""Below this deficit fog evaporates in part only; the model itself would oversaturate the air."""
COVER_SHARE = 0.1
"""Part of the cover's heat that each of its faces stands for (8.21)."""


class Damp(NamedTuple):
    """Conductances of vapour, kg a second, m² and Pa, and what evaporates beside, kg."""

    leaf: float
    thermal: float
    blackout: float
    cover: float
    fog: float
    pad: float


def remember(a: n.Buffer, s: State, p: Parameters, dt: float) -> None:
    """Let every node remember where it was (8.18 to 8.25)."""
    air = air_j_m3_k(p) / dt
    glass = COVER_SHARE * cos(radians(p.roof_slope_deg)) * p.roof_m * p.roof_kg_m3 * p.roof_j_kg_k
    water = WATER_KG_KMOL / GAS_J_KMOL_K / dt
    n.store(a, n.AIR, air * p.air_m, s.air_c)
    n.store(a, n.TOP, air * p.top_m, s.top_c)
    n.store(a, n.CANOPY, p.canopy_j_m2_k * leaf_area(s, p) / dt, s.canopy_c)
    n.store(a, n.COVER_IN, glass / dt, s.cover_in_c)
    n.store(a, n.COVER_OUT, glass / dt, s.cover_out_c)
    n.store(a, n.THERMAL, p.screen_j_m2_k / dt, s.thermal_c)
    n.store(a, n.BLACKOUT, p.screen_j_m2_k / dt, s.blackout_c)
    n.store(a, n.FLOOR, p.floor_m * p.floor_kg_m3 * p.floor_j_kg_k / dt, s.floor_c)
    n.store(a, n.PIPE, pipe_j_m2_k(p) / dt, s.pipe_c)
    n.store(a, n.LAMP, p.lamp_j_m2_k / dt, s.lamp_c)
    n.store(a, n.WET, water * p.air_m / (s.air_c + ZERO_C_K), s.air_pa)
    n.store(a, n.WET_TOP, water * p.top_m / (s.top_c + ZERO_C_K), s.top_pa)


def radiate(a: n.Buffer, s: State, w: Outdoor, v: Views) -> None:
    """Let surfaces exchange long waves with each other and the sky (table 8.3, table 7.4)."""
    canopy, pipe, floor = s.canopy_c + ZERO_C_K, s.pipe_c + ZERO_C_K, s.floor_c + ZERO_C_K
    cover, thermal = s.cover_in_c + ZERO_C_K, s.thermal_c + ZERO_C_K
    blackout, lamp, sky = s.blackout_c + ZERO_C_K, s.lamp_c + ZERO_C_K, w.sky_c + ZERO_C_K
    n.join(a, n.CANOPY, n.COVER_IN, conductance(v.canopy_cover, canopy, cover))
    n.join(a, n.CANOPY, n.THERMAL, conductance(v.canopy_thermal, canopy, thermal))
    n.join(a, n.CANOPY, n.BLACKOUT, conductance(v.canopy_blackout, canopy, blackout))
    n.join(a, n.CANOPY, n.FLOOR, conductance(v.canopy_floor, canopy, floor))
    n.join(a, n.PIPE, n.COVER_IN, conductance(v.pipe_cover, pipe, cover))
    n.join(a, n.PIPE, n.THERMAL, conductance(v.pipe_thermal, pipe, thermal))
    n.join(a, n.PIPE, n.BLACKOUT, conductance(v.pipe_blackout, pipe, blackout))
    n.join(a, n.PIPE, n.FLOOR, conductance(v.pipe_floor, pipe, floor))
    n.join(a, n.PIPE, n.CANOPY, conductance(v.pipe_canopy, pipe, canopy))
    n.join(a, n.FLOOR, n.COVER_IN, conductance(v.floor_cover, floor, cover))
    n.join(a, n.FLOOR, n.THERMAL, conductance(v.floor_thermal, floor, thermal))
    n.join(a, n.FLOOR, n.BLACKOUT, conductance(v.floor_blackout, floor, blackout))
    n.join(a, n.THERMAL, n.COVER_IN, conductance(v.thermal_cover, thermal, cover))
    n.join(a, n.BLACKOUT, n.COVER_IN, conductance(v.blackout_cover, blackout, cover))
    n.join(a, n.BLACKOUT, n.THERMAL, conductance(v.blackout_thermal, blackout, thermal))
    n.join(a, n.LAMP, n.COVER_IN, conductance(v.lamp_cover, lamp, cover))
    n.join(a, n.LAMP, n.THERMAL, conductance(v.lamp_thermal, lamp, thermal))
    n.join(a, n.LAMP, n.BLACKOUT, conductance(v.lamp_blackout, lamp, blackout))
    n.join(a, n.LAMP, n.CANOPY, conductance(v.lamp_canopy, lamp, canopy))
    n.join(a, n.LAMP, n.PIPE, conductance(v.lamp_pipe, lamp, pipe))
    n.join(a, n.LAMP, n.FLOOR, conductance(v.lamp_floor, lamp, floor))
    n.border(a, n.SKY, n.CANOPY, conductance(v.canopy_sky, canopy, sky), w.sky_c)
    n.border(a, n.SKY, n.PIPE, conductance(v.pipe_sky, pipe, sky), w.sky_c)
    n.border(a, n.SKY, n.FLOOR, conductance(v.floor_sky, floor, sky), w.sky_c)
    n.border(a, n.SKY, n.THERMAL, conductance(v.thermal_sky, thermal, sky), w.sky_c)
    n.border(a, n.SKY, n.BLACKOUT, conductance(v.blackout_sky, blackout, sky), w.sky_c)
    n.border(a, n.SKY, n.LAMP, conductance(v.lamp_sky, lamp, sky), w.sky_c)
    outer = conductance(v.cover_sky, s.cover_out_c + ZERO_C_K, sky)
    n.border(a, n.SKY, n.COVER_OUT, outer, w.sky_c)


def convect(a: n.Buffer, s: State, u: Controls, w: Outdoor, p: Parameters, f: Flows) -> None:
    """Let air take heat from surfaces and carry it about (table 8.4)."""
    air = air_j_m3_k(p)
    cover = p.cover_m2 / p.floor_m2
    below = s.floor_c - s.air_c
    floor = 1.7 * below**0.33 if below > 0.0 else 1.3 * (-below) ** 0.25
    pipe = 1.99 * pi * p.pipe_outer_m * p.pipe_m_m2 * abs(s.pipe_c - s.air_c) ** 0.32
    n.join(a, n.CANOPY, n.AIR, 2.0 * p.leaf_air_w_m2_k * leaf_area(s, p))
    n.join(a, n.AIR, n.FLOOR, floor)
    n.join(a, n.AIR, n.THERMAL, cloth_w_k(u.thermal_screen, s.air_c, s.thermal_c))
    n.join(a, n.THERMAL, n.TOP, cloth_w_k(u.thermal_screen, s.thermal_c, s.top_c))
    n.join(a, n.AIR, n.BLACKOUT, cloth_w_k(u.blackout, s.air_c, s.blackout_c))
    n.join(a, n.BLACKOUT, n.TOP, cloth_w_k(u.blackout, s.blackout_c, s.top_c))
    n.join(a, n.TOP, n.COVER_IN, inside_w_k(s, p))
    n.join(a, n.COVER_IN, n.COVER_OUT, p.roof_w_m_k / p.roof_m)
    n.join(a, n.AIR, n.TOP, air * f.air_top)
    n.join(a, n.PIPE, n.AIR, pipe)
    n.join(a, n.LAMP, n.AIR, p.lamp_air_w_m2_k)
    n.border(a, n.VENT, n.AIR, air * (f.air_out + f.pad), w.temperature_c)
    n.border(a, n.VENT, n.TOP, air * f.top_out, w.temperature_c)
    outside = cover * (p.cover_outside_w_m2_k + p.cover_outside_j_m3_k * w.wind_m_s)
    n.border(a, n.WIND, n.COVER_OUT, outside, w.temperature_c)


def damp(s: State, u: Controls, w: Outdoor, p: Parameters, leaf: float) -> Damp:
    """Return how readily vapour condenses (8.43, 8.44) and what fog and pad evaporate.

    `leaf` is how readily leaves give it off, kg a second, m² and Pa.
    """
    missing = magnus_pa(s.air_c) - s.air_pa
    room = min(max(missing / PLAY_PA, 0.0), 1.0)
    pad = 0.0
    if u.pad > 0.0 and p.pad_m3_s > 0.0:
        pressure = pressure_pa(p.altitude_m)
        outside = humidity_ratio(w.vapour_pa, pressure)
        wet = wet_bulb_c(w.temperature_c, outside, pressure)
        cooled = humidity_ratio(saturation_pa(wet), pressure) - outside
        flow = u.pad * p.pad_m3_s / p.floor_m2
        pad = 1.2 * pressure / SEA_LEVEL_PA * flow * p.pad_efficiency * max(cooled, 0.0)
    thermal = cloth_w_k(u.thermal_screen, s.air_c, s.thermal_c)
    blackout = cloth_w_k(u.blackout, s.air_c, s.blackout_c)
    return Damp(
        leaf=leaf,
        thermal=_dew(thermal, s.air_pa - magnus_pa(s.thermal_c)),
        blackout=_dew(blackout, s.air_pa - magnus_pa(s.blackout_c)),
        cover=_dew(inside_w_k(s, p), s.top_pa - magnus_pa(s.cover_in_c)),
        fog=u.fog * p.fog_kg_m2_s * room,
        pad=pad,
    )


def moisten(a: n.Buffer, s: State, w: Outdoor, f: Flows, d: Damp) -> None:
    """Let vapour leave leaves, condense and go about with the air (8.42 to 8.47, 8.58 to 8.64).

    What pad and fog evaporate takes its heat from the air; the pad's own air comes in with the
    vapour of the weather, by 8.45 like all air, so that no water is made (8.58 and 8.62 differ).
    """
    _wet(a, n.CANOPY, n.WET, s.canopy_c, d.leaf)
    _wet(a, n.THERMAL, n.WET, s.thermal_c, d.thermal)
    _wet(a, n.BLACKOUT, n.WET, s.blackout_c, d.blackout)
    _wet(a, n.COVER_IN, n.WET_TOP, s.cover_in_c, d.cover)
    n.feed(a, n.WET, d.fog + d.pad)
    n.feed(a, n.AIR, -EVAPORATION_J_KG * (d.fog + d.pad))
    share = WATER_KG_KMOL / GAS_J_KMOL_K
    air, top = s.air_c + ZERO_C_K, s.top_c + ZERO_C_K
    n.couple(a, n.WET, n.WET, share * f.air_top / air)
    n.couple(a, n.WET, n.WET_TOP, -share * f.air_top / top)
    n.couple(a, n.WET_TOP, n.WET_TOP, share * f.air_top / top)
    n.couple(a, n.WET_TOP, n.WET, -share * f.air_top / air)
    per_k = w.vapour_pa / (w.temperature_c + ZERO_C_K)
    n.border(a, n.DAMP, n.WET, share * (f.air_out + f.pad) / air, per_k * air)
    n.border(a, n.DAMP, n.WET_TOP, share * f.top_out / top, per_k * top)


def evaporated_kg(surface_before: float, surface: float, vapour: float, conducts: float) -> float:
    """Return kg a second and m² that went from a surface into the air, as the network had it.

    `surface_before` and `surface` are °C at the step's ends, between which it goes on a tangent;
    `vapour` is that of the air in Pa, `conducts` in kg a second, m² and Pa.
    """
    pressure = magnus_pa(surface_before)
    pressure += magnus_slope_pa_k(surface_before) * (surface - surface_before)
    return conducts * (pressure - vapour)


def cloth_w_k(share: float, one_c: float, other_c: float) -> float:
    """Return how a screen that is drawn this far exchanges heat with air (table 8.4)."""
    return float(1.7 * share * abs(one_c - other_c) ** 0.33) if share > 0.0 else 0.0


def inside_w_k(s: State, p: Parameters) -> float:
    """Return how the cover exchanges heat with the air below it (table 8.4)."""
    return float(p.cover_inside_w * abs(s.top_c - s.cover_in_c) ** 0.33 * p.cover_m2 / p.floor_m2)


def leaf_area(s: State, p: Parameters) -> float:
    """Return m² of leaves a m² of floor (9.5)."""
    return p.leaf_area_m2_mg * s.leaf_mg_m2


def air_j_m3_k(p: Parameters) -> float:
    """Return what a m³ of air holds a K (8.24, with the pressure at that height)."""
    return AIR_J_M3_K * pressure_pa(p.altitude_m) / SEA_LEVEL_PA


def pipe_j_m2_k(p: Parameters) -> float:
    """Return what steel and water of the pipes hold (8.22)."""
    inner = p.pipe_inner_m * p.pipe_inner_m
    steel = (p.pipe_outer_m * p.pipe_outer_m - inner) * 7850.0 * 640.0
    return 0.25 * pi * p.pipe_m_m2 * (steel + inner * 1000.0 * 4180.0)


def _dew(w_k: float, over_pa: float) -> float:
    return CONDENSED_KG_J * w_k / (1.0 + exp(min(-0.1 * over_pa, 500.0)))


def _wet(a: n.Buffer, surface: int, wet: int, surface_c: float, conducts: float) -> None:
    slope = magnus_slope_pa_k(surface_c)
    known = conducts * (magnus_pa(surface_c) - slope * surface_c)
    n.couple(a, wet, wet, conducts)
    n.couple(a, wet, surface, -conducts * slope)
    n.feed(a, wet, known)
    n.couple(a, surface, surface, EVAPORATION_J_KG * conducts * slope)
    n.couple(a, surface, wet, -EVAPORATION_J_KG * conducts)
    n.feed(a, surface, -EVAPORATION_J_KG * known)
