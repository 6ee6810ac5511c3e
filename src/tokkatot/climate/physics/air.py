"""Moist air by the equations of the ASHRAE Handbook: humidity, heat, and what a leaf feels of it.

Source: ASHRAE Handbook Fundamentals (2017), chapter 1; its equation numbers stand at the functions.
Pressures are in Pa, temperatures in °C, humidity ratios in kg of vapour a kg of dry air, relative
humidities in %. Right from -100 to 200 °C; a caller refuses what lies outside.
"""

from math import exp, log

ZERO_C_K = 273.15
SEA_LEVEL_PA = 101_325.0

MOLAR_GAS_J_MOL_K = 8.3144598
CO2_KG_MOL = 0.04401
WATER_KG_MOL = 0.01801528
"""Gas constant (CODATA 2014) and molar masses to the digits that the published models take."""

DRY_AIR_J_KG_K = 287.042
"""Gas constant of dry air (equation 1)."""

VAPOUR_RATIO = 0.621945
"""Molar mass of water over that of dry air (below equation 19)."""

TRIPLE_POINT_C = 0.01

_DRIEST = 1e-7
_NEWTON_STEPS = 60
_HALVINGS = 30
_STEADY_C = 60.0
"""Water boils above it wherever people live."""


def pressure_pa(altitude_m: float) -> float:
    """Return the pressure of the standard atmosphere (equation 3)."""
    return float(SEA_LEVEL_PA * (1.0 - 2.25577e-5 * altitude_m) ** 5.2559)


def saturation_pa(temperature_c: float) -> float:
    """Return the saturation vapour pressure over ice or water (equations 5 and 6)."""
    kelvin = temperature_c + ZERO_C_K
    if temperature_c <= TRIPLE_POINT_C:
        return exp(
            -5.6745359e3 / kelvin
            + 6.3925247
            - 9.677843e-3 * kelvin
            + 6.2215701e-7 * kelvin**2
            + 2.0747825e-9 * kelvin**3
            - 9.484024e-13 * kelvin**4
            + 4.1635019 * log(kelvin)
        )
    return exp(
        -5.8002206e3 / kelvin
        + 1.3914993
        - 4.8640239e-2 * kelvin
        + 4.1764768e-5 * kelvin**2
        - 1.4452093e-8 * kelvin**3
        + 6.5459673 * log(kelvin)
    )


def saturation_slope_pa_k(temperature_c: float) -> float:
    """Return how fast the saturation vapour pressure rises (equations 5 and 6, derived)."""
    return saturation_pa(temperature_c) * saturation_growth_k(temperature_c)


def saturation_growth_k(temperature_c: float) -> float:
    """Return by which part of itself the saturation vapour pressure rises a K."""
    kelvin = temperature_c + ZERO_C_K
    if temperature_c <= TRIPLE_POINT_C:
        return (
            5.6745359e3 / kelvin**2
            - 9.677843e-3
            + 2 * 6.2215701e-7 * kelvin
            + 3 * 2.0747825e-9 * kelvin**2
            - 4 * 9.484024e-13 * kelvin**3
            + 4.1635019 / kelvin
        )
    return (
        5.8002206e3 / kelvin**2
        - 4.8640239e-2
        + 2 * 4.1764768e-5 * kelvin
        - 3 * 1.4452093e-8 * kelvin**2
        + 6.5459673 / kelvin
    )


_FREEZING_PA = saturation_pa(0.0)


def magnus_pa(temperature_c: float) -> float:
    """Return the saturation vapour pressure over water as the published greenhouse models have it.

    Magnus' form with the constants of GreenLight and of the lettuce benchmark: up to 0.6 % below
    ASHRAE's from 0 to 40 °C. What they told in humidities must be read by the same curve.
    """
    return 610.78 * exp(17.2694 * temperature_c / (temperature_c + 238.3))


def magnus_growth_k(temperature_c: float) -> float:
    """Return by which part of itself that pressure rises a K."""
    width = temperature_c + 238.3
    return 17.2694 * 238.3 / (width * width)


def vapour_pa(temperature_c: float, humidity_pct: float) -> float:
    """Return the vapour pressure at a relative humidity (equation 22)."""
    return saturation_pa(temperature_c) * humidity_pct / 100.0


def relative_humidity_pct(temperature_c: float, vapour: float) -> float:
    """Return the relative humidity at a vapour pressure in Pa, over 100 where it must condense."""
    return 100.0 * vapour / saturation_pa(temperature_c)


def humidity_ratio(vapour: float, pressure: float) -> float:
    """Return kg of vapour a kg of dry air (equation 20)."""
    return VAPOUR_RATIO * vapour / (pressure - vapour)


def vapour_of_ratio_pa(ratio: float, pressure: float) -> float:
    """Return the vapour pressure of a humidity ratio (equation 20, turned round)."""
    return pressure * ratio / (VAPOUR_RATIO + ratio)


def vapour_g_m3(temperature_c: float, vapour: float) -> float:
    """Return the absolute humidity (ideal gas)."""
    kelvin = temperature_c + ZERO_C_K
    return 1000.0 * vapour * WATER_KG_MOL / (MOLAR_GAS_J_MOL_K * kelvin)


def vapour_of_g_m3_pa(temperature_c: float, absolute_g_m3: float) -> float:
    """Return the vapour pressure of an absolute humidity (ideal gas, turned round)."""
    kelvin = temperature_c + ZERO_C_K
    return absolute_g_m3 * MOLAR_GAS_J_MOL_K * kelvin / (1000.0 * WATER_KG_MOL)


