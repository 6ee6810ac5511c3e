"""What the days of an autopilot saved: lived by the fitted twin, with it and without."""

import sys
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import delete, update

from tests.support.autopilot import wanting
from tests.support.cloud import Cloud
from tests.support.people import Json
from tests.support.twinned import FIT, Twinned, twinned
from tokkatot.cloud.intelligence import store
from tokkatot.cloud.intelligence.model import Decision, HouseAutopilot, SavedDay
from tokkatot.cloud.intelligence.registry import add_policy
from tokkatot.cloud.twins.saving import reckon_days
from tokkatot.domain.autopilot import AutopilotMode
from tokkatot.kit.clock import to_rfc3339

# A twin's program is nice to all others, and waits where a machine is busy.
pytestmark = pytest.mark.timeout(300)

MIDNIGHT_AGO = timedelta(hours=13)
"""On the farm it is one in the afternoon."""


@pytest.fixture
async def farm(cloud: Cloud) -> Twinned:
    return await twinned(cloud)


async def decided(
    farm: Twinned, shift_k: float, *, fan_share: float = 1.0, days_ago: int = 1
) -> None:
    """Let the set-points have been held so much warmer for all of a day, by default the last.

    So small a part of the fans has run between them.
    """
    async with farm.cloud.context.database.transaction() as tx:
        ended = tx.now - MIDNIGHT_AGO - timedelta(days=days_ago - 1)
        for number in range(288):
            t = ended - timedelta(days=1) + number * timedelta(minutes=5)
            told = {"t": t, "mode": AutopilotMode.AUTO, "shift_k": shift_k, "fan_share": fan_share}
            await store.keep(tx.session, {"house_id": UUID(farm.coop), **told})


async def more_fans(farm: Twinned, count: int) -> None:
    """Give the coop so many fans more, as strong as its first."""
    staff = await farm.cloud.staff()
    for number in range(count):
        fan = {
            "house_id": farm.coop, "hardware_id": f"fan-{number}", "name": "fan", "role": "fan",
            "interface": "relay", "quantities": [], "specs": {"power_w": 50},
        }  # fmt: skip
        await farm.cloud.post(f"/v1/farms/{farm.farm}/devices", fan, staff)


async def yesterday(farm: Twinned, **asked: object) -> Json:
    """Let savings be reckoned, and return the last day that is over."""
    await reckon_days(farm.cloud.context, farm.cloud.readings)
    since = farm.cloud.clock.now() - MIDNIGHT_AGO - timedelta(days=1)
    when = to_rfc3339(since).replace("+", "%2B")
    prices = {"electricity_kwh": 0.5, "heat_kwh": 0.5}
    query = "&".join(f"{name}={value}" for name, value in (prices | asked).items())
    path = f"/v1/farms/{farm.farm}/houses/{farm.coop}/analytics/daily?from={when}"
    found = await farm.cloud.get(f"{path}&{query}", farm.owner)
    first, today = found["items"]
    assert (today["saved_kwh"], today["lacking"]) == (None, "open")
    return first


async def test_fans_that_run_less_in_the_same_weather_save_what_they_would_have_drawn(
    farm: Twinned,
) -> None:
    await farm.weathered(3, mean_c=27.0)
    await farm.fitted()
    await decided(farm, 2.0)
    day = await yesterday(farm)
    assert day["lacking"] is None
    assert day["saved_kwh"] > 1.0
    assert day["saved"] == pytest.approx(0.5 * day["saved_kwh"], abs=1e-3)
    assert abs(day["spared_stress_h"]) < 0.5


async def test_fans_that_rested_between_the_limits_of_a_warm_day_drew_nothing(
    farm: Twinned,
) -> None:
    await farm.weathered(4, mean_c=24.0)
    await farm.fitted()
    await more_fans(farm, 7)
    await decided(farm, 0.0, fan_share=0.25)
    day = await yesterday(farm)
    assert day["lacking"] is None
    assert day["saved_kwh"] - day["saved_heat_kwh"] > 1.0
    assert abs(day["spared_stress_h"]) < 0.5


async def test_the_only_fan_of_a_coop_never_rested(farm: Twinned) -> None:
    await farm.weathered(4, mean_c=24.0)
    await farm.fitted()
    await decided(farm, 0.0, fan_share=0.25)
    assert (await yesterday(farm))["saved_kwh"] == 0.0


async def test_with_a_tariff_what_is_saved_in_dear_hours_is_worth_more(farm: Twinned) -> None:
    await farm.weathered(3, mean_c=27.0)
    await farm.fitted()
    await decided(farm, 2.0)
    flat = await yesterday(farm, tariff=",".join(["1"] * 24))
    assert flat["saved"] == pytest.approx(0.5 * flat["saved_kwh"], abs=1e-3)
    hours = [await yesterday(farm, tariff=one) for one in (by_day(3.0), by_day(0.5))]
    dear, cheap = (one["saved"] - flat["saved"] for one in hours)
    # What of it is saved by day counts two more times, or half of it does not count.
    assert dear == pytest.approx(-4 * cheap, abs=1e-3)
    assert 0.1 * flat["saved"] < -2 * cheap < 0.9 * flat["saved"]
    async with farm.cloud.context.database.transaction() as tx:
        await tx.session.execute(update(SavedDay).values(saved_heat_kwh=None))
    # As it was before heat and hours were kept.
    old = await yesterday(farm, tariff=by_day(3.0))
    assert (old["saved_kwh"], old["saved"], old["lacking"]) == (flat["saved_kwh"], None, "parts")


