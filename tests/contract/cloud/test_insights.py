"""What stands out in the readings of a house."""

from datetime import timedelta

import pytest

from tests.support.house import House
from tokkatot.cloud.platform.cache import KEPT_S
from tokkatot.cloud.telemetry.folding import fold
from tokkatot.kit.clock import ManualClock, to_rfc3339

MINUTE = 60_000
DAY = 1440 * MINUTE


async def send_days(house: House, days: int, value: dict[int, float]) -> None:
    """Send a reading every 20 minutes: 0.2 °C warmer each day, others where `value` says so."""
    start_ms = house.now_ms - days * DAY
    rows = [
        house.yard.reading(
            n + 1,
            start_ms + n * 20 * MINUTE,
            value.get(days * 72 - n, 20 + 0.2 * (n // 72) + (n % 72) / 20 + n % 2 / 10),
        )
        for n in range(days * 72)
    ]
    for at in range(0, len(rows), 500):
        await house.send("readings", rows[at : at + 500], at + 1)


def wait_out(clock: ManualClock) -> None:
    """Let what is kept grow too old, without another hour beginning."""
    clock.advance(KEPT_S + 1)
    clock.jump(-KEPT_S - 1)


async def test_an_unusual_hour_is_told_sealed_or_not(house: House) -> None:
    # Between 100 and 60 minutes ago; the hour of the clock begins 120 minutes ago.
    await send_days(house, 10, dict.fromkeys((3, 4, 5), 38.0))
    url = f"{house.url}/anomalies?quantity=temperature"
    answers = [await house.cloud.get(url, house.owner)]
    await fold(house.cloud.context.database, house.cloud.readings, now=house.cloud.clock.now())
    wait_out(house.cloud.clock)
    answers.append(await house.cloud.get(url, house.owner))
    assert answers[0] == answers[1]
    (series,) = answers[0]["series"]
    assert series["compared_hours"] > 100
    told = {one["from"]: one for one in series["anomalies"]}
    hour = told[to_rfc3339(house.cloud.clock.now() - timedelta(hours=2)).replace(".000", "")]
    assert hour["value"] == 38
    assert hour["score"] > 3.5
    assert hour["low"] < hour["high"] < 38


async def test_an_hour_that_is_not_over_is_not_judged(house: House) -> None:
    await send_days(house, 10, {})
    before = await house.cloud.get(f"{house.url}/anomalies", house.owner)
    now = [house.yard.reading(721, house.now_ms, 60.0)]
    await house.send("readings", now, 721)
    wait_out(house.cloud.clock)
    assert await house.cloud.get(f"{house.url}/anomalies", house.owner) == before


async def test_what_stands_out_is_looked_for_once_a_minute(house: House) -> None:
    await send_days(house, 10, {})
    url = f"{house.url}/anomalies"
    before = await house.cloud.get(url, house.owner)
    late_ms = house.now_ms - 3 * 3_600_000
    late = [house.yard.reading(721 + n, late_ms + n * 1000, 60.0) for n in range(50)]
    await house.send("readings", late, 721)
    assert await house.cloud.get(url, house.owner) == before
    wait_out(house.cloud.clock)
    after = await house.cloud.get(url, house.owner)
    assert len(after["series"][0]["anomalies"]) > len(before["series"][0]["anomalies"])


async def test_a_trend_tells_its_slope_and_how_sure_it_is(house: House) -> None:
    await send_days(house, 10, {})
    answer = await house.cloud.get(f"{house.url}/trends", house.owner)
    (series,) = answer["series"]
    assert series["unit"] == "°C"
    trend = series["trend"]
    assert trend["per_day"] == pytest.approx(0.2, abs=0.01)
    assert trend["low"] <= trend["per_day"] <= trend["high"]
    assert trend["direction"] == "rising"
    short = to_rfc3339(house.cloud.clock.now() - timedelta(days=2))
    answer = await house.cloud.get(f"{house.url}/trends?from={short}", house.owner)
    assert answer["series"][0]["trend"] is None


async def test_counters_and_directions_are_left_out(house: House) -> None:
    rows = [
        house.yard.reading(n, house.now_ms - n * MINUTE, 5.0, quantity=quantity)
        for n, quantity in enumerate(("water_total", "energy", "wind_direction"), 1)
    ]
    await house.send("readings", rows)
    for name in ("anomalies", "trends"):
        assert (await house.cloud.get(f"{house.url}/{name}", house.owner))["series"] == []