def volume_m3_kg(temperature_c: float, ratio: float, pressure: float) -> float:
    """Return m³ of moist air a kg of dry air in it (equation 26)."""
    kelvin = temperature_c + ZERO_C_K
    return DRY_AIR_J_KG_K * kelvin * (1.0 + ratio / VAPOUR_RATIO) / pressure


def density_kg_m3(temperature_c: float, ratio: float, pressure: float) -> float:
    """Return kg of moist air a m³ (equation 11)."""
    return (1.0 + ratio) / volume_m3_kg(temperature_c, ratio, pressure)


def enthalpy_j_kg(temperature_c: float, ratio: float) -> float:
    """Return the heat in moist air a kg of dry air, from 0 °C and liquid water (equation 30)."""
    return 1000.0 * (1.006 * temperature_c + ratio * (2501.0 + 1.86 * temperature_c))


def dew_point_c(vapour: float) -> float:
    """Return where air of this vapour pressure in Pa begins to drip, by Newton on its logarithm."""
    if vapour <= 0.0:
        raise ValueError("air without vapour has no dew point")
    # Magnus' formula is within 1 K of it.
    share = log(vapour / 610.78)
    dew = min(max(238.3 * share / (17.2694 - share), -99.0), 199.0)
    for _ in range(_NEWTON_STEPS):
        saturated = saturation_pa(dew)
        slope = saturated * saturation_growth_k(dew)
        step = log(saturated / vapour) * saturated / slope
        dew -= step
        if abs(step) < 1e-9:
            break
    return dew


def ratio_at_wet_bulb(temperature_c: float, wet_bulb: float, pressure: float) -> float:
    """Return the humidity ratio, told by a wet thermometer at `wet_bulb` °C (33 and 35)."""
    saturated = humidity_ratio(saturation_pa(wet_bulb), pressure)
    if wet_bulb >= 0.0:
        ratio = ((2501.0 - 2.326 * wet_bulb) * saturated - 1.006 * (temperature_c - wet_bulb)) / (
            2501.0 + 1.86 * temperature_c - 4.186 * wet_bulb
        )
    else:
        ratio = ((2830.0 - 0.24 * wet_bulb) * saturated - 1.006 * (temperature_c - wet_bulb)) / (
            2830.0 + 1.86 * temperature_c - 2.1 * wet_bulb
        )
    return max(ratio, _DRIEST)


def wet_bulb_c(temperature_c: float, ratio: float, pressure: float) -> float:
    """Return what a wet thermometer shows, which is how far a pad or a fogger can cool."""
    bounded = max(ratio, _DRIEST)
    # Air that is moister than what a bulb with ice at 0 °C tells of leaves no bulb so cold.
    frozen = humidity_ratio(_FREEZING_PA, pressure)
    iced = (2830.0 * frozen - 1.006 * temperature_c) / (2830.0 + 1.86 * temperature_c)
    if TRIPLE_POINT_C < temperature_c <= _STEADY_C and bounded > iced:
        return _above_freezing_c(temperature_c, bounded, pressure)
    # By halves: at 0 °C the rule jumps from ice to water, and where water boils it has no end; a
    # faster way loses its footing there.
    warm = temperature_c
    cold = min(dew_point_c(vapour_of_ratio_pa(bounded, pressure)), temperature_c)
    for _ in range(_HALVINGS):
        middle = (warm + cold) / 2.0
        if ratio_at_wet_bulb(temperature_c, middle, pressure) > bounded:
            warm = middle
        else:
            cold = middle
    return (warm + cold) / 2.0


def _above_freezing_c(temperature_c: float, ratio: float, pressure: float) -> float:
    """Return the wet bulb over water by Newton: from above, where the rule is bent one way."""
    wet = temperature_c
    for _ in range(_NEWTON_STEPS):
        vapour = saturation_pa(wet)
        saturated = humidity_ratio(vapour, pressure)
        rise = saturated * saturation_growth_k(wet) * pressure / (pressure - vapour)
        under = 2501.0 + 1.86 * temperature_c - 4.186 * wet
        heat = 2501.0 - 2.326 * wet
        told = (heat * saturated - 1.006 * (temperature_c - wet)) / under
        if told <= ratio:
            # As near as numbers go; at once, where the air is full.
            break
        slope = (heat * rise - 2.326 * saturated + 1.006 + 4.186 * told) / under
        step = (told - ratio) / slope
        wet -= step
        # What is left of it is smaller by the square.
        if abs(step) < 1e-6:
            break
    return wet


def vpd_kpa(temperature_c: float, humidity_pct: float) -> float:
    """Return the vapour pressure deficit of the air."""
    saturated = saturation_pa(temperature_c)
    return saturated * (1.0 - humidity_pct / 100.0) / 1000.0


def leaf_vpd_kpa(leaf_c: float, air_c: float, humidity_pct: float) -> float:
    """Return the deficit between a leaf and the air, below zero where dew falls on the leaf."""
    return (saturation_pa(leaf_c) - vapour_pa(air_c, humidity_pct)) / 1000.0


def co2_mg_m3(ppm: float, temperature_c: float, pressure: float) -> float:
    """Return the mass of carbon dioxide in a m³ of air (ideal gas)."""
    kelvin = temperature_c + ZERO_C_K
    return ppm * pressure * CO2_KG_MOL / (MOLAR_GAS_J_MOL_K * kelvin)


def co2_ppm(mg_m3: float, temperature_c: float, pressure: float) -> float:
    """Return the share of carbon dioxide in air that holds this mass of it a m³ (ideal gas)."""
    kelvin = temperature_c + ZERO_C_K
    return mg_m3 * MOLAR_GAS_J_MOL_K * kelvin / (pressure * CO2_KG_MOL)
