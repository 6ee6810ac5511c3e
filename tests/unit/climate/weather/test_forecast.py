"""Forecasts: taken where they are fresh and whole, else the hours are as they usually are."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from typing_extensions import override

from tokkatot.climate.physics.air import magnus_pa
from tokkatot.climate.weather.files import moment_of
from tokkatot.climate.weather.forecast import (
    Climatology,
    Forecast,
    ForecastMissing,
    ForecastProvider,
    Outlooks,
)
from tokkatot.climate.weather.open_meteo import OpenMeteo, question, read_forecast
from tokkatot.climate.weather.series import WeatherSeries
from tokkatot.domain.places import Place
from tokkatot.kit.clock import ManualClock

PHNOM_PENH = Place(latitude=11.55, longitude=104.92)
NOON = datetime(2026, 5, 1, 12, 20, tzinfo=UTC)
FIRST_S = int(datetime(2026, 5, 1, tzinfo=UTC).timestamp())

Answer = dict[str, dict[str, object]]


def recorded() -> dict[str, Any]:
    """Return what the service answered on 16 January 2024 for Melbourne, as far as we ask it.

    Weather data by Open-Meteo.com (CC BY 4.0); whoever asked had not asked for metres a second. The
    sun of the moment and the deficit, which we don't ask for, are there to check by.
    """
    text = Path(__file__).with_name("open_meteo_20240116.json").read_text(encoding="utf-8")
    answer: dict[str, Any] = json.loads(text)
    return answer


def made_up(hours: int = 48) -> Answer:
    """Return an answer in the form of the service's."""
    return {
        "hourly_units": {
            "time": "unixtime", "temperature_2m": "°C", "relative_humidity_2m": "%",
            "shortwave_radiation": "W/m²", "wind_speed_10m": "m/s",
        },
        "hourly": {
            "time": [FIRST_S + 3600 * hour for hour in range(hours)],
            "temperature_2m": [30.0 + hour / 10 for hour in range(hours)],
            "relative_humidity_2m": [70] * hours,
            "shortwave_radiation": [100.0 * (hour % 2) for hour in range(hours)],
            "wind_speed_10m": [2.5] * hours,
        },
    }  # fmt: skip


def body(answer: Answer) -> bytes:
    more = {"latitude": 11.5, "longitude": 105.0, "utc_offset_seconds": 0, "timezone": "GMT"}
    return json.dumps({**more, **answer}).encode()


def usual_year() -> WeatherSeries:
    """Return a year where each hour is as warm as its number, and the second half is 10 K more."""
    rows: list[Mapping[str, float]] = [
        {
            "temperature_c": hour % 24 + (10.0 if hour >= 182 * 24 else 0.0),
            "humidity_pct": 50,
            "radiation_w_m2": 0,
        }
        for hour in range(365 * 24)
    ]
    return WeatherSeries(period_s=3600.0, moments=[moment_of(row, 20.0) for row in rows])


def usual() -> Climatology:
    return Climatology(usual_year(), PHNOM_PENH)


class Told(ForecastProvider):
    """Tells what it is given, and counts how often it is asked."""

    def __init__(self, *answers: Forecast | None) -> None:
        self._answers = list(answers)
        self.asked = 0

    @override
    async def forecast(self, place: Place) -> Forecast:
        self.asked += 1
        answer = self._answers.pop(0) if self._answers else None
        if answer is None:
            raise ForecastMissing("it is silent")
        return answer


def fresh(clock: ManualClock) -> Forecast:
    return read_forecast(body(made_up()), clock.now_ms())


def test_an_answer_is_read_in_its_units() -> None:
    told = read_forecast(body(made_up(3)), 7)
    first, second, third = told.hours
    assert (told.told_ms, told.start_ms) == (7, FIRST_S * 1000)
    assert first.temperature_c == 30.0
    assert second.vapour_pa == pytest.approx(0.7 * magnus_pa(30.1))
    assert first.radiation_w_m2 == pytest.approx(50)
    assert third.radiation_w_m2 == 0
    assert third.wind_m_s == 2.5


def test_an_answer_ends_where_it_lacks_something() -> None:
    answer = made_up()
    answer["hourly"]["relative_humidity_2m"] = [70] * 5 + [None] * 43
    assert len(read_forecast(body(answer), 0).hours) == 5


