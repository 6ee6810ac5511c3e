"""Moist air in a room: saturation, and the exact answer of a well-mixed volume."""

import math

AIR_HEAT_J_M3K = 1200.0
"""Volumetric heat capacity of air near 25 °C (density 1.19 kg/m³, 1006 J/kg K)."""

EVAPORATION_J_G = 2430.0
"""Latent heat of water near 30 °C (FAO Irrigation and Drainage Paper 56, annex 3)."""

OUTDOOR_CO2_PPM = 420.0


def saturation_pa(temperature_c: float) -> float:
    """Return the saturation vapour pressure over water (FAO 56, equation 11)."""
    bounded_c = min(max(temperature_c, -40.0), 85.0)
    return 610.8 * math.exp(17.27 * bounded_c / (bounded_c + 237.3))


def saturation_g_m3(temperature_c: float) -> float:
    """Return how much vapour a cubic metre of air holds at most (ideal gas, 0.4615 J/g K)."""
    return saturation_pa(temperature_c) / (0.4615 * (temperature_c + 273.15))


def relative_humidity(vapour_g_m3: float, temperature_c: float) -> float:
    """Return the relative humidity in %, at most 100."""
    return min(100.0 * vapour_g_m3 / saturation_g_m3(temperature_c), 100.0)


def vpd_kpa(vapour_g_m3: float, temperature_c: float) -> float:
    """Return the vapour pressure deficit of the air."""
    dryness = 1.0 - relative_humidity(vapour_g_m3, temperature_c) / 100.0
    return saturation_pa(temperature_c) * dryness / 1000.0


def settle(value: float, *, toward: float, rate_per_s: float, dt_s: float) -> float:
    """Return where `value` is after `dt_s` on its exponential way `toward` its balance.

    This is the exact solution of a first-order balance, so a long step can't overshoot as an
    explicit one does.
    """
    return toward + (value - toward) * math.exp(-rate_per_s * dt_s)


def mix(
    value: float,
    *,
    outside: float,
    source_per_s: float,
    flow_m3_s: float,
    volume_m3: float,
    dt_s: float,
) -> float:
    """Return a concentration after `dt_s` of exchange with `outside` and a source per m³ of flow.

    `source_per_s` is the amount set free each second, in the concentration's unit times m³.
    """
    assert flow_m3_s > 0, "no house is airtight"
    balance = outside + source_per_s / flow_m3_s
    return settle(value, toward=balance, rate_per_s=flow_m3_s / volume_m3, dt_s=dt_s)
