"""Where the sun stands, and how much of it there would be without an atmosphere.

Declination and equation of time are those by which the engine finds sunrise; hour angle, elevation
and azimuth follow as in NOAA's "Solar Calculation Details". Within 0.02° of NREL's algorithm in
this century.
"""

from dataclasses import dataclass
from math import asin, atan2, cos, degrees, pi, radians, sin, tan

from tokkatot.automation.sun import sun_at
from tokkatot.domain.places import Place

SOLAR_CONSTANT_W_M2 = 1361.0
"""Total solar irradiance at the mean distance (Kopp and Lean 2011)."""

_DAY_MS = 86_400_000
_J2000_DAY_MS = 946_728_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SunPosition:
    """The centre of the sun, without refraction: degrees above the horizon, degrees from north."""

    elevation_deg: float
    azimuth_deg: float


def sun_position(utc_ms: int, place: Place) -> SunPosition:
    """Return where the sun stands; azimuth 90 is east."""
    declination_deg, equation_min = sun_at(utc_ms)
    solar_min = (utc_ms % _DAY_MS) / 60_000 + equation_min + 4 * place.longitude
    hour_angle = radians(solar_min / 4 - 180)
    north, declination = radians(place.latitude), radians(declination_deg)
    height = sin(north) * sin(declination) + cos(north) * cos(declination) * cos(hour_angle)
    # atan2 keeps its precision where an arc cosine loses it, near the meridian.
    azimuth = atan2(
        -cos(declination) * sin(hour_angle),
        sin(declination) * cos(north) - cos(declination) * sin(north) * cos(hour_angle),
    )
    return SunPosition(
        elevation_deg=degrees(asin(min(max(height, -1.0), 1.0))),
        azimuth_deg=degrees(azimuth) % 360,
    )


def refraction_deg(elevation_deg: float) -> float:
    """Return by how much the air lifts the sun that stands at this true elevation (NOAA)."""
    if elevation_deg > 85:
        return 0.0
    slope = tan(radians(elevation_deg))
    if elevation_deg > 5:
        seconds = 58.1 / slope - 0.07 / slope**3 + 0.000086 / slope**5
    elif elevation_deg > -0.575:
        seconds = 1735 + elevation_deg * (
            -518.2 + elevation_deg * (103.4 + elevation_deg * (-12.79 + elevation_deg * 0.711))
        )
    else:
        seconds = -20.772 / slope
    return seconds / 3600


def extraterrestrial_w_m2(utc_ms: int, place: Place) -> float:
    """Return the radiation on a level plane above the atmosphere.

    The distance of the sun is by J. W. Spencer, Fourier series representation of the position of
    the sun, Search 2 (1971) 172.
    """
    height = sin(radians(sun_position(utc_ms, place).elevation_deg))
    year = 365.2425
    angle = 2 * pi * (((utc_ms - _J2000_DAY_MS) / _DAY_MS + 0.5) % year) / year
    nearness = (
        1.00011
        + 0.034221 * cos(angle)
        + 0.00128 * sin(angle)
        + 0.000719 * cos(2 * angle)
        + 0.000077 * sin(2 * angle)
    )
    return max(SOLAR_CONSTANT_W_M2 * nearness * height, 0.0)