def other(part: str, name: str, value: object) -> Callable[[], bytes]:
    def changed() -> bytes:
        answer = made_up()
        answer[part][name] = value
        return body(answer)

    return changed


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda: b"<html>", "this is no forecast"),
        (lambda: b'{"error":true,"reason":"no such place"}', "missing required field"),
        (lambda: body(made_up(0)), "there are no hours in it"),
        (other("hourly_units", "temperature_2m", "°F"), "temperature_2m is in °F, not in °C"),
        (other("hourly_units", "wind_speed_10m", "km/h"), "wind_speed_10m is in km/h"),
        (other("hourly", "wind_speed_10m", [1.0]), "not equally long"),
        (other("hourly", "time", [FIRST_S] * 48), "do not follow each other"),
        (other("hourly", "temperature_2m", [99.0] * 48), "hour 0: temperature_c 99 is not in"),
        (other("hourly", "temperature_2m", [None] * 48), "no hours in it"),
    ],
)
def test_what_is_no_forecast_is_refused(answer: Callable[[], bytes], reason: str) -> None:
    with pytest.raises(ForecastMissing, match=reason):
        read_forecast(answer(), 0)


async def asked(handle: Callable[[httpx.Request], httpx.Response]) -> Forecast:
    async with httpx.AsyncClient(transport=httpx.MockTransport(handle)) as client:
        return await OpenMeteo(client, ManualClock(NOON)).forecast(PHNOM_PENH)


async def test_the_service_is_asked_for_this_place() -> None:
    seen: list[httpx.URL] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.url)
        return httpx.Response(200, content=body(made_up()))

    told = await asked(answer)
    assert len(told.hours) == 48
    assert told.told_ms == int(NOON.timestamp() * 1000)
    assert (seen[0].host, seen[0].path) == ("api.open-meteo.com", "/v1/forecast")
    assert dict(seen[0].params) == question(PHNOM_PENH)
    assert seen[0].params["latitude"] == "11.5500"
    assert seen[0].params["wind_speed_unit"] == "ms"


