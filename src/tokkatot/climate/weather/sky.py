"""How cold the sky is for what looks up to it."""

from tokkatot.climate.physics.air import ZERO_C_K, dew_point_c

STEFAN_BOLTZMANN_W_M2_K4 = 5.670374419e-8


def sky_of_dew_point_c(temperature_c: float, vapour_pa: float) -> float:
    """Return the temperature of a clear sky, where nobody measured it."""
    return clear_sky_c(temperature_c, dew_point_c(max(vapour_pa, 1.0)))


def clear_sky_c(temperature_c: float, dew_c: float) -> float:
    """Return the temperature of a clear sky over air of this dew point.

    Source: M. Martin and P. Berdahl, Characteristics of infrared sky radiation in the United
    States, Solar Energy 33 (1984) 321-336, equation 3.
    """
    dew = dew_c / 100
    emissivity = 0.711 + 0.56 * dew + 0.73 * dew * dew
    return float((temperature_c + ZERO_C_K) * max(emissivity, 0.1) ** 0.25 - ZERO_C_K)


def sky_of_radiation_c(infrared_w_m2: float) -> float:
    """Return the temperature of a black sky that sends this much."""
    return float((infrared_w_m2 / STEFAN_BOLTZMANN_W_M2_K4) ** 0.25 - ZERO_C_K)
