"""What a house's twin says would be: this weather, these set-points, from the store's readings."""

from datetime import timedelta

import pytest

from tests.support.cloud import Cloud
from tests.support.twinned import Json, Twinned, twinned
from tokkatot.climate.physics.air import vpd_kpa
from tokkatot.kit.clock import to_rfc3339

WARM = {"temperature_min_c": 30, "temperature_max_c": 33, "temperature_hard_max_c": 36}
COOL_NIGHT = [{"temperature_c": 19 - hour % 3, "humidity_pct": 80} for hour in range(10)]
RECORDED = {"weather": {"kind": "recorded"}}


def _recorded(end: str, at: str) -> Json:
    return {"weather": {"kind": "recorded", end: at}}


@pytest.fixture
async def farm(cloud: Cloud) -> Twinned:
    return await twinned(cloud)


async def plans(farm: Twinned, house: str, **body: object) -> Json:
    job = await farm.answer(house, body)
    assert job["state"] == "completed", job
    return job["result"]


async def test_warmer_set_points_cost_what_the_heater_burns(farm: Twinned) -> None:
    prices = {"electricity_kwh": 0.2, "heat_kwh": 0.1}
    found = await plans(
        farm,
        farm.coop,
        weather={"kind": "given", "hours": COOL_NIGHT},
        setpoints=WARM,
        prices=prices,
    )
    as_is, what_if = found["plans"]["as_is"], found["plans"]["what_if"]
    assert what_if["heat_kwh"] > as_is["heat_kwh"]
    assert what_if["air_min_c"] > as_is["air_min_c"]
    for plan in (as_is, what_if):
        money = plan["electricity_kwh"] * 0.2 + plan["heat_kwh"] * 0.1
        assert plan["cost"] == pytest.approx(money, abs=1e-3)
        assert len(plan["air_c"]) == len(found["outdoor_c"]) == 120
    assert found["twin"] == {"house": "tunnel", "birds": 480, "fitted_at": None}
    assert found["assumed"] == ["inside.temperature", "inside.relative_humidity", "inside.co2"]


async def test_electricity_costs_what_it_does_in_the_hour_that_draws_it(farm: Twinned) -> None:
    # Five hours from ten in the evening on, by the farm's clock.
    hot_night = [{"temperature_c": 30, "humidity_pct": 70}] * 5
    given = {"kind": "given", "from": "2026-03-01T15:00:00Z", "hours": hot_night}
    tariff = [1.0] * 24
    tariff[23], tariff[1] = 3.0, 0.5
    prices = {"electricity_kwh": 0.2, "heat_kwh": 0.1, "tariff": tariff}
    found = (await plans(farm, farm.coop, weather=given, prices=prices))["plans"]["as_is"]
    drawn = found["electricity_by_hour_kwh"]
    assert {hour: kwh for hour, kwh in enumerate(drawn) if kwh} == pytest.approx(
        dict.fromkeys((22, 23, 0, 1, 2), 0.4)
    )
    assert (found["heat_kwh"], sum(found["heat_by_hour_kwh"])) == (0.0, 0.0)
    assert found["cost"] == pytest.approx(0.2 * 0.4 * (1 + 3 + 1 + 0.5 + 1))


async def test_recorded_weather_is_lived_through_beside_what_was_measured(farm: Twinned) -> None:
    since = await farm.weathered()
    await farm.measured(farm.coop, "climate_sensor", "temperature", since, [27.25] * 96)
    found = await plans(farm, farm.coop, **RECORDED)
    assert (found["from"], found["row_s"]) == (to_rfc3339(since), 300)
    as_is = found["plans"]["as_is"]
    assert list(found["plans"]) == ["as_is"]
    assert as_is["cost"] is None
    assert [len(column) for column in (as_is["air_c"], found["outdoor_c"])] == [288, 288]
    assert found["measured"]["air_c"][:4] == [27.25, None, None, 27.25]
    assert found["measured"]["co2_ppm"] is None
    assert "inside.temperature" not in found["assumed"]
    # A house full of birds is warmer than the air around it, and its fans keep it near.
    warmer = [air - out for air, out in zip(as_is["air_c"], found["outdoor_c"], strict=True)]
    assert 0 < sum(warmer) / len(warmer) < 8


