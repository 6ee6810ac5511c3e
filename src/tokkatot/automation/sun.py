"""Sunrise and sunset by the formulas of NOAA's solar calculator.

Source: NOAA Global Monitoring Laboratory, "Solar Calculation Details", after J. Meeus,
Astronomical Algorithms. Right to about a minute between the polar circles; the sun's upper edge
with the usual refraction stands at a zenith of 90.833°.
"""

from datetime import UTC, date, datetime, timedelta
from math import acos, asin, cos, degrees, radians, sin, tan
from typing import Literal

from tokkatot.domain.places import Place

SunEvent = Literal["sunrise", "sunset"]

ZENITH_DEG = 90.833
_MINUTE_MS = 60_000
_J2000_MS = round(datetime(2000, 1, 1, 12, tzinfo=UTC).timestamp() * 1000)
_CENTURY_MS = 36_525 * 86_400_000
_PASSES = 3


def sun_at(utc_ms: int) -> tuple[float, float]:
    """Return the sun's declination in degrees and the equation of time in minutes."""
    century = (utc_ms - _J2000_MS) / _CENTURY_MS
    mean_longitude = radians((280.46646 + century * (36000.76983 + century * 0.0003032)) % 360)
    anomaly = radians(357.52911 + century * (35999.05029 - 0.0001537 * century))
    eccentricity = 0.016708634 - century * (0.000042037 + 0.0000001267 * century)
    centre = (
        sin(anomaly) * (1.914602 - century * (0.004817 + 0.000014 * century))
        + sin(2 * anomaly) * (0.019993 - 0.000101 * century)
        + sin(3 * anomaly) * 0.000289
    )
    node = radians(125.04 - 1934.136 * century)
    longitude = radians(degrees(mean_longitude) + centre - 0.00569 - 0.00478 * sin(node))
    seconds = 21.448 - century * (46.815 + century * (0.00059 - century * 0.001813))
    obliquity = radians(23 + (26 + seconds / 60) / 60 + 0.00256 * cos(node))
    declination = degrees(asin(sin(obliquity) * sin(longitude)))
    y = tan(obliquity / 2) ** 2
    equation = 4 * degrees(
        y * sin(2 * mean_longitude)
        - 2 * eccentricity * sin(anomaly)
        + 4 * eccentricity * y * sin(anomaly) * cos(2 * mean_longitude)
        - 0.5 * y * y * sin(4 * mean_longitude)
        - 1.25 * eccentricity * eccentricity * sin(2 * anomaly)
    )
    return declination, equation


def sun_event_ms(event: SunEvent, day: date, place: Place) -> int | None:
    """Return when the sun rises or sets on a day of the place's own; None where it does not."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    # The place's own noon is near 12:00 of its mean time, whatever its zone.
    noon_ms = round((midnight + timedelta(hours=12)).timestamp() * 1000)
    moment_ms = noon_ms - round(place.longitude * 4 * _MINUTE_MS)
    base_ms = noon_ms - 720 * _MINUTE_MS
    for _ in range(_PASSES):
        declination, equation = sun_at(moment_ms)
        half_day = _half_day_deg(place.latitude, declination)
        if half_day is None:
            return None
        minutes = 720 - 4 * place.longitude - equation
        minutes += 4 * half_day if event == "sunset" else -4 * half_day
        moment_ms = base_ms + round(minutes * _MINUTE_MS)
    return moment_ms


def _half_day_deg(latitude: float, declination: float) -> float | None:
    north, sun = radians(latitude), radians(declination)
    if abs(cos(north)) < 1e-9:
        return None
    share = cos(radians(ZENITH_DEG)) / (cos(north) * cos(sun)) - tan(north) * tan(sun)
    return degrees(acos(share)) if -1 <= share <= 1 else None
