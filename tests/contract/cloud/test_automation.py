"""What houses do by themselves beside their schedules: rules, modes, nights, limits of devices."""

import json
import re
from uuid import uuid4

import pytest

from tests.support.automated import Automated, Json, automated
from tests.support.cloud import Cloud
from tokkatot.domain.desired import RelayLimits
from tokkatot.domain.houses import HouseMode


@pytest.fixture
async def farm(cloud: Cloud) -> Automated:
    return await automated(cloud)


def house_path(farm: Automated, leaf: str) -> str:
    return f"/v1/farms/{farm.farm}/houses/{farm.house}/{leaf}"


def staged(farm: Automated, **fields: object) -> Json:
    stage = {"threshold": 28, "devices": [farm.devices["fan"]]}
    return {
        "kind": "staged",
        "name": "Air",
        "quantity": "temperature",
        "comparison": "above",
        "hysteresis": 1,
        "stages": [stage],
    } | fields


async def rules(farm: Automated, version: int, *listed: Json, status: int = 200) -> Json:
    body = {"version": version, "rules": list(listed)}
    return await farm.put(house_path(farm, "rules"), body, status=status)


async def test_a_house_without_rules_says_so(farm: Automated) -> None:
    found = await farm.cloud.get(house_path(farm, "rules"), farm.owner)
    assert (found["version"], found["rules"]) == (0, [])


async def test_rules_come_back_as_written_and_go_to_the_hub(farm: Automated) -> None:
    stored = await rules(farm, 0, staged(farm))
    assert (stored["version"], stored["updated_by"]["name"]) == (1, "Owner of Kandal")
    assert await farm.cloud.get(house_path(farm, "rules"), farm.owner) == stored
    (rule,) = (await farm.desired()).houses[0].rules
    assert (str(rule.id), rule.name) == (stored["rules"][0]["id"], "Air")
    assert [event["type"] for event in await farm.events("rules.")] == ["rules.changed"]


async def test_a_rule_may_come_with_its_id(farm: Automated) -> None:
    own = str(uuid4())
    stored = await rules(farm, 0, staged(farm, id=own))
    assert [rule["id"] for rule in stored["rules"]] == [own]


async def test_the_same_rules_again_make_no_version(farm: Automated) -> None:
    stored = await rules(farm, 0, staged(farm))
    version = (await farm.desired()).version
    assert (await rules(farm, 1, *stored["rules"]))["version"] == 1
    assert (await farm.desired()).version == version


async def test_who_edits_older_rules_is_told(farm: Automated) -> None:
    await rules(farm, 0, staged(farm))
    assert (await rules(farm, 0, status=409))["code"] == "conflict"


async def test_rules_count_as_held_once_their_hub_has_taken_them(farm: Automated) -> None:
    path = house_path(farm, "rules")
    assert (await farm.cloud.get(path, farm.owner))["held"] is True
    stored = await rules(farm, 0, staged(farm))
    assert stored["held"] is False
    with_rules = (await farm.desired()).version
    # Something else has changed since: the rules are held all the same.
    await farm.add()
    await farm.hub_holds(with_rules)
    assert (await farm.cloud.get(path, farm.owner))["held"] is True
    assert (await rules(farm, 1))["held"] is False


REFUSED = {
    "an unknown kind": ({"kind": "magic"}, "body.rules.1.kind"),
    "no name": ({"name": ""}, "body.rules.1.name"),
    "a stage without devices": ({"stages": [{"threshold": 20}]}, "body.rules.1.stages.0.devices"),
    "a threshold that nothing reaches": (
        {"stages": [{"threshold": 99, "devices": ["fan"]}]},
        "body.rules.1",
    ),
    "a sensor as an actuator": (
        {"stages": [{"threshold": 28, "devices": ["climate_sensor"]}]},
        "body.rules.1.stages.0.devices.0",
    ),
    "a field that nobody reads": ({"hysteresys": 3}, "body.rules.1.hysteresys"),
}


@pytest.mark.parametrize("what", REFUSED)
async def test_a_rule_that_a_house_can_not_carry_out_is_refused_with_the_field(
    farm: Automated, what: str
) -> None:
    fields, field = REFUSED[what]
    refused = await rules(farm, 0, staged(farm), with_ids(staged(farm) | fields, farm), status=422)
    assert refused["errors"][0]["field"] == field
    assert (await farm.cloud.get(house_path(farm, "rules"), farm.owner))["version"] == 0


def with_ids(rule: Json, farm: Automated) -> Json:
    for stage in rule["stages"]:
        if "devices" in stage:
            stage["devices"] = [farm.devices.get(name, name) for name in stage["devices"]]
    return rule


async def test_two_rules_don_t_share_an_id(farm: Automated) -> None:
    (rule,) = (await rules(farm, 0, staged(farm)))["rules"]
    refused = await rules(farm, 1, rule, rule, status=422)
    assert refused["errors"][0]["field"] == "body.rules.1.id"