def unreachable(_request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("no way there")


@pytest.mark.parametrize(
    ("handle", "reason"),
    [
        (unreachable, "ConnectError"),
        (lambda _request: httpx.Response(429), "answered 429"),
        (lambda _request: httpx.Response(200, content=b" " * 1_000_001), "too long"),
    ],
)
async def test_a_service_that_fails_tells_nothing(
    handle: Callable[[httpx.Request], httpx.Response], reason: str
) -> None:
    with pytest.raises(ForecastMissing, match=reason):
        await asked(handle)


async def test_what_is_foretold_comes_first_and_the_rest_is_usual() -> None:
    clock = ManualClock(NOON)
    outlook = await Outlooks(Told(fresh(clock)), usual(), PHNOM_PENH, clock).outlook(48)
    told = [moment.temperature_c for moment in outlook.weather.moments]
    assert outlook.foretold == 36
    assert told[:2] == [31.2, 31.3]
    # The first hour beyond is midnight in Greenwich: 7 in the morning by this place's sun.
    assert told[36:38] == [7.0, 8.0]


async def test_without_any_forecast_all_is_usual() -> None:
    clock = ManualClock(NOON)
    outlooks = Outlooks(Told(), usual(), PHNOM_PENH, clock)
    outlook = await outlooks.outlook(6)
    assert outlook.foretold == 0
    assert [moment.temperature_c for moment in outlook.weather.moments] == [19, 20, 21, 22, 23, 0]
    assert outlooks.missing == "it is silent"


async def test_where_nobody_knows_what_is_usual_there_is_only_what_is_foretold() -> None:
    clock = ManualClock(NOON)
    outlook = await Outlooks(Told(fresh(clock)), None, PHNOM_PENH, clock).outlook(48)
    assert (len(outlook.weather.moments), outlook.foretold) == (36, 36)
    with pytest.raises(ForecastMissing, match="it is silent"):
        await Outlooks(Told(), None, PHNOM_PENH, clock).outlook(48)


async def test_the_last_forecast_counts_until_it_is_stale() -> None:
    clock = ManualClock(NOON)
    told = Told(fresh(clock))
    outlooks = Outlooks(told, usual(), PHNOM_PENH, clock)
    assert (await outlooks.outlook(4)).foretold == 4
    assert (await outlooks.outlook(4)).foretold == 4
    assert told.asked == 1
    clock.advance(11 * 3600)
    kept = await outlooks.outlook(4)
    assert (kept.foretold, told.asked) == (4, 2)
    assert kept.weather.moments[0].temperature_c == pytest.approx(32.3)
    clock.advance(2 * 3600)
    assert (await outlooks.outlook(4)).foretold == 0
    assert told.asked == 3


async def test_a_forecast_that_begins_later_or_comes_from_the_future_is_none() -> None:
    late = ManualClock(datetime(2026, 4, 30, 12, tzinfo=UTC))
    assert (await Outlooks(Told(fresh(late)), usual(), PHNOM_PENH, late).outlook(4)).foretold == 0
    ahead = read_forecast(body(made_up()), int(NOON.timestamp() * 1000) + 60_000)
    clock = ManualClock(NOON)
    assert (await Outlooks(Told(ahead), usual(), PHNOM_PENH, clock).outlook(4)).foretold == 0


def test_what_is_usual_is_the_mean_of_the_days_around() -> None:
    july_1 = datetime(2026, 7, 2, 5, tzinfo=UTC)
    # Day 182 counted from 0: fifteen of 31 days before it are 10 K colder.
    warmth = usual().at(int(july_1.timestamp() * 1000)).temperature_c
    assert warmth == pytest.approx(12 + 10 * 16 / 31)


def test_what_is_usual_goes_by_the_clock_of_its_year() -> None:
    midnight = int(datetime(2026, 1, 20, tzinfo=UTC).timestamp() * 1000)
    eight = replace(usual_year(), zone_h=8.0)
    assert Climatology(eight, PHNOM_PENH).at(midnight).temperature_c == 8.0
    half = replace(usual_year(), zone_h=6.5)
    assert Climatology(half, PHNOM_PENH).at(midnight).temperature_c == pytest.approx(6.5)
    # Half a minute before its midnight it is already nearly that.
    late = midnight + int(17.5 * 3_600_000) - 30_000
    assert Climatology(half, PHNOM_PENH).at(late).temperature_c == pytest.approx(23 / 120)


def test_what_is_usual_needs_a_year_of_hours() -> None:
    moment = moment_of({"temperature_c": 20, "humidity_pct": 50, "radiation_w_m2": 0}, 20)
    short = WeatherSeries(period_s=3600.0, moments=[moment] * 100)
    with pytest.raises(ValueError, match="a whole year of hours"):
        Climatology(short, PHNOM_PENH)


def test_what_the_service_once_answered_is_read() -> None:
    answer = recorded()
    hours = answer["hourly"]
    with pytest.raises(ForecastMissing, match="wind_speed_10m is in km/h, not in m/s"):
        read_forecast(json.dumps(answer).encode(), 0)
    answer["hourly_units"]["wind_speed_10m"] = "m/s"
    hours["wind_speed_10m"] = [round(speed / 3.6, 1) for speed in hours["wind_speed_10m"]]
    told = read_forecast(json.dumps(answer).encode(), 0)
    # Eight in the evening of a summer's day.
    assert told.start_ms == int(datetime(2024, 1, 16, 9, tzinfo=UTC).timestamp()) * 1000
    assert [hour.temperature_c for hour in told.hours] == hours["temperature_2m"]
    assert told.hours[0].wind_m_s == 4.4
    for hour, deficit_kpa in zip(told.hours, hours["vapour_pressure_deficit"], strict=True):
        full_pa = magnus_pa(hour.temperature_c)
        assert 1e-3 * (full_pa - hour.vapour_pa) == pytest.approx(deficit_kpa, abs=0.02)
    # Its means are of the hour that ends: less sun than that at dusk, more at dawn.
    dusk, dawn = 0, 11
    sun, mean = hours["shortwave_radiation_instant"], hours["shortwave_radiation"]
    assert sun[dusk] < mean[dusk]
    assert sun[dawn] > mean[dawn]
    assert told.hours[dusk].radiation_w_m2 == pytest.approx(sun[dusk], abs=1.0)
    assert told.hours[dawn].radiation_w_m2 == pytest.approx(sun[dawn], abs=4.0)
