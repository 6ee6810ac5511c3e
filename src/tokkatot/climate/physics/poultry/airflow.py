"""How much air goes through a poultry house, how fast it passes the birds and how it comes in.

Source: ASHRAE Handbook Fundamentals (2017), chapter 16, equations 37 and 38, for openings in the
wind and the warmth; fans on a straight line from free air to their stall against the inlets'
resistance.
"""

from math import sqrt
from typing import NamedTuple

from tokkatot.climate.physics.air import (
    SEA_LEVEL_PA,
    ZERO_C_K,
    humidity_ratio,
    vapour_g_m3,
    vapour_of_ratio_pa,
    wet_bulb_c,
)
from tokkatot.climate.physics.outdoor import Outdoor
from tokkatot.climate.physics.poultry.model import Controls, Parameters, State

AIR_KG_M3 = 1.2
GRAVITY_M_S2 = 9.81
STILL_M_S = 0.1


class Air(NamedTuple):
    """What comes in, and how."""

    flow_m3_s: float
    speed_m_s: float
    supply_c: float
    supply_kg_m3: float
    pad_kg_m3: float
    """Water that the pad gave each m³ that came in."""


def incoming(s: State, u: Controls, w: Outdoor, p: Parameters) -> Air:
    """Return the air of this moment."""
    tunnel = fan_flow(u, p)
    natural = natural_flow(s, u, w, p)
    # Independent pressures add, so that flows add as squares.
    flow = sqrt(tunnel * tunnel + natural * natural)
    passing = tunnel / p.section_m2
    if p.curtain_m2 > 0.0:
        passing = sqrt(passing * passing + (2.0 * natural / p.curtain_m2) ** 2)
    supply_c, supply = w.temperature_c, 1e-3 * vapour_g_m3(w.temperature_c, w.vapour_pa)
    wetted = 0.0
    if u.pad > 0.0 and flow > 0.0:
        # Only what the fans draw passes the pad.
        through = u.pad * p.pad_efficiency * tunnel / flow
        ratio = humidity_ratio(w.vapour_pa, SEA_LEVEL_PA)
        wet_c = wet_bulb_c(w.temperature_c, ratio, SEA_LEVEL_PA)
        supply_c -= through * (w.temperature_c - wet_c)
        # Along the wet bulb's line the air keeps its heat: 1006 J/kg K against 2.45 MJ/kg.
        gained = 1006.0 * (w.temperature_c - supply_c) / 2.45e6
        pressure = vapour_of_ratio_pa(ratio + gained, SEA_LEVEL_PA)
        cooled = 1e-3 * vapour_g_m3(supply_c, pressure)
        wetted, supply = cooled - supply, cooled
    speed = max(passing, u.stir * p.stir_m_s, STILL_M_S)
    return Air(flow, speed, supply_c, supply, wetted)


def fan_flow(u: Controls, p: Parameters) -> float:
    """Return the m³ a second that the fans move through leaks and inlets."""
    free = u.fans * p.fan_m3_s
    if free <= 0.0:
        return 0.0
    opening = p.discharge * (p.leak_m2 + u.inlets * p.inlet_m2 + u.curtains * p.curtain_m2)
    # Pressure goes with the square of the flow: flow = free (1 - pressure / stall).
    narrow = 0.5 * AIR_KG_M3 * free / (opening * opening * p.fan_stall_pa)
    return (sqrt(1.0 + 4.0 * narrow * free) - 1.0) / (2.0 * narrow)


def pressure_pa(u: Controls, p: Parameters) -> float:
    """Return what a gauge between inside and outside shows, below zero as far as fans draw."""
    opening = p.discharge * (p.leak_m2 + u.inlets * p.inlet_m2 + u.curtains * p.curtain_m2)
    return -0.5 * AIR_KG_M3 * (fan_flow(u, p) / opening) ** 2


def natural_flow(s: State, u: Controls, w: Outdoor, p: Parameters) -> float:
    """Return m³ a second by wind and warmth: in by a half of all openings, out by the other."""
    half = 0.5 * (p.leak_m2 + u.curtains * p.curtain_m2)
    wind = p.wind_share * half * w.wind_m_s
    lift = GRAVITY_M_S2 * 0.5 * p.curtain_m * abs(s.air_c - w.temperature_c)
    warmth = p.discharge * half * sqrt(2.0 * lift / (s.air_c + ZERO_C_K))
    return sqrt(wind * wind + warmth * warmth)