async def test_a_week_of_the_past_is_lived_with_the_flock_of_that_week(farm: Twinned) -> None:
    await farm.weathered(8)
    await farm.restocked(cleared_on="2026-02-26", placed_on="2026-02-28")
    week = {"kind": "recorded", "from": "2026-02-22T00:00:00Z", "through": "2026-02-23T00:00:00Z"}
    assert (await plans(farm, farm.coop, weather=week))["twin"]["birds"] == 480
    empty = {"kind": "recorded", "from": "2026-02-26T18:00:00Z", "through": "2026-02-27T00:00:00Z"}
    assert (await plans(farm, farm.coop, weather=empty))["twin"]["birds"] is None
    assert (await plans(farm, farm.coop, **RECORDED))["twin"]["birds"] == 300


async def test_hens_are_taken_for_hens_by_the_word_of_their_flock(farm: Twinned) -> None:
    await farm.weathered(8)
    assert (await plans(farm, farm.coop, **RECORDED))["twin"]["house"] == "tunnel"
    await farm.restocked(cleared_on="2026-02-26")
    flock = {"placed_on": "2026-02-27", "placed_count": 300, "chicken_type": "មាន់ពង"}
    path = f"/v1/farms/{farm.farm}/houses/{farm.coop}"
    await farm.cloud.post(f"{path}/flocks", flock, farm.owner)
    assert (await farm.cloud.get(f"{path}/twin", farm.owner))["house"] == "hens"
    assert (await plans(farm, farm.coop, **RECORDED))["twin"]["house"] == "hens"
    week = {"kind": "recorded", "from": "2026-02-22T00:00:00Z", "through": "2026-02-23T00:00:00Z"}
    assert (await plans(farm, farm.coop, weather=week))["twin"]["house"] == "tunnel"


@pytest.mark.parametrize("twin", ["hens", "open", "tunnel"])
async def test_the_fans_of_a_coop_draw_what_they_are_rated_at(farm: Twinned, twin: str) -> None:
    second = {"hardware_id": "coop-fan-2", "name": "fan", "role": "fan", "interface": "relay"}
    body = second | {"house_id": farm.coop, "specs": {"power_w": 250}}
    await farm.cloud.post(f"/v1/farms/{farm.farm}/devices", body, await farm.cloud.staff())
    hot_night = [{"temperature_c": 30, "humidity_pct": 70}] * 4
    given = {"kind": "given", "from": "2026-03-01T14:00:00Z", "hours": hot_night}
    one = (await plans(farm, farm.coop, weather=given, twin=twin))["plans"]["as_is"]
    # Fans of 400 and 250 W, and from nine in the evening on no lamps.
    assert one["electricity_kwh"] == pytest.approx(4 * 0.65, rel=1e-3)


async def test_a_warmer_day_is_a_warmer_house(farm: Twinned) -> None:
    await farm.weathered()
    usual = (await plans(farm, farm.coop, **RECORDED))["plans"]["as_is"]
    heat = (await plans(farm, farm.coop, **RECORDED, warmer_k=5))["plans"]["as_is"]
    assert 2 < heat["air_max_c"] - usual["air_max_c"] < 6
    assert heat["hours_too_hot"] > usual["hours_too_hot"]
    assert heat["heat_stress_h"] >= usual["heat_stress_h"]


async def test_the_houses_own_plan_follows_its_curve_and_its_night(farm: Twinned) -> None:
    cold = {"kind": "given", "hours": COOL_NIGHT}
    before = (await plans(farm, farm.coop, weather=cold))["plans"]["as_is"]
    curve = {
        "kind": "temperature_curve",
        "minimum_c": [{"day": 0, "value": 30}],
        "maximum_c": [{"day": 0, "value": 33}],
    }
    await farm.cloud.post(
        f"/v1/farms/{farm.farm}/schedules",
        {"house_id": farm.coop, "name": "Warmth", "does": curve},
        farm.owner,
    )
    after = (await plans(farm, farm.coop, weather=cold))["plans"]["as_is"]
    assert after["heat_kwh"] > before["heat_kwh"]


