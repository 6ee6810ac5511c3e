"""What people ask of a house's twin, as a job keeps it."""

from msgspec import Struct

from tokkatot.climate.control.tariff import FLAT
from tokkatot.climate.physics.known import House
from tokkatot.climate.policy.card import ByTheHour


class Hour(Struct, frozen=True, kw_only=True):
    """An hour of weather that somebody thought of."""

    temperature_c: float
    humidity_pct: float
    radiation_w_m2: float
    wind_m_s: float


class RecordedWeather(Struct, frozen=True, kw_only=True, tag="recorded"):
    """What the farm's own weather station measured."""

    start_ms: int
    end_ms: int


class GivenWeather(Struct, frozen=True, kw_only=True, tag="given"):
    """Hours from a moment on."""

    start_ms: int
    hours: list[Hour]


class ForecastWeather(Struct, frozen=True, kw_only=True, tag="forecast"):
    """The hours from the one that has begun."""

    hours: int


Weather = RecordedWeather | GivenWeather | ForecastWeather


class Prices(Struct, frozen=True, kw_only=True):
    """Of a kWh, in whatever money whoever asks counts."""

    electricity_kwh: float
    heat_kwh: float
    tariff: ByTheHour = FLAT
    """So many times its price electricity costs in each hour of the farm's day."""


class WhatIf(Struct, frozen=True, kw_only=True):
    """Which weather, how much warmer than that, and which set-points beside the house's own."""

    weather: Weather
    warmer_k: float = 0.0
    points: tuple[float, float, float] | None = None
    """The least, the most, and the hard limit; None: the house's own alone."""
    house: House | None = None
    """What it is built like; None: as the last fit had it, or as its devices tell."""
    prices: Prices | None = None


class Calibration(Struct, frozen=True, kw_only=True):
    """From when to when, which parameters, and what the house is built like."""

    start_ms: int
    end_ms: int
    fit: list[str] | None = None
    """None: those that are usual for its kind."""
    house: House | None = None


class Learning(Struct, frozen=True, kw_only=True):
    """What a policy that is learned for one house is to pay."""

    tariff: ByTheHour | None = None
    """None: the same all day."""
