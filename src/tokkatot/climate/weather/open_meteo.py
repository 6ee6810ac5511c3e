"""Forecasts in the format of Open-Meteo (open-meteo.com/en/docs), asked over HTTP."""

from collections.abc import Mapping, Sequence

import httpx
import msgspec
from typing_extensions import override

from tokkatot.climate.weather.cells import FileRefused, checked
from tokkatot.climate.weather.files import WEATHER_RANGES, moment_of
from tokkatot.climate.weather.forecast import (
    HOUR_MS,
    Forecast,
    ForecastMissing,
    ForecastProvider,
)
from tokkatot.domain.places import Place
from tokkatot.kit.clock import Clock

ADDRESS = "https://api.open-meteo.com/v1/forecast"
TIMEOUT_S = 10.0
MOST_BYTES = 1_000_000
DAYS = 3

_UNITS: Mapping[str, str] = {
    "time": "unixtime",
    "temperature_2m": "°C",
    "relative_humidity_2m": "%",
    "shortwave_radiation": "W/m²",
    "wind_speed_10m": "m/s",
}


class _Hours(msgspec.Struct, frozen=True):
    time: list[int]
    temperature_2m: list[float | None]
    relative_humidity_2m: list[float | None]
    shortwave_radiation: list[float | None]
    """The mean of the hour that ends then."""
    wind_speed_10m: list[float | None]


class _Answer(msgspec.Struct, frozen=True):
    hourly_units: dict[str, str]
    hourly: _Hours


class OpenMeteo(ForecastProvider):
    """The service itself, or one of one's own that speaks its language."""

    def __init__(self, client: httpx.AsyncClient, clock: Clock, address: str = ADDRESS) -> None:
        """Take a client, which its owner closes."""
        self._client = client
        self._clock = clock
        self._address = address

    @override
    async def forecast(self, place: Place) -> Forecast:
        try:
            async with self._client.stream(
                "GET", self._address, params=question(place), timeout=TIMEOUT_S
            ) as answer:
                body = await _whole(answer)
        except (httpx.HTTPError, httpx.InvalidURL) as failed:
            raise ForecastMissing(f"{self._address}: {type(failed).__name__}") from failed
        if answer.status_code != httpx.codes.OK:
            raise ForecastMissing(f"{self._address} answered {answer.status_code}")
        return read_forecast(body, self._clock.now_ms())


def question(place: Place) -> Mapping[str, str]:
    """Return what is asked."""
    return {
        "latitude": f"{place.latitude:.4f}",
        "longitude": f"{place.longitude:.4f}",
        "hourly": ",".join(name for name in _UNITS if name != "time"),
        "wind_speed_unit": "ms",
        "timeformat": "unixtime",
        "timezone": "GMT",
        "forecast_days": str(DAYS),
    }


def read_forecast(body: bytes, told_ms: int) -> Forecast:
    """Return a forecast up to the first hour that lacks something.

    Raises:
        ForecastMissing: where it is none in this format and in these units.
    """
    try:
        answer = msgspec.json.decode(body, type=_Answer)
    except msgspec.DecodeError as refused:
        raise ForecastMissing(f"this is no forecast: {refused}") from refused
    for name, unit in _UNITS.items():
        if answer.hourly_units.get(name) != unit:
            raise ForecastMissing(f"{name} is in {answer.hourly_units.get(name)}, not in {unit}")
    rows = _rows(answer.hourly)
    if not rows:
        raise ForecastMissing("there are no hours in it")
    mean_c = sum(row["temperature_c"] for row in rows) / len(rows)
    return Forecast(
        told_ms=told_ms,
        start_ms=answer.hourly.time[0] * 1000,
        hours=[moment_of(row, mean_c) for row in rows],
    )


def _rows(hours: _Hours) -> Sequence[Mapping[str, float]]:
    columns = (
        hours.temperature_2m,
        hours.relative_humidity_2m,
        hours.shortwave_radiation,
        hours.wind_speed_10m,
    )
    if any(len(column) != len(hours.time) for column in columns):
        raise ForecastMissing("its columns are not equally long")
    rows: list[Mapping[str, float]] = []
    for index, (at_s, warm, damp, sun, wind) in enumerate(zip(hours.time, *columns, strict=True)):
        if at_s * 1000 != hours.time[0] * 1000 + index * HOUR_MS:
            raise ForecastMissing("its hours do not follow each other")
        if warm is None or damp is None or sun is None or wind is None:
            break
        # The sun at the moment lies between the means of the hours before and after it.
        after = hours.shortwave_radiation[index + 1 : index + 2] or [sun]
        named = {
            "temperature_c": warm,
            "humidity_pct": damp,
            "radiation_w_m2": (sun + (sun if after[0] is None else after[0])) / 2,
            "wind_m_s": wind,
        }
        rows.append(_believed(index, named))
    return rows


def _believed(index: int, named: Mapping[str, float]) -> Mapping[str, float]:
    try:
        told = [(name, str(value)) for name, value in named.items()]
        return dict(checked(index + 1, told, WEATHER_RANGES))
    except FileRefused as refused:
        raise ForecastMissing(f"hour {index}: {refused.reason}") from refused


async def _whole(answer: httpx.Response) -> bytes:
    body = bytearray()
    async for piece in answer.aiter_bytes():
        body += piece
        if len(body) > MOST_BYTES:
            raise ForecastMissing("the answer is too long")
    return bytes(body)
