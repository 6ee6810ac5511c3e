"""Days of a house: its climate, its weight, its energy and what that cost."""

from datetime import timedelta

import numpy as np
import pytest

from tests.support.cloud import Cloud
from tests.support.people import Json
from tests.support.twinned import Twinned, twinned
from tokkatot.cloud.telemetry.vapour import deficit_kpa
from tokkatot.kit.clock import to_rfc3339

# The farm's clock is seven hours ahead: its day begins at five in the afternoon.
MIDNIGHT_AGO = timedelta(hours=13)


@pytest.fixture
async def farm(cloud: Cloud) -> Twinned:
    return await twinned(cloud)


async def days(farm: Twinned, **asked: object) -> Json:
    """Return the two days until now of which the second is not over."""
    since = farm.cloud.clock.now() - MIDNIGHT_AGO - timedelta(days=1)
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    path = f"/v1/farms/{farm.farm}/houses/{farm.coop}/analytics/daily"
    when = to_rfc3339(since).replace("+", "%2B")
    return await farm.cloud.get(f"{path}?from={when}&{query}", farm.owner)


async def test_a_day_has_its_climate_by_the_farms_own_midnight(farm: Twinned) -> None:
    since = farm.cloud.clock.now() - MIDNIGHT_AGO - timedelta(days=1)
    await farm.measured(
        farm.coop, "climate_sensor", "temperature", since, [25.0] * 48 + [29.0] * 48 + [31.0] * 4
    )
    await farm.measured(farm.coop, "climate_sensor", "relative_humidity", since, [60.0] * 96)
    first, second = (await days(farm))["items"]
    assert first["from"] == "2026-02-27T17:00:00Z"
    assert (first["temperature_c"], first["temperature_min_c"], first["temperature_max_c"]) == (
        27.0,
        25.0,
        29.0,
    )
    assert first["humidity_percent"] == 60.0
    both = deficit_kpa(np.array([25.0, 29.0]), np.array([60.0, 60.0]))
    assert first["vpd_kpa"] == pytest.approx(both.mean(), abs=1e-3)
    assert (second["temperature_c"], second["vpd_kpa"]) == (31.0, None)
    assert (first["weight_kg"], first["cost"]) == (None, None)


async def ran(farm: Twinned, role: str = "heater") -> None:
    """Let the heater of 8 kW have run: two hours whole and four half; the next day one."""
    since = farm.cloud.clock.now() - MIDNIGHT_AGO - timedelta(days=1)
    levels = ((0, 0.0), (6, 100.0), (8, 50.0), (12, 0.0), (30, 100.0), (31, 0.0))
    await farm.reported(farm.coop, role, [(since + timedelta(hours=h), one) for h, one in levels])


async def test_energy_is_what_rated_devices_drew_and_its_cost_is_asked_for(farm: Twinned) -> None:
    await ran(farm)
    found = await days(farm, electricity_kwh=0.25, heat_kwh=0.25)
    assert [day["energy_kwh"] for day in found["items"]] == [32.0, 8.0]
    assert [day["heat_kwh"] for day in found["items"]] == [32.0, 8.0]
    assert [day["cost"] for day in found["items"]] == [8.0, 2.0]
    assert found["unrated"] == []


def tariff(**factors: float) -> str:
    """Return a tariff in which hours such as `h7` have a factor of their own."""
    return ",".join(str(factors.get(f"h{hour}", 1.0)) for hour in range(24))


async def test_with_a_tariff_energy_costs_what_it_does_in_the_hour_that_drew_it(
    farm: Twinned,
) -> None:
    # Fans of 400 W draw a twentieth, and cost the same at twenty times the price.
    await ran(farm, "fan")
    flat = (await days(farm, electricity_kwh=5, tariff=tariff()))["items"]
    assert [day["cost"] for day in flat] == [8.0, 2.0]
    dear = tariff(h6=0.5, h7=3.0, h11=2.0, h12=9.0)
    found = (await days(farm, electricity_kwh=5, tariff=dear))["items"]
    assert [(day["energy_kwh"], day["heat_kwh"]) for day in found] == [(1.6, 0.0), (0.4, 0.0)]
    # By the farm's clock: 4 instead of 8 at six, 24 at seven, twelve, and 8 instead of 4 at eleven.
    assert [day["cost"] for day in found] == [0.25 * (4 + 24 + 12 + 8), 0.25 * 4]
    assert [day["cost"] for day in (await days(farm, tariff=dear))["items"]] == [None, None]


async def test_heat_costs_what_heat_does_at_any_hour_or_nobody_knows(farm: Twinned) -> None:
    await ran(farm)
    await ran(farm, "fan")
    both = (await days(farm, electricity_kwh=0.25, heat_kwh=0.07, tariff=tariff(h7=3.0)))["items"]
    assert [day["energy_kwh"] for day in both] == [33.6, 8.4]
    assert [day["cost"] for day in both] == [round(0.25 * 2.4 + 0.07 * 32, 4), 0.66]
    unknown = (await days(farm, electricity_kwh=0.25))["items"]
    assert [day["cost"] for day in unknown] == [None, None]
    assert [day["cost"] for day in (await days(farm, heat_kwh=0.07))["items"]] == [None, None]


@pytest.mark.parametrize(
    ("told", "field", "detail"),
    [
        (tariff(h3=0.0), "query.tariff.3", "greater than 0"),
        (tariff(h3=101.0), "query.tariff.3", "less than or equal to 100"),
        (tariff(h3=float("nan")), "query.tariff.3", "finite number"),
        ("1,2,3", "query.tariff", "24 items"),
        (tariff() + ",1", "query.tariff", "24 items"),
        ("dear", "query.tariff.0", "valid number"),
    ],
)
async def test_what_is_no_tariff_is_refused(
    farm: Twinned, told: str, field: str, detail: str
) -> None:
    path = f"/v1/farms/{farm.farm}/houses/{farm.coop}/analytics/daily"
    query = {"electricity_kwh": "0.25", "tariff": told}
    said = await farm.cloud.http.get(path, params=query, headers=farm.owner.headers)
    assert said.status_code == 422
    error = said.json()["errors"][0]
    assert error["field"] == field
    assert detail in error["detail"]


async def test_what_the_weather_station_shows_is_not_the_house(farm: Twinned) -> None:
    await farm.weathered(2)
    station = f"/v1/farms/{farm.farm}/houses/{farm.greenhouse}/analytics/daily"
    found = await farm.cloud.get(station, farm.owner)
    assert {(day["temperature_c"], day["energy_kwh"]) for day in found["items"]} == {(None, None)}
    assert found["unrated"] == sorted(
        farm.devices[farm.greenhouse, role] for role in ("vent", "heater")
    )
