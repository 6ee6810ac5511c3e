"""What is foretold of flocks and crops, kept beside what came; and what people picked."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from tests.support.cloud import Cloud
from tests.support.people import Json
from tests.support.twinned import Twinned, twinned
from tokkatot.cloud.main import forecasts_of
from tokkatot.cloud.twins.growing import PROGRAM, foretell
from tokkatot.kit.clock import to_rfc3339

# A twin's program is nice to all others, and waits where a machine is busy.
pytestmark = pytest.mark.timeout(300)

# It is one in the afternoon of the first of March on the farm.
YESTERDAYS_MIDNIGHT_AGO = timedelta(hours=37)


QUICK = (
    sys.executable,
    "-c",
    """
import sys, msgspec
asked = msgspec.msgpack.decode(sys.stdin.buffer.read())
birds, after = asked["twin"]["birds"], asked["told_after"]
assert len(asked["weather"]) == len(asked["points"]) == len(asked["hours"]) == after[-1]
begun = birds["kg"] if birds else 0.0
told = [begun + 0.1 * (hours // 24) for hours in after]
print(msgspec.json.encode({"result": {"told": told}}).decode())
""",
)
"""A twin whose birds gain 100 g a day, and whose plants bear as much dry fruit a square metre."""


@pytest.fixture
async def farm(cloud: Cloud) -> Twinned:
    return await twinned(cloud)


async def planted(farm: Twinned, crop: str = "tomato", on: str = "2026-02-27") -> None:
    path = f"/v1/farms/{farm.farm}/houses/{farm.greenhouse}/crop-cycles"
    await farm.cloud.post(path, {"crop_type": crop, "planted_on": on}, farm.owner)


async def told(farm: Twinned, *, program: Sequence[str] = QUICK) -> None:
    forecasts = forecasts_of(farm.cloud.context)
    await foretell(farm.cloud.context, farm.cloud.readings, forecasts, program=program)


async def daily(farm: Twinned, house: str) -> Json:
    since = farm.cloud.clock.now() - timedelta(days=1, hours=13)
    when = to_rfc3339(since).replace("+", "%2B")
    path = f"/v1/farms/{farm.farm}/houses/{house}/analytics/daily?from={when}"
    return await farm.cloud.get(path, farm.owner)


async def weighing(farm: Twinned, kg: float) -> None:
    """Hang a scale under the birds, which showed this all the day before."""
    staff = await farm.cloud.staff()
    made = await farm.cloud.post(
        f"/v1/farms/{farm.farm}/devices",
        {
            "house_id": farm.coop,
            "hardware_id": "coop-weight_scale",
            "name": "Scale",
            "role": "weight_scale",
            "interface": "sensor",
            "quantities": ["weight"],
        },
        staff,
    )
    scale = replace(farm, devices={**farm.devices, (farm.coop, "weight_scale"): str(made["id"])})
    since = farm.cloud.clock.now() - YESTERDAYS_MIDNIGHT_AGO
    await scale.measured(farm.coop, "weight_scale", "weight", since, [kg] * 96)


async def test_a_flock_grows_from_what_it_weighed_yesterday(farm: Twinned) -> None:
    await farm.weathered(2)
    await weighing(farm, 0.8)
    await told(farm, program=PROGRAM)
    growth = (await daily(farm, farm.coop))["growth"]
    assert (growth["quantity"], growth["told_on"], growth["lacking"]) == (
        "weight",
        "2026-03-01",
        None,
    )
    kg = [day["kg"] for day in growth["ahead"]]
    assert [day["on"] for day in growth["ahead"]][::6] == ["2026-03-01", "2026-03-07"]
    assert kg == sorted(kg)
    assert 0.82 < kg[0] < 0.9
    assert 1.05 < kg[6] < 1.4


async def test_without_scales_a_flock_weighs_what_its_age_says(farm: Twinned) -> None:
    await farm.weathered(2)
    await told(farm)
    growth = (await daily(farm, farm.coop))["growth"]
    # It was 18 days old yesterday, four days after 0.53 kg and three before 1.01.
    begun = 0.53 + 0.48 * 4 / 7
    assert growth["ahead"][0]["kg"] == pytest.approx(begun + 0.1, abs=1e-3)


async def test_birds_of_the_village_weigh_less_at_their_age(farm: Twinned) -> None:
    await farm.weathered(2)
    path = f"/v1/farms/{farm.farm}/houses/{farm.coop}"
    (flock,) = (await farm.cloud.get(f"{path}/flocks", farm.owner))["items"]
    answer = await farm.cloud.http.patch(
        f"{path}/flocks/{flock['id']}", json={"chicken_type": "មាន់ស្រែ"}, headers=farm.owner.headers
    )
    assert answer.status_code == 200, answer.text
    await told(farm, program=PROGRAM)
    kg = [day["kg"] for day in (await daily(farm, farm.coop))["growth"]["ahead"]]
    # 0.12 kg when it was 18 days old, where broilers weigh 0.80 kg.
    assert 0.12 < kg[0] < 0.14
    assert 0.16 < kg[6] < 0.21


async def test_on_the_day_of_placing_chicks_grow_and_not_the_flock_before(farm: Twinned) -> None:
    await farm.weathered(2)
    await weighing(farm, 2.5)
    await farm.restocked(cleared_on="2026-02-28", placed_on="2026-03-01")
    await told(farm)
    growth = (await daily(farm, farm.coop))["growth"]
    assert growth["ahead"][0]["kg"] == pytest.approx(0.044 + 0.1, abs=1e-3)


async def test_what_was_told_stays_as_it_was_beside_what_came(farm: Twinned) -> None:
    await farm.weathered(2)
    await weighing(farm, 0.8)
    await told(farm)
    first = (await daily(farm, farm.coop))["growth"]["ahead"]
    farm.cloud.clock.advance(86_400)
    await told(farm)
    again = replace(farm, owner=await farm.cloud.log_in(farm.owner.login))
    answer = await daily(again, farm.coop)
    yesterday, today = answer["items"]
    assert answer["growth"]["told_on"] == "2026-03-02"
    assert (yesterday["predicted_kg"], yesterday["predicted_on"]) == (first[0]["kg"], "2026-03-01")
    assert (today["predicted_kg"], today["predicted_on"]) == (first[1]["kg"], "2026-03-01")


async def test_a_house_whose_twin_says_nonsense_holds_no_other_up(farm: Twinned) -> None:
    await farm.weathered(4)
    await planted(farm)
    # Of birds it says nothing that anybody could read.
    broken = QUICK[2].replace('{"told": told}', '{"told": told} if not birds else {}')
    await told(farm, program=(*QUICK[:2], broken))
    coop = (await daily(farm, farm.coop))["growth"]
    crop = (await daily(farm, farm.greenhouse))["growth"]
    assert (coop["lacking"], coop["ahead"]) == ("twin", [])
    assert (crop["lacking"], len(crop["ahead"])) == (None, 7)


async def test_a_day_is_foretold_once(farm: Twinned) -> None:
    await told(farm)
    await told(farm)
    async with farm.cloud.context.database.transaction() as tx:
        rows = await tx.session.scalar(text("SELECT count(*) FROM predictions"))
    assert rows == 1


async def test_a_crop_without_weather_or_of_a_kind_that_nobody_knows_is_not_foretold(
    farm: Twinned,
) -> None:
    await planted(farm)
    await told(farm)
    assert (await daily(farm, farm.coop))["growth"]["lacking"] == "weather"
    growth = (await daily(farm, farm.greenhouse))["growth"]
    assert (growth["quantity"], growth["lacking"], growth["ahead"]) == ("yield", "weather", [])


async def test_a_crop_that_no_twin_knows_is_not_foretold(farm: Twinned) -> None:
    await farm.weathered(2)
    await planted(farm, "cucumber")
    await told(farm)
    assert (await daily(farm, farm.greenhouse))["growth"]["lacking"] == "crop"


async def test_a_crop_bears_what_its_dry_fruit_weighs_fresh(farm: Twinned) -> None:
    await farm.weathered(2)
    await planted(farm, "ប៉េងប៉ោះ")
    await told(farm)
    growth = (await daily(farm, farm.greenhouse))["growth"]
    assert growth["lacking"] is None
    # 0.1 g a day of each of 200 square metres, 5.5 % of it dry.
    assert [day["kg"] for day in growth["ahead"]] == pytest.approx([0.364] * 7, abs=1e-3)


async def test_what_people_pick_is_told_of_its_day_until_they_take_it_back(farm: Twinned) -> None:
    await planted(farm)
    path = f"/v1/farms/{farm.farm}/houses/{farm.greenhouse}/harvests"
    await farm.cloud.post(path, {"kg": 12.5, "picked_on": "2026-02-28"}, farm.owner)
    wrong = await farm.cloud.post(path, {"kg": 125, "picked_on": "2026-02-28"}, farm.owner)
    today = await farm.cloud.post(path, {"kg": 3}, farm.owner)
    assert today["picked_on"] == "2026-03-01"
    taken = [
        await farm.cloud.http.delete(f"{path}/{wrong['id']}", headers=farm.owner.headers)
        for _ in range(2)
    ]
    assert [one.status_code for one in taken] == [204, 404]
    items = (await daily(farm, farm.greenhouse))["items"]
    assert [day["yield_kg"] for day in items] == [12.5, 3.0]
    noted = (await farm.cloud.get(path, farm.owner))["items"]
    assert [one["kg"] for one in noted] == [3.0, 12.5]


async def test_nobody_picks_in_a_coop_nor_tomorrow_nor_where_nothing_grew(farm: Twinned) -> None:
    await planted(farm)
    path = f"/v1/farms/{farm.farm}/houses/{farm.greenhouse}/harvests"
    early = {"kg": 1, "picked_on": "2026-02-01"}
    assert (await farm.cloud.post(path, early, farm.owner, status=409))["code"] == "conflict"
    late = {"kg": 1, "picked_on": "2026-03-02"}
    await farm.cloud.post(path, late, farm.owner, status=422)
    coop = f"/v1/farms/{farm.farm}/houses/{farm.coop}/harvests"
    await farm.cloud.post(coop, {"kg": 1}, farm.owner, status=409)
