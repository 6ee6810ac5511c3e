"""What a schedule or a rule needs is not taken from under it, over HTTP and a real database."""

import asyncio

import httpx
import pytest

from tests.support.automated import Automated, Json, automated
from tests.support.cloud import Cloud

SUNSET = {"kind": "sun", "event": "sunset"}


@pytest.fixture
async def farm(cloud: Cloud) -> Automated:
    return await automated(cloud)


def device_path(farm: Automated, role: str) -> str:
    return f"/v1/farms/{farm.farm}/devices/{farm.devices[role]}"


async def remove(farm: Automated, role: str) -> httpx.Response:
    return await farm.cloud.http.delete(device_path(farm, role), headers=farm.staff.headers)


async def change(farm: Automated, role: str, fields: Json) -> httpx.Response:
    path = device_path(farm, role)
    return await farm.cloud.http.patch(path, json=fields, headers=farm.staff.headers)


async def rules(farm: Automated, *listed: Json, version: int = 0) -> Json:
    path = f"/v1/farms/{farm.farm}/houses/{farm.house}/rules"
    return await farm.put(path, {"version": version, "rules": list(listed)})


def too_hot(farm: Automated, **fields: object) -> Json:
    when = {
        "quantity": "temperature",
        "comparison": "above",
        "threshold": 28,
        "device_id": farm.devices["climate_sensor"],
    }
    return {
        "kind": "threshold",
        "name": "Air",
        "when": when,
        "devices": [farm.devices["fan"]],
    } | fields


def assert_needed_by(answer: httpx.Response, *names: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (409, "in_use")
    assert answer.json()["detail"].startswith(f"Needed by {', '.join(names)}: ")


async def test_a_device_stays_while_a_schedule_moves_it(farm: Automated) -> None:
    made = await farm.add()
    assert_needed_by(await remove(farm, "feeder"), "Feed")
    assert (await farm.cloud.get(device_path(farm, "feeder"), farm.owner))["name"] == "Feeder"
    await farm.delete(made)
    assert (await remove(farm, "feeder")).status_code == 204


async def test_a_device_that_only_resting_schedules_name_may_go(farm: Automated) -> None:
    made = await farm.add(enabled=False)
    assert (await remove(farm, "feeder")).status_code == 204
    body = {"enabled": True}
    refused = await farm.put(f"{farm.path_of(made)}/enabled", body, status=422)
    assert refused["errors"][0]["code"] == "unknown_device"


async def test_a_rule_keeps_what_it_moves_and_what_it_goes_by(farm: Automated) -> None:
    stored = await rules(farm, too_hot(farm))
    for role in ("fan", "climate_sensor"):
        assert_needed_by(await remove(farm, role), "Air")
    await rules(farm, stored["rules"][0] | {"enabled": False}, version=1)
    for role in ("fan", "climate_sensor"):
        assert (await remove(farm, role)).status_code == 204


async def test_many_that_need_it_are_named_up_to_five(farm: Automated) -> None:
    for number in range(7):
        await farm.add(name=f"Feed {number}")
    refused = await remove(farm, "feeder")
    names = "Feed 0, Feed 1, Feed 2, Feed 3, Feed 4 and 2 more"
    assert_needed_by(refused, names)


async def test_a_device_keeps_the_nature_that_something_needs(farm: Automated) -> None:
    await farm.add()
    await rules(farm, too_hot(farm))
    assert_needed_by(await change(farm, "feeder", {"role": "camera"}), "Feed")
    assert_needed_by(await change(farm, "climate_sensor", {"quantities": []}), "Air")
    renamed = await change(farm, "feeder", {"name": "Trough", "role": "conveyor"})
    assert renamed.json()["role"] == "conveyor"


async def test_a_rule_keeps_what_that_follows_from_which_it_goes_by(farm: Automated) -> None:
    rule = too_hot(farm)
    rule["when"] |= {"quantity": "vpd", "threshold": 1.6}
    await rules(farm, rule)
    for left in (["temperature"], ["relative_humidity"]):
        assert_needed_by(await change(farm, "climate_sensor", {"quantities": left}), "Air")
    own = {"quantities": ["vpd"]}
    assert (await change(farm, "climate_sensor", own)).status_code == 200


async def test_a_schedule_and_the_end_of_its_device_at_once_leave_no_schedule_without_it(
    farm: Automated,
) -> None:
    for role in ("feeder", "light", "fan"):
        does = farm.feeding()["does"] | {"devices": [farm.devices[role]]}
        async with asyncio.TaskGroup() as group:
            body = farm.feeding(does=does, name=role)
            headers = farm.owner.headers
            posted = farm.cloud.http.post(farm.schedules, json=body, headers=headers)
            made = group.create_task(posted)
            gone = group.create_task(remove(farm, role))
        outcome = (made.result().status_code, gone.result().status_code)
        assert outcome in {(201, 409), (422, 204)}


async def test_what_could_not_work_before_holds_nothing_up(farm: Automated) -> None:
    await farm.add()
    body = {"farm_id": str(farm.farm), "house_id": farm.house, "name": "Second Pi"}
    # The house has a hub of its own now, and the feeder still hangs on the one before.
    second = await farm.cloud.post("/v1/staff/hubs", body, farm.staff)
    assert (await change(farm, "light", {"role": "camera"})).status_code == 200
    assert (await remove(farm, "feeder")).status_code == 204
    assert (await change(farm, "fan", {"hub_id": second["hub"]["id"]})).status_code == 200


async def patch_farm(farm: Automated, fields: Json) -> httpx.Response:
    path = f"/v1/farms/{farm.farm}"
    return await farm.cloud.http.patch(path, json=fields, headers=farm.owner.headers)


async def test_a_farm_keeps_its_place_while_a_schedule_follows_the_sun(farm: Automated) -> None:
    await farm.locate()
    made = await farm.add(does=farm.feeding()["does"] | {"start": SUNSET})
    assert_needed_by(await patch_farm(farm, {"latitude": None}), "Feed")
    assert (await patch_farm(farm, {"latitude": 11.5, "name": "Moved"})).status_code == 200
    await farm.delete(made)
    gone = await patch_farm(farm, {"latitude": None, "longitude": None})
    assert (gone.status_code, gone.json()["latitude"]) == (200, None)


async def test_a_farm_keeps_its_place_while_a_house_has_nights(farm: Automated) -> None:
    await farm.locate()
    path = f"/v1/farms/{farm.farm}/houses/{farm.house}/setpoints"
    by_day = await farm.cloud.get(path, farm.owner)
    night = {name: value for name, value in by_day.items() if name != "night"}
    await farm.put(path, by_day | {"night": night})
    assert_needed_by(await patch_farm(farm, {"longitude": None}), "the nights of coop")
    await farm.put(path, by_day | {"night": None})
    assert (await patch_farm(farm, {"longitude": None})).status_code == 200
