"""The weather outside a house, following the local day and the season of the place."""

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from tokkatot.climate.physics.air import SEA_LEVEL_PA, co2_mg_m3, saturation_pa
from tokkatot.climate.physics.outdoor import Outdoor
from tokkatot.climate.weather.sky import clear_sky_c
from tokkatot.sim.chance import Chance, SmoothNoise

OUTDOOR_CO2_PPM = 420.0

_HOUR_S = 3600.0
_CALM_M_S = 1.0
_WARMEST_HOUR = 14.5
"""Local solar time of the day's maximum; screen temperatures lag the sun by about 2.5 hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a house stands, with the mean daily extremes of the twelve months in °C."""

    latitude_deg: float
    longitude_deg: float
    mean_max_c: tuple[float, ...]
    mean_min_c: tuple[float, ...]

    def __post_init__(self) -> None:
        if not -66.0 <= self.latitude_deg <= 66.0:
            raise ValueError(
                "latitude_deg must lie between -66 and 66: beyond, a day has no sunrise"
            )
        if not -180.0 <= self.longitude_deg <= 180.0:
            raise ValueError("longitude_deg must lie between -180 and 180")


# The monthly means of Phnom Penh as climate tables give them, in whole degrees.
KANDAL = Place(
    latitude_deg=11.48,
    longitude_deg=104.95,
    mean_max_c=(31, 32, 34, 35, 35, 33, 33, 32, 31, 31, 30, 30),
    mean_min_c=(21, 22, 24, 25, 25, 24, 24, 25, 25, 24, 22, 21),
)


class Weather:
    """A weather without memory: the same seed and instant always give the same sky."""

    def __init__(self, place: Place, chance: Chance) -> None:
        self._place = place
        # Fronts last days, clouds minutes to hours.
        self._warmth = SmoothNoise(chance, (5.3 * 86400, 2.1 * 86400, 7.7 * _HOUR_S))
        self._clouds = SmoothNoise(
            chance, (3.7 * 86400, 9.1 * _HOUR_S, 1.3 * _HOUR_S, 0.31 * _HOUR_S)
        )
        self._moisture = SmoothNoise(chance, (4.1 * 86400, 11.3 * _HOUR_S))

    def at(self, utc: datetime) -> Outdoor:
        """Return the weather at an instant; its wind is a breath and its sky clear."""
        utc = utc.astimezone(UTC)
        t_s = utc.timestamp()
        low_c = _of_the_season(self._place.mean_min_c, utc)
        high_c = _of_the_season(self._place.mean_max_c, utc)
        drift_c = 1.5 * self._warmth.at(t_s)
        share = _share_of_day(_solar_hour(self._place, utc), _sunrise_hour(self._place, utc.date()))
        temperature_c = low_c + (high_c - low_c) * share + drift_c
        # The vapour of a day hardly changes; nights near the monsoon end close to saturation.
        dew_c = min(low_c + drift_c - 1.0 + 1.5 * self._moisture.at(t_s), temperature_c)
        return Outdoor(
            radiation_w_m2=clear_sky_w_m2(self._place, utc) * self._clearness(t_s),
            temperature_c=temperature_c,
            vapour_pa=saturation_pa(dew_c),
            co2_mg_m3=co2_mg_m3(OUTDOOR_CO2_PPM, temperature_c, SEA_LEVEL_PA),
            wind_m_s=_CALM_M_S,
            sky_c=clear_sky_c(temperature_c, dew_c),
            ground_c=mean_c(self._place),
        )

    def _clearness(self, t_s: float) -> float:
        """Return the share of clear-sky light that clouds let through (Kasten, Czeplak 1980)."""
        cover = min(max(0.45 + 0.6 * self._clouds.at(t_s), 0.0), 1.0)
        return float(1.0 - 0.75 * cover**3.4)


def mean_c(place: Place) -> float:
    """Return a year's mean, which the ground keeps."""
    return (sum(place.mean_max_c) + sum(place.mean_min_c)) / (2 * len(place.mean_max_c))


def clear_sky_w_m2(place: Place, utc: datetime) -> float:
    """Return the global radiation under a clear sky (Haurwitz 1945)."""
    sine = sun_elevation_sine(place, utc)
    if sine <= 0.0:
        return 0.0
    return 1098.0 * sine * math.exp(-0.057 / sine)


def sun_elevation_sine(place: Place, utc: datetime) -> float:
    """Return the sine of the sun's height over the horizon, negative at night."""
    utc = utc.astimezone(UTC)
    latitude = math.radians(place.latitude_deg)
    declination = _declination(utc.date())
    hour_angle = math.radians(15.0 * (_solar_hour(place, utc) - 12.0))
    return math.sin(latitude) * math.sin(declination) + math.cos(latitude) * math.cos(
        declination
    ) * math.cos(hour_angle)


def sunrise_sunset(place: Place, day: date) -> tuple[datetime, datetime]:
    """Return when the sun rises and sets on a local solar day, without refraction."""
    half_day_h = 12.0 - _sunrise_hour(place, day)
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    noon = midnight + timedelta(hours=12.0 - place.longitude_deg / 15.0 - _equation_of_time_h(day))
    return noon - timedelta(hours=half_day_h), noon + timedelta(hours=half_day_h)


def _declination(day: date) -> float:
    """Return the sun's declination in radians (Cooper 1969)."""
    return math.radians(23.45) * math.sin(2.0 * math.pi * (284 + _day_of_year(day)) / 365.0)


def _equation_of_time_h(day: date) -> float:
    """Return how far the sun runs ahead of the clock, in hours (Woolf 1968)."""
    angle = 2.0 * math.pi * (_day_of_year(day) - 81) / 364.0
    return (9.87 * math.sin(2 * angle) - 7.53 * math.cos(angle) - 1.5 * math.sin(angle)) / 60.0


def _solar_hour(place: Place, utc: datetime) -> float:
    clock_h = utc.hour + utc.minute / 60.0 + (utc.second + utc.microsecond / 1e6) / 3600.0
    return (clock_h + place.longitude_deg / 15.0 + _equation_of_time_h(utc.date())) % 24.0


def _sunrise_hour(place: Place, day: date) -> float:
    cosine = -math.tan(math.radians(place.latitude_deg)) * math.tan(_declination(day))
    return 12.0 - math.degrees(math.acos(min(max(cosine, -1.0), 1.0))) / 15.0


def _share_of_day(solar_hour: float, sunrise_hour: float) -> float:
    """Return 0 at sunrise and 1 at the warmest hour, along half cosines without a jump."""
    since_h = (solar_hour - sunrise_hour) % 24.0
    rise_h = _WARMEST_HOUR - sunrise_hour
    if since_h <= rise_h:
        return 0.5 - 0.5 * math.cos(math.pi * since_h / rise_h)
    return 0.5 + 0.5 * math.cos(math.pi * (since_h - rise_h) / (24.0 - rise_h))


def _of_the_season(months: tuple[float, ...], utc: datetime) -> float:
    """Return the value between the middles of the two nearest months."""
    year_share = (_day_of_year(utc.date()) - 1 + utc.hour / 24.0) / 365.25
    position = (year_share * 12.0 - 0.5) % 12.0
    first = int(position)
    weight = position - first
    return months[first] * (1.0 - weight) + months[(first + 1) % 12] * weight


def _day_of_year(day: date) -> int:
    return day.timetuple().tm_yday
