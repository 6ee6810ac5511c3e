"""What if over the coming days: foretold where a service is set, else as it usually is."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.support.cloud import Cloud
from tests.support.http_peer import HttpPeer, http_peer
from tests.support.twinned import Json, Twinned, twinned
from tokkatot.cloud.farms.model import Farm
from tokkatot.cloud.main import forecasts_of
from tokkatot.cloud.twins.ahead import skies_ahead
from tokkatot.domain.places import Place
from tokkatot.kit.clock import to_ms, to_rfc3339

COMING = {"weather": {"kind": "forecast", "hours": 24}}
PLACE = {"latitude": 11.55, "longitude": 104.92}


def foretold(cloud: Cloud, hours: int, celsius: float = 31.0) -> dict[str, Any]:
    """Return an answer as the service gives it, from the midnight before on."""
    midnight_s = int(cloud.clock.now().timestamp()) // 86_400 * 86_400
    return {
        "hourly_units": {
            "time": "unixtime", "temperature_2m": "°C", "relative_humidity_2m": "%",
            "shortwave_radiation": "W/m²", "wind_speed_10m": "m/s",
        },
        "hourly": {
            "time": [midnight_s + 3600 * hour for hour in range(hours)],
            "temperature_2m": [celsius] * hours,
            "relative_humidity_2m": [70] * hours,
            "shortwave_radiation": [200.0] * hours,
            "wind_speed_10m": [2.0] * hours,
        },
    }  # fmt: skip


def usual_year(folder: Path) -> Path:
    """Write an EnergyPlus year in which it is always 25 °C."""
    cells = ["0"] * 35
    cells[6], cells[8], cells[12], cells[13], cells[21] = "25", "75", "0", "100", "1"
    file = folder / "usual.epw"
    place = "LOCATION,Town,-,KHM,made,0,11.55,104.92,7.0,12.0"
    head = [place, *["head"] * 6, "DATA PERIODS,1,1,Data,Sunday,1/ 1,12/31"]
    file.write_text("\n".join(head + [",".join(cells)] * 8760))
    return file


@pytest.fixture
async def farm(cloud: Cloud) -> Twinned:
    made = await twinned(cloud)
    answer = await cloud.http.patch(
        f"/v1/farms/{made.farm}", json=PLACE, headers=made.owner.headers
    )
    assert answer.status_code == 200, answer.text
    return made


@pytest.fixture
async def service(cloud: Cloud) -> AsyncIterator[HttpPeer]:
    async with http_peer((200, foretold(cloud, 48))) as peer:
        yield peer


async def lived(farm: Twinned) -> Json:
    job = await farm.answer(farm.coop, COMING)
    assert job["state"] == "completed", job
    return job["result"]


async def test_nobody_is_asked_until_a_service_is_set(farm: Twinned) -> None:
    job = await farm.answer(farm.coop, COMING)
    assert (job["state"], job["trouble"]["code"]) == ("failed", "refused")
    assert "no service is set" in job["trouble"]["detail"]
    assert job["trouble"]["reason"]["code"] == "no_forecast"


async def test_the_coming_day_is_lived_as_it_is_foretold(farm: Twinned, service: HttpPeer) -> None:
    farm.choose(forecast_url=f"http://{service.host}/v1/forecast")
    found = await lived(farm)
    assert found["foretold_hours"] == 24
    assert found["from"] == to_rfc3339(farm.cloud.clock.now())
    assert set(found["outdoor_c"]) == {31.0}
    assert found["measured"] is None
    (asked,) = service.asked
    assert "latitude=11.5500" in asked.path


async def test_hours_that_nobody_foretells_are_as_usual(
    farm: Twinned, service: HttpPeer, tmp_path: Path
) -> None:
    # From six in the morning on there are ten hours of it.
    service.usual = (200, foretold(farm.cloud, 16))
    farm.choose(
        forecast_url=f"http://{service.host}/v1/forecast", usual_weather=usual_year(tmp_path)
    )
    found = await lived(farm)
    assert found["foretold_hours"] == 10
    assert (found["outdoor_c"][0], found["outdoor_c"][-1]) == (31.0, 25.0)


@pytest.mark.parametrize(("later_h", "foretold_hours"), [(0, 10), (4, 6), (12, 0)])
async def test_of_the_days_that_growth_is_foretold_for_only_foretold_hours_count(
    farm: Twinned, service: HttpPeer, tmp_path: Path, later_h: int, foretold_hours: int
) -> None:
    service.usual = (200, foretold(farm.cloud, 16))
    farm.choose(
        forecast_url=f"http://{service.host}/v1/forecast", usual_weather=usual_year(tmp_path)
    )
    context = farm.cloud.context
    async with context.database.transaction() as tx:
        sky = await skies_ahead(
            tx,
            farm.cloud.readings.within(tx),
            forecasts_of(context),
            await tx.session.get_one(Farm, UUID(farm.farm)),
            start_ms=to_ms(tx.now + timedelta(hours=later_h)),
            hours=24,
            sunlit=True,
        )
    assert sky is not None
    warm = [row.temperature_c for row in sky.rows].count(31.0)
    assert (sky.foretold_hours, warm) == (foretold_hours, foretold_hours)


@pytest.mark.parametrize("answer", [(503, {}), (200, {"error": True})])
async def test_a_service_that_fails_leaves_what_is_usual(
    farm: Twinned, service: HttpPeer, tmp_path: Path, answer: tuple[int, object]
) -> None:
    service.usual = answer
    farm.choose(
        forecast_url=f"http://{service.host}/v1/forecast", usual_weather=usual_year(tmp_path)
    )
    found = await lived(farm)
    assert (found["foretold_hours"], set(found["outdoor_c"])) == (0, {25.0})


async def test_a_file_that_is_no_year_is_told_of(farm: Twinned, tmp_path: Path) -> None:
    short = tmp_path / "short.epw"
    short.write_text("\n".join(usual_year(tmp_path).read_text().splitlines()[:100]))
    farm.choose(usual_weather=short)
    job = await farm.answer(farm.coop, COMING)
    assert "What is usual can't be read" in job["trouble"]["detail"]
    assert job["trouble"]["reason"]["code"] == "usual_unreadable"


async def test_a_file_that_is_no_year_hides_no_hour_that_is_foretold(
    farm: Twinned, service: HttpPeer, tmp_path: Path
) -> None:
    none = tmp_path / "none.epw"
    none.write_text("nothing")
    farm.choose(forecast_url=f"http://{service.host}/v1/forecast", usual_weather=none)
    assert (await lived(farm))["foretold_hours"] == 24


async def test_hours_that_lack_say_that_the_file_is_no_year(
    farm: Twinned, service: HttpPeer, tmp_path: Path
) -> None:
    service.usual = (200, foretold(farm.cloud, 16))
    none = tmp_path / "none.epw"
    none.write_text("nothing")
    farm.choose(forecast_url=f"http://{service.host}/v1/forecast", usual_weather=none)
    forecasts = forecasts_of(farm.cloud.context)
    told = await forecasts.outlook(Place(**PLACE), 24, partly=True)
    assert (told.foretold, len(told.weather.moments)) == (10, 10)
    job = await farm.answer(farm.coop, COMING)
    assert job["trouble"]["reason"]["code"] == "usual_unreadable"


async def test_a_farm_that_is_nowhere_has_no_weather_to_come(cloud: Cloud) -> None:
    lost = await twinned(cloud)
    job = await lost.answer(lost.coop, COMING)
    assert "latitude" in job["trouble"]["detail"]
    assert job["trouble"]["reason"]["code"] == "no_place"
