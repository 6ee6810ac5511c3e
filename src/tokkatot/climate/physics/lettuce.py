"""Van Henten's lettuce in a greenhouse: dry weight, carbon dioxide, warmth and vapour.

Source: E. J. van Henten, Sensitivity Analysis of an Optimal Control Problem in Greenhouse Climate
Management, Biosystems Engineering 85 (2003) 355-364, section 2; equation numbers are its own. The
crop is that of van Henten, Validation of a dynamic lettuce growth model for greenhouse climate
control, Agricultural Systems 45 (1994) 55-72. All fluxes are a m² of floor.
"""

from dataclasses import dataclass
from math import exp
from typing import NamedTuple

from tokkatot.climate.physics.air import (
    SEA_LEVEL_PA,
    ZERO_C_K,
    co2_ppm,
    magnus_pa,
    vapour_g_m3,
    vapour_of_g_m3_pa,
)
from tokkatot.climate.physics.outdoor import Outdoor

STEPS_PER_S = 1 / 450
"""The benchmark takes four steps in its half hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """The constants of table 1, under the names of what they do."""

    leak_m_s: float = 0.75e-5
    """The paper prints ten times as much; the benchmark, and so the literature on it, this."""
    co2_capacity_m: float = 4.1
    vapour_capacity_m: float = 4.1
    heat_capacity_j_m2_k: float = 3e4
    vented_heat_j_m3_k: float = 1290.0
    cover_w_m2_k: float = 6.1
    sun_heat_share: float = 0.2
    yield_share: float = 0.544
    respired_per_s: float = 2.65e-7
    respired_co2_per_s: float = 4.87e-7
    leaf_area_m2_kg: float = 53.0
    light_use_kg_j: float = 3.55e-9
    co2_uptake_curvature: float = 5.11e-6
    co2_uptake_slope: float = 2.3e-4
    co2_uptake_offset: float = 6.29e-4
    """Uptake in m/s is a parabola of the temperature in °C."""
    compensation_kg_m3: float = 5.2e-5
    transpiration_m_s: float = 3.6e-3
    saturation_j_m3: float = 9348.0
    saturation_factor: float = 17.4
    saturation_offset_c: float = 239.0
    gas_j_kmol_k: float = 8314.0


@dataclass(slots=True, kw_only=True)
class State:
    """What `advance` carries on, in place: it is called millions of times a training."""

    dry_weight_kg_m2: float = 0.0035
    co2_kg_m3: float = 1e-3
    air_c: float = 15.0
    vapour_kg_m3: float = 0.008


class Controls(NamedTuple):
    """What the actuators give; limits are those of the boiler, the windows and the CO2 line."""

    co2_kg_m2_s: float = 0.0
    ventilation_m_s: float = 0.0
    heating_w_m2: float = 0.0


class Shown(NamedTuple):
    """The climate as a grower reads it."""

    air_c: float
    humidity_pct: float
    co2_ppm: float


Four = tuple[float, float, float, float]
"""The fields of `State` in their order, or how fast each changes a second."""


def rates(four: Four, controls: Controls, outdoor: Outdoor, parameters: Parameters) -> Four:
    """Return how fast the states change (equations 2 to 11)."""
    p = parameters
    dry_weight, co2, air_c, vapour = four
    closed = 1.0 - exp(-p.leaf_area_m2_kg * dry_weight)
    assimilated = closed * assimilation(co2, air_c, outdoor.radiation_w_m2, p)
    respiration = dry_weight * 2.0 ** (0.1 * air_c - 2.5)
    saturated = (
        p.saturation_j_m3
        / (p.gas_j_kmol_k * (air_c + ZERO_C_K))
        * exp(p.saturation_factor * air_c / (air_c + p.saturation_offset_c))
    )
    outdoor_vapour = 1e-3 * vapour_g_m3(outdoor.temperature_c, outdoor.vapour_pa)
    exchange = controls.ventilation_m_s + p.leak_m_s
    lost = p.vented_heat_j_m3_k * controls.ventilation_m_s + p.cover_w_m2_k
    return (
        p.yield_share * assimilated - p.respired_per_s * respiration,
        (
            p.respired_co2_per_s * respiration
            - assimilated
            + controls.co2_kg_m2_s
            - exchange * (co2 - 1e-6 * outdoor.co2_mg_m3)
        )
        / p.co2_capacity_m,
        (
            controls.heating_w_m2
            - lost * (air_c - outdoor.temperature_c)
            + p.sun_heat_share * outdoor.radiation_w_m2
        )
        / p.heat_capacity_j_m2_k,
        (closed * p.transpiration_m_s * (saturated - vapour) - exchange * (vapour - outdoor_vapour))
        / p.vapour_capacity_m,
    )


def assimilation(co2: float, air_c: float, radiation: float, parameters: Parameters) -> float:
    """Return kg of CO2 that a closed canopy takes up a second and m² (equation 6).

    `co2` is in kg a m³ of air, `radiation` in W a m².
    """
    p = parameters
    uptake = (
        -p.co2_uptake_curvature * air_c * air_c + p.co2_uptake_slope * air_c - p.co2_uptake_offset
    )
    reached = uptake * (co2 - p.compensation_kg_m3)
    lit = p.light_use_kg_j * radiation
    return lit * reached / (lit + reached) if lit > 0.0 else 0.0


def advance(
    state: State, controls: Controls, outdoor: Outdoor, parameters: Parameters, duration_s: float
) -> None:
    """Carry the state on by Runge-Kutta's fourth-order rule, within the benchmark's limits."""
    steps = max(round(duration_s * STEPS_PER_S), 1)
    dt = duration_s / steps
    x = (state.dry_weight_kg_m2, state.co2_kg_m3, state.air_c, state.vapour_kg_m3)
    for _ in range(steps):
        a = rates(x, controls, outdoor, parameters)
        b = rates(_along(x, a, dt / 2), controls, outdoor, parameters)
        c = rates(_along(x, b, dt / 2), controls, outdoor, parameters)
        d = rates(_along(x, c, dt), controls, outdoor, parameters)
        mean = _along(_along(_along(a, b, 2.0), c, 2.0), d, 1.0)
        x = _along(x, mean, dt / 6)
    state.dry_weight_kg_m2 = min(max(x[0], 0.002), 0.6)
    state.co2_kg_m3 = min(max(x[1], 0.0), 0.004)
    state.air_c = min(max(x[2], 5.0), 40.0)
    state.vapour_kg_m3 = min(max(x[3], 0.0), 0.051)


def _along(start: Four, rate: Four, length: float) -> Four:
    return (
        start[0] + length * rate[0],
        start[1] + length * rate[1],
        start[2] + length * rate[2],
        start[3] + length * rate[3],
    )


def shown(state: State) -> Shown:
    """Return what the instruments show, of which a hygrometer never shows more than 100 %."""
    pressure = vapour_of_g_m3_pa(state.air_c, 1e3 * state.vapour_kg_m3)
    return Shown(
        air_c=state.air_c,
        humidity_pct=min(100.0 * pressure / magnus_pa(state.air_c), 100.0),
        co2_ppm=co2_ppm(1e6 * state.co2_kg_m3, state.air_c, SEA_LEVEL_PA),
    )