async def test_heat_that_is_saved_costs_what_heat_does(farm: Twinned) -> None:
    await farm.weathered(3, mean_c=10.0)
    await farm.fitted()
    await decided(farm, -2.0)
    day = await yesterday(farm, heat_kwh=0.07)
    heat_kwh = day["saved_heat_kwh"]
    assert heat_kwh > 2.0
    worth = 0.5 * (day["saved_kwh"] - heat_kwh) + 0.07 * heat_kwh
    assert (day["saved"], day["lacking"]) == (pytest.approx(worth, abs=1e-3), None)


def by_day(factor: float) -> str:
    """Return a tariff whose price is so many times as much from six to six."""
    return ",".join(str(factor if 6 <= hour < 18 else 1.0) for hour in range(24))


async def test_what_was_held_as_people_set_it_saved_nothing(farm: Twinned) -> None:
    await farm.weathered(3, mean_c=27.0)
    await farm.fitted()
    await decided(farm, 0.0)
    assert (await yesterday(farm))["saved_kwh"] == 0.0


async def test_what_lacks_is_said(farm: Twinned) -> None:
    assert (await yesterday(farm))["lacking"] == "open"
    await decided(farm, -2.0)
    assert (await yesterday(farm))["lacking"] == "fit"


async def test_without_a_station_nobody_can_tell(farm: Twinned) -> None:
    await farm.fitted()
    await decided(farm, -2.0)
    day = await yesterday(farm)
    assert (day["saved_kwh"], day["spared_stress_h"], day["lacking"]) == (None, None, "weather")


async def test_a_fit_of_another_program_is_none(farm: Twinned) -> None:
    await farm.weathered(3)
    await farm.fitted(FIT | {"parameters": {"feathers": FIT["parameters"]["heat_total"]}})
    await decided(farm, -2.0)
    assert (await yesterday(farm))["lacking"] == "fit"


async def test_what_lacked_is_reckoned_once_it_has_come(farm: Twinned) -> None:
    await farm.fitted()
    await decided(farm, 2.0, days_ago=3)
    assert (await yesterday(farm))["lacking"] == "decisions"
    await decided(farm, 2.0)
    assert (await yesterday(farm))["lacking"] == "weather"
    await farm.weathered(3, mean_c=27.0)
    day = await yesterday(farm)
    assert (day["lacking"], day["saved_kwh"] > 1.0) == (None, True)
    # What was reckoned once stays, whatever is decided after all.
    async with farm.cloud.context.database.transaction() as tx:
        await tx.session.execute(delete(Decision))
    await decided(farm, 0.0)
    assert (await yesterday(farm))["saved_kwh"] == day["saved_kwh"]


async def test_a_day_waits_for_a_hub_that_is_away_and_for_what_it_brings(farm: Twinned) -> None:
    await decided(farm, 2.0, days_ago=2)
    await farm.heard(MIDNIGHT_AGO + timedelta(hours=1))
    assert (await yesterday(farm))["lacking"] == "open"
    await farm.heard(timedelta())
    policy = wanting(1.0)
    async with farm.cloud.context.database.transaction() as tx:
        await add_policy(tx, policy.card, policy.model)
        steers = {"mode": AutopilotMode.AUTO, "policy_sha256": policy.sha256, "changed_at": tx.now}
        tx.session.add(HouseAutopilot(house_id=UUID(farm.coop), **steers))
    # It is there again, and its decisions are still on their way.
    assert (await yesterday(farm))["lacking"] == "open"
    await decided(farm, 2.0)
    await decided(farm, 2.0, days_ago=0)
    assert (await yesterday(farm))["lacking"] == "fit"


async def test_for_a_hub_that_stays_away_a_day_does_not_wait_for_ever(farm: Twinned) -> None:
    await decided(farm, 2.0, days_ago=15)
    await farm.heard(timedelta(days=14))
    await reckon_days(farm.cloud.context, farm.cloud.readings)
    async with farm.cloud.context.database.transaction() as tx:
        rows = await store.saved_days(
            tx.session, [UUID(farm.coop)], date(2026, 1, 1), date(2026, 12, 31)
        )
    assert [row.day.isoformat() for row in rows] == ["2026-02-15"]


async def test_days_that_nobody_reckoned_in_time_are_reckoned_later(farm: Twinned) -> None:
    for days_ago in (20, 4, 2):
        await decided(farm, -2.0, days_ago=days_ago)
    await reckon_days(farm.cloud.context, farm.cloud.readings)
    async with farm.cloud.context.database.transaction() as tx:
        rows = await store.saved_days(
            tx.session, [UUID(farm.coop)], date(2026, 1, 1), date(2026, 12, 31)
        )
    # On the farm it is the first of March; nothing was decided before the 25th, but long ago.
    assert {(row.day.isoformat(), row.lacking) for row in rows} == {
        ("2026-02-25", "fit"),
        ("2026-02-26", "fit"),
        ("2026-02-27", "fit"),
        ("2026-02-28", "fit"),
    }


async def test_a_twin_that_comes_to_no_number_saved_nothing_that_is_known(farm: Twinned) -> None:
    await farm.weathered(3, mean_c=27.0)
    await farm.fitted()
    await decided(farm, 2.0)
    said = (
        '{"result": {"rules": {"heat_kwh": null, "electricity_kwh": 1, "heat_stress_h": 0,'
        ' "electricity_by_hour_kwh": [1]}, "held": {"heat_kwh": 1, "electricity_kwh": 1,'
        ' "heat_stress_h": 0, "electricity_by_hour_kwh": [null]}}}'
    )
    program = (sys.executable, "-c", f"import sys; sys.stdin.buffer.read(); print({said!r})")
    await reckon_days(farm.cloud.context, farm.cloud.readings, program=program)
    assert (await yesterday(farm))["lacking"] == "twin"