async def test_a_mode_of_the_house_s_kind_is_taken_and_shown(farm: Automated) -> None:
    modes = ["empty", "preheat", "growth", "catching"]
    set_to = await farm.put(house_path(farm, "mode"), {"mode": "catching"})
    assert set_to == {"mode": "catching", "modes": modes}
    assert (await farm.desired()).houses[0].mode is HouseMode.CATCHING
    state = await farm.cloud.get(house_path(farm, "state"), farm.owner)
    assert (state["house"]["mode"], state["house"]["modes"]) == ("catching", modes)
    (event,) = await farm.events("mode.")
    assert event["data"] == {"before": None, "after": "catching"}
    refused = await farm.put(house_path(farm, "mode"), {"mode": "flowering"}, status=422)
    assert refused["errors"][0]["code"] == "unknown_mode"
    assert (await farm.put(house_path(farm, "mode"), {"mode": None}))["mode"] is None
    assert (await farm.desired()).houses[0].mode is None


async def test_nights_have_targets_of_their_own_where_the_sun_is_known(farm: Automated) -> None:
    path = house_path(farm, "setpoints")
    by_day = await farm.cloud.get(path, farm.owner)
    assert by_day["night"] is None
    night = {name: value for name, value in by_day.items() if name != "night"}
    night["temperature_min_c"] = 20
    refused = await farm.put(path, by_day | {"night": night}, status=422)
    assert refused["errors"][0]["code"] == "no_place"
    await farm.locate()
    assert (await farm.put(path, by_day | {"night": night}))["night"] == night
    held = (await farm.desired()).houses[0].night
    assert held is not None
    assert held.temperature_min_c == 20


async def test_who_knows_nothing_of_nights_does_not_end_them(farm: Automated) -> None:
    path = house_path(farm, "setpoints")
    await farm.locate()
    by_day = await farm.cloud.get(path, farm.owner)
    alone = {name: value for name, value in by_day.items() if name != "night"}
    both = await farm.put(path, alone | {"night": alone})
    assert (await farm.put(path, alone | {"temperature_max_c": 31}))["night"] == both["night"]
    assert (await farm.put(path, alone | {"night": None}))["night"] is None


async def test_staff_say_how_gently_a_device_is_switched(farm: Automated) -> None:
    path = f"/v1/farms/{farm.farm}/devices/{farm.devices['fan']}"
    limits = {"limits": {"min_on_s": 120, "starts_per_hour": 4}}
    refused = await farm.cloud.http.patch(path, json=limits, headers=farm.owner.headers)
    assert refused.status_code == 403
    answer = await farm.cloud.http.patch(path, json=limits, headers=farm.staff.headers)
    whole = {"min_on_s": 120, "min_off_s": 0, "starts_per_hour": 4}
    assert answer.json()["limits"] == whole
    (held,) = [d.limits for d in (await farm.desired()).devices if str(d.id) in path]
    assert held == RelayLimits(min_on_s=120, starts_per_hour=4)
    answer = await farm.cloud.http.patch(path, json={"limits": None}, headers=farm.staff.headers)
    assert answer.json()["limits"] is None
    too_often = {"limits": {"starts_per_hour": 21}}
    answer = await farm.cloud.http.patch(path, json=too_often, headers=farm.staff.headers)
    assert answer.status_code == 422


async def test_the_description_tells_how_schedules_and_rules_are_written(farm: Automated) -> None:
    document = await farm.cloud.get("/v1/openapi.json", farm.owner)
    schemas = document["components"]["schemas"]
    does = schemas["NewScheduleBody"]["properties"]["does"]
    assert does["$ref"] == "#/components/schemas/Does"
    assert set(schemas["Does"]["discriminator"]["mapping"]) >= {"time_based", "sequence"}
    rules = schemas["RulesBody"]["properties"]["rules"]
    assert rules["items"]["$ref"] == "#/components/schemas/Rule"
    named = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)))
    assert named <= set(schemas)
    assert "duration_s" in schemas["TimeBased"]["properties"]
    assert "run_s" in schemas["Step"]["properties"]


async def test_a_device_that_its_hub_could_not_hold_is_refused(farm: Automated) -> None:
    body = {
        "house_id": farm.house,
        "hardware_id": "long-1",
        "name": "Long",
        "role": "light",
        "interface": "relay",
        "address": {"driver": "sim", "note": "x" * 400_000},
    }
    path = f"/v1/farms/{farm.farm}/devices"
    before = await farm.desired()
    refused = await farm.cloud.post(path, body, farm.staff, status=409)
    assert refused["code"] == "conflict"
    long = {"address": body["address"]}
    answer = await farm.cloud.http.patch(
        f"{path}/{farm.devices['light']}", json=long, headers=farm.staff.headers
    )
    assert answer.status_code == 409
    assert await farm.desired() == before
