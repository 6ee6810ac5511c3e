"""All exchanges of heat and vapour in the house, written into its network.

Source: Vanthoor (2011), table 8.4 and equations 8.38 to 8.48, 8.56 to 8.64; Katzin (2021), section
7.4.6.
"""

from math import cos, exp, pi, radians, sqrt
from typing import NamedTuple

from tokkatot.climate.physics.air import (
    SEA_LEVEL_PA,
    ZERO_C_K,
    humidity_ratio,
    magnus_growth_k,
    magnus_pa,
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


class Fabric(NamedTuple):
    """What the house itself can hold and carry, whatever happens in it."""

    air_j_m3_k: float
    cover_j_m2_k: float
    """Of each face of the cover."""
    floor_j_m2_k: float
    pipe_j_m2_k: float
    pipe_air_w: float
    """Convection at the pipes, W m⁻² K⁻¹·³²."""
    cover_air_w: float
    """And below the cover, W m⁻² K⁻¹·³³."""


class Films(NamedTuple):
    """Conductances from surfaces to air, W a m² of floor and K (table 8.4)."""

    floor_air: float
    pipe_air: float
    air_thermal: float
    thermal_top: float
    air_blackout: float
    blackout_top: float
    top_cover: float


class Face(NamedTuple):
    """How a surface exchanges vapour with air, along the tangent of its saturation pressure."""

    conducts: float
    """kg a second, m² and Pa."""
    slope: float
    """Pa a K."""
    at_zero: float
    """Where the tangent stands at 0 °C, Pa."""


class Damp(NamedTuple):
    """Where vapour comes from and goes to; what fog and pad evaporate, kg a second and m²."""

    leaf: Face
    thermal: Face
    blackout: Face
    cover: Face
    fog: float
    pad: float


def fabric(p: Parameters) -> Fabric:
    """Return what a house is made of (8.19 to 8.25, table 8.4)."""
    glass = p.roof_m * p.roof_kg_m3 * p.roof_j_kg_k
    return Fabric(
        air_j_m3_k=AIR_J_M3_K * pressure_pa(p.altitude_m) / SEA_LEVEL_PA,
        cover_j_m2_k=COVER_SHARE * cos(radians(p.roof_slope_deg)) * glass,
        floor_j_m2_k=p.floor_m * p.floor_kg_m3 * p.floor_j_kg_k,
        pipe_j_m2_k=pipe_j_m2_k(p),
        pipe_air_w=1.99 * pi * p.pipe_outer_m * p.pipe_m_m2,
        cover_air_w=p.cover_inside_w * p.cover_m2 / p.floor_m2,
    )


def remember(a: n.Buffer, s: State, p: Parameters, h: Fabric, dt: float) -> None:
    """Let every node remember where it was (8.18 to 8.25)."""
    air = h.air_j_m3_k / dt
    water = WATER_KG_KMOL / GAS_J_KMOL_K / dt
    n.store(a, n.AIR, air * p.air_m, s.air_c)
    n.store(a, n.TOP, air * p.top_m, s.top_c)
    n.store(a, n.CANOPY, p.canopy_j_m2_k * leaf_area(s, p) / dt, s.canopy_c)
    n.store(a, n.COVER_IN, h.cover_j_m2_k / dt, s.cover_in_c)
    n.store(a, n.COVER_OUT, h.cover_j_m2_k / dt, s.cover_out_c)
    n.store(a, n.THERMAL, p.screen_j_m2_k / dt, s.thermal_c)
    n.store(a, n.BLACKOUT, p.screen_j_m2_k / dt, s.blackout_c)
    n.store(a, n.FLOOR, h.floor_j_m2_k / dt, s.floor_c)
    n.store(a, n.PIPE, h.pipe_j_m2_k / dt, s.pipe_c)
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


def films(s: State, u: Controls, h: Fabric) -> Films:
    """Return how readily surfaces give heat to air."""
    below = s.floor_c - s.air_c
    return Films(
        floor_air=1.7 * below**0.33 if below > 0.0 else 1.3 * sqrt(sqrt(-below)),
        pipe_air=h.pipe_air_w * abs(s.pipe_c - s.air_c) ** 0.32,
        air_thermal=_cloth_w_k(u.thermal_screen, s.air_c, s.thermal_c),
        thermal_top=_cloth_w_k(u.thermal_screen, s.thermal_c, s.top_c),
        air_blackout=_cloth_w_k(u.blackout, s.air_c, s.blackout_c),
        blackout_top=_cloth_w_k(u.blackout, s.blackout_c, s.top_c),
        top_cover=h.cover_air_w * abs(s.top_c - s.cover_in_c) ** 0.33,
    )


def convect(
    a: n.Buffer, s: State, w: Outdoor, p: Parameters, h: Fabric, by: Films, f: Flows
) -> None:
    """Let air take heat from surfaces and carry it about (table 8.4)."""
    cover = p.cover_m2 / p.floor_m2
    n.join(a, n.CANOPY, n.AIR, 2.0 * p.leaf_air_w_m2_k * leaf_area(s, p))
    n.join(a, n.AIR, n.FLOOR, by.floor_air)
    n.join(a, n.AIR, n.THERMAL, by.air_thermal)
    n.join(a, n.THERMAL, n.TOP, by.thermal_top)
    n.join(a, n.AIR, n.BLACKOUT, by.air_blackout)
    n.join(a, n.BLACKOUT, n.TOP, by.blackout_top)
    n.join(a, n.TOP, n.COVER_IN, by.top_cover)
    n.join(a, n.COVER_IN, n.COVER_OUT, p.roof_w_m_k / p.roof_m)
    n.join(a, n.AIR, n.TOP, h.air_j_m3_k * f.air_top)
    n.join(a, n.PIPE, n.AIR, by.pipe_air)
    n.join(a, n.LAMP, n.AIR, p.lamp_air_w_m2_k)
    n.border(a, n.VENT, n.AIR, h.air_j_m3_k * (f.air_out + f.pad), w.temperature_c)
    n.border(a, n.VENT, n.TOP, h.air_j_m3_k * f.top_out, w.temperature_c)
    outside = cover * (p.cover_outside_w_m2_k + p.cover_outside_j_m3_k * w.wind_m_s)
    n.border(a, n.WIND, n.COVER_OUT, outside, w.temperature_c)


def pad_kg(u: Controls, w: Outdoor, p: Parameters) -> float:
    """Return kg of water a second and m² that a pad evaporates (8.58)."""
    if u.pad <= 0.0 or p.pad_m3_s <= 0.0:
        return 0.0
    pressure = pressure_pa(p.altitude_m)
    outside = humidity_ratio(w.vapour_pa, pressure)
    wet = wet_bulb_c(w.temperature_c, outside, pressure)
    cooled = humidity_ratio(saturation_pa(wet), pressure) - outside
    flow = u.pad * p.pad_m3_s / p.floor_m2
    return 1.2 * pressure / SEA_LEVEL_PA * flow * p.pad_efficiency * max(cooled, 0.0)


def fog_kg(s: State, u: Controls, p: Parameters) -> float:
    """Return kg of water a second and m² that fog evaporates (8.64)."""
    if u.fog <= 0.0:
        return 0.0
    missing = magnus_pa(s.air_c) - s.air_pa
    return u.fog * p.fog_kg_m2_s * min(max(missing / PLAY_PA, 0.0), 1.0)


def leaf_face(s: State, conducts: float) -> Face:
    """Return leaves as a surface that gives off vapour.

    `conducts` is how readily they do, kg a second, m² and Pa.
    """
    return _tangent(magnus_pa(s.canopy_c), s.canopy_c, conducts)


def dewy(surface_c: float, vapour: float, w_k: float) -> Face:
    """Return a surface on which vapour of so many Pa condenses, if it is cold (8.43, 8.44).

    `w_k` is how it exchanges heat with that air, W a m² and K.
    """
    if w_k <= 0.0:
        return Face(0.0, 0.0, 0.0)
    saturated = magnus_pa(surface_c)
    conducts = CONDENSED_KG_J * w_k / (1.0 + exp(min(-0.1 * (vapour - saturated), 500.0)))
    return _tangent(saturated, surface_c, conducts)


def moisten(a: n.Buffer, s: State, w: Outdoor, f: Flows, d: Damp) -> None:
    """Let vapour leave leaves, condense and go about with the air (8.42 to 8.47, 8.58 to 8.64).

    What pad and fog evaporate takes its heat from the air; the pad's own air comes in with the
    vapour of the weather, by 8.45 like all air, so that no water is made (8.58 and 8.62 differ).
    """
    _wet(a, n.CANOPY, n.WET, d.leaf)
    _wet(a, n.THERMAL, n.WET, d.thermal)
    _wet(a, n.BLACKOUT, n.WET, d.blackout)
    _wet(a, n.COVER_IN, n.WET_TOP, d.cover)
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


def evaporated_kg(face: Face, surface_c: float, vapour: float) -> float:
    """Return kg a second and m² that went from a surface into the air, as the network had it.

    `surface_c` and `vapour` (Pa) are those of the step's end.
    """
    return face.conducts * (face.at_zero + face.slope * surface_c - vapour)


def leaf_area(s: State, p: Parameters) -> float:
    """Return m² of leaves a m² of floor (9.5)."""
    return p.leaf_area_m2_mg * s.leaf_mg_m2


def pipe_j_m2_k(p: Parameters) -> float:
    """Return what steel and water of the pipes hold (8.22)."""
    inner = p.pipe_inner_m * p.pipe_inner_m
    steel = (p.pipe_outer_m * p.pipe_outer_m - inner) * 7850.0 * 640.0
    return 0.25 * pi * p.pipe_m_m2 * (steel + inner * 1000.0 * 4180.0)


def _cloth_w_k(share: float, one_c: float, other_c: float) -> float:
    """Return how a screen that is drawn this far exchanges heat with air (table 8.4)."""
    return float(1.7 * share * abs(one_c - other_c) ** 0.33) if share > 0.0 else 0.0


def _tangent(saturated: float, surface_c: float, conducts: float) -> Face:
    slope = saturated * magnus_growth_k(surface_c)
    return Face(conducts, slope, saturated - slope * surface_c)


def _wet(a: n.Buffer, surface: int, wet: int, face: Face) -> None:
    fed, each = face.conducts * face.at_zero, face.conducts * face.slope
    n.couple(a, wet, wet, face.conducts)
    n.couple(a, wet, surface, -each)
    n.feed(a, wet, fed)
    n.couple(a, surface, surface, EVAPORATION_J_KG * each)
    n.couple(a, surface, wet, -EVAPORATION_J_KG * face.conducts)
    n.feed(a, surface, -EVAPORATION_J_KG * fed)