async def test_a_greenhouse_is_heated_aired_and_has_no_birds(farm: Twinned) -> None:
    since = await farm.weathered(mean_c=24)
    found = await plans(
        farm,
        farm.greenhouse,
        weather={"kind": "recorded", "from": to_rfc3339(since + timedelta(hours=2))},
        setpoints={
            "temperature_min_c": 26,
            "temperature_max_c": 28,
            "temperature_hard_max_c": 38,
        },
    )
    as_is, what_if = found["plans"]["as_is"], found["plans"]["what_if"]
    assert what_if["heat_kwh"] > as_is["heat_kwh"]
    assert what_if["electricity_kwh"] > 0
    assert what_if["heat_stress_h"] is None
    rows = zip(what_if["air_c"], what_if["humidity_pct"], what_if["vpd_kpa"], strict=True)
    for air_c, humidity_pct, told_kpa in rows:
        assert told_kpa == pytest.approx(vpd_kpa(air_c, humidity_pct), abs=0.01)
    assert found["twin"] == {"house": "tomato", "birds": None, "fitted_at": None}


async def test_what_was_not_recorded_can_not_be_lived_through(farm: Twinned) -> None:
    job = await farm.answer(farm.coop, RECORDED)
    assert (job["state"], job["trouble"]["code"]) == ("failed", "refused")
    assert "weather station" in job["trouble"]["detail"]
    assert job["trouble"]["reason"] == {"code": "no_station", "values": {}}


async def test_no_line_is_drawn_over_hours_without_weather(farm: Twinned) -> None:
    since = farm.cloud.clock.now() - timedelta(days=1)
    for quantity in ("temperature", "relative_humidity"):
        await farm.measured(farm.greenhouse, "weather_station", quantity, since, [25.0] * 40)
        later = since + timedelta(hours=14)
        await farm.measured(farm.greenhouse, "weather_station", quantity, later, [25.0] * 40)
    assert (await farm.answer(farm.coop, RECORDED))["trouble"]["code"] == "refused"
    end = to_rfc3339(since + timedelta(hours=10))
    whole = {"weather": {"kind": "recorded", "from": to_rfc3339(since), "through": end}}
    found = (await farm.answer(farm.coop, whole))["result"]
    assert found["assumed"][:2] == ["global_radiation", "air_speed"]


def _tariff(*factors: float) -> Json:
    prices = {"electricity_kwh": 0.2, "heat_kwh": 0.1, "tariff": factors}
    return RECORDED | {"prices": prices}


WRONG: list[tuple[Json, str]] = [
    ({"weather": {"kind": "given", "hours": COOL_NIGHT[:1]}}, "body.weather.given.hours"),
    ({"weather": {"kind": "magic"}}, "body.weather"),
    (RECORDED | {"twin": "tomato"}, "body.twin"),
    (RECORDED | {"warmer_k": 99}, "body.warmer_k"),
    (_tariff(*[1.0] * 23), "body.prices.tariff"),
    (_tariff(*[1.0] * 25), "body.prices.tariff"),
    (_tariff(*[1.0] * 23, 0.0), "body.prices.tariff.23"),
    (_tariff(100.1, *[1.0] * 23), "body.prices.tariff.0"),
    (_recorded("from", "2026-02-01T00:00:00Z"), "body.weather.from"),
    (_recorded("from", "2026-03-02T00:00:00Z"), "body.weather.from"),
    (_recorded("through", "2026-04-01T00:00:00Z"), "body.weather.through"),
    (_recorded("through", "0001-01-01T00:00:00Z"), "body.weather.through"),
    (
        {"weather": {"kind": "given", "from": "9999-12-31T00:00:00Z", "hours": COOL_NIGHT}},
        "body.weather.from",
    ),
]


async def test_what_can_not_be_meant_is_refused_at_once(farm: Twinned) -> None:
    refused = [(await farm.ask(farm.coop, body, status=422))["errors"] for body, _ in WRONG]
    assert [errors[0]["field"] for errors in refused] == [field for _, field in WRONG]


async def test_set_points_that_contradict_each_other_are_refused(farm: Twinned) -> None:
    upside_down = WARM | {"temperature_max_c": 20}
    refused = await farm.ask(farm.coop, RECORDED | {"setpoints": upside_down}, status=422)
    assert "temperature_max_c" in refused["detail"]


async def test_a_question_that_is_sent_twice_is_one_job(farm: Twinned) -> None:
    path = f"/v1/farms/{farm.farm}/houses/{farm.coop}/twin/simulate"
    first, again = [
        await farm.cloud.post(
            path, RECORDED, farm.owner, status=202, headers={"Idempotency-Key": "k"}
        )
        for _ in range(2)
    ]
    assert first["id"] == again["id"]
