"""Farms with their people, houses and what lives in them."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import text

from tests.support.cloud import Cloud, Person
from tokkatot.cloud.farms import houses


async def test_the_founder_owns_the_farm(cloud: Cloud) -> None:
    owner, _ = await cloud.sign_up()
    farm = await cloud.post("/v1/farms", {"name": "ស្រែ", "province": "Kandal"}, owner)
    assert (farm["role"], farm["coop_count"], farm["worst_alert"]) == ("owner", 0, None)
    listed = (await cloud.get("/v1/farms", owner))["items"]
    assert listed[0]["id"] == farm["id"]


async def test_a_write_that_is_sent_again_happens_once(cloud: Cloud) -> None:
    owner, farm = await cloud.sign_up()
    path, body = f"/v1/farms/{farm}/houses", {"name": "Coop", "kind": "coop"}
    key = {"Idempotency-Key": "tap-1"}
    first = await cloud.post(path, body, owner, headers=key)
    again = await cloud.post(path, body, owner, headers=key)
    assert again == first
    other = await cloud.post(path, body | {"name": "X"}, owner, headers=key, status=409)
    assert other["code"] == "idempotency_mismatch"
    listed = (await cloud.get(f"/v1/farms/{farm}/houses", owner))["items"]
    assert len(listed) == 1


async def test_the_keys_of_two_people_do_not_meet(cloud: Cloud) -> None:
    one, _ = await cloud.sign_up("One")
    two, _ = await cloud.sign_up("Two")
    key = {"Idempotency-Key": "same"}
    first = await cloud.post("/v1/farms", {"name": "A"}, one, headers=key)
    second = await cloud.post("/v1/farms", {"name": "B"}, two, headers=key)
    assert first["id"] != second["id"]


async def test_a_deleted_farm_is_gone_until_staff_bring_it_back(cloud: Cloud) -> None:
    owner, farm = await cloud.sign_up()
    staff = await cloud.staff()
    answer = await cloud.http.delete(f"/v1/farms/{farm}", headers=owner.headers)
    assert answer.status_code == 204
    for person in (owner, staff):
        assert (await cloud.get(f"/v1/farms/{farm}", person, status=404))["code"] == "not_found"
    await cloud.post(f"/v1/staff/farms/{farm}/restore", {}, staff, status=204)
    assert (await cloud.get(f"/v1/farms/{farm}", owner))["id"] == str(farm)


async def test_a_farm_can_t_be_brought_back_after_thirty_days(cloud: Cloud) -> None:
    owner, farm = await cloud.sign_up()
    await cloud.http.delete(f"/v1/farms/{farm}", headers=owner.headers)
    cloud.clock.advance(31 * 86_400)
    staff = await cloud.staff()
    gone = await cloud.post(f"/v1/staff/farms/{farm}/restore", {}, staff, status=404)
    assert gone["code"] == "not_found"


async def test_a_member_without_an_account_comes_in_by_a_code(cloud: Cloud) -> None:
    owner, farm = await cloud.sign_up()
    viewer = await cloud.member(owner, farm, "viewer")
    seen = await cloud.get(f"/v1/farms/{farm}", viewer)
    assert seen["role"] == "viewer"


async def test_a_person_with_an_account_is_added_without_a_code(cloud: Cloud) -> None:
    owner, farm = await cloud.sign_up("One")
    other, _ = await cloud.sign_up("Two")
    body = {"name": "Whoever", "phone": other.login, "role": "manager"}
    added = await cloud.post(f"/v1/farms/{farm}/members", body, owner)
    assert (added["user_id"], added["name"]) == (str(other.user_id), "Owner of Two")
    assert added["reset_code"] is None
    again = await cloud.post(f"/v1/farms/{farm}/members", body, owner, status=409)
    assert again["code"] == "already_exists"


async def test_inviting_somebody_is_no_way_into_their_account(cloud: Cloud) -> None:
    owner, farm = await cloud.sign_up("One")
    victim, _ = await cloud.sign_up("Two")
    body = {"name": "Victim", "phone": victim.login, "role": "viewer"}
    await cloud.post(f"/v1/farms/{farm}/members", body, owner)
    path = f"/v1/farms/{farm}/members/{victim.user_id}/reset-code"
    refused = await cloud.post(path, {}, owner, status=403)
    assert refused["code"] == "forbidden"


async def test_a_member_who_joined_another_farm_gets_codes_from_staff_only(cloud: Cloud) -> None:
    owner, farm = await cloud.sign_up("One")
    other, elsewhere = await cloud.sign_up("Two")
    member = await cloud.member(owner, farm, "manager")
    path = f"/v1/farms/{farm}/members/{member.user_id}/reset-code"
    await cloud.post(path, {}, owner)
    await cloud.prove(member)
    body = {"name": "M", "phone": member.login, "role": "manager"}
    await cloud.post(f"/v1/farms/{elsewhere}/members", body, other)
    assert (await cloud.post(path, {}, owner, status=403))["code"] == "forbidden"
    assert (await cloud.post(path, {}, await cloud.staff()))["code"]


async def test_the_last_owner_stays(cloud: Cloud) -> None:
    owner, farm = await cloud.sign_up()
    me = f"/v1/farms/{farm}/members/{owner.user_id}"
    left = await cloud.http.delete(me, headers=owner.headers)
    lowered = await cloud.http.patch(me, json={"role": "viewer"}, headers=owner.headers)
    assert [left.json()["code"], lowered.json()["code"]] == ["last_owner", "last_owner"]
    second = await cloud.member(owner, farm, "owner")
    assert (await cloud.http.delete(me, headers=owner.headers)).status_code == 204
    await cloud.get(f"/v1/farms/{farm}", owner, status=404)
    await cloud.get(f"/v1/farms/{farm}", second)


async def test_a_viewer_leaves_but_sends_nobody_away(cloud: Cloud) -> None:
    owner, farm = await cloud.sign_up()
    viewer = await cloud.member(owner, farm, "viewer")
    members = f"/v1/farms/{farm}/members"
    other = await cloud.http.delete(f"{members}/{owner.user_id}", headers=viewer.headers)
    leaving = await cloud.http.delete(f"{members}/{viewer.user_id}", headers=viewer.headers)
    assert (other.status_code, leaving.status_code) == (403, 204)
    await cloud.get(f"/v1/farms/{farm}", viewer, status=404)


async def test_houses_are_numbered_by_themselves_and_no_number_comes_twice(cloud: Cloud) -> None:
    owner, farm = await cloud.sign_up()
    path = f"/v1/farms/{farm}/houses"
    numbers = [
        (await cloud.post(path, {"name": "C", "kind": "coop"}, owner))["number"] for _ in range(2)
    ]
    assert numbers == [1, 2]
    taken = await cloud.post(path, {"name": "C", "kind": "coop", "number": 2}, owner, status=409)
    assert (taken["code"], taken["errors"][0]["field"]) == ("already_exists", "body.number")


async def test_a_deleted_house_comes_back_under_another_number_if_need_be(cloud: Cloud) -> None:
    owner, farm = await cloud.sign_up()
    path = f"/v1/farms/{farm}/houses"
    house = await cloud.post(path, {"name": "Old", "kind": "coop"}, owner)
    await cloud.http.delete(f"{path}/{house['id']}", headers=owner.headers)
    await cloud.get(f"{path}/{house['id']}", owner, status=404)
    await cloud.post(path, {"name": "New", "kind": "coop"}, owner)
    staff = await cloud.staff()
    back = await cloud.post(f"/v1/staff/houses/{house['id']}/restore", {}, staff, status=200)
    assert back["number"] == 2


async def test_a_deleted_house_finds_no_room_on_a_farm_that_is_full_by_now(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(houses, "MAX_HOUSES", 3)
    owner, farm = await cloud.sign_up()
    path = f"/v1/farms/{farm}/houses"
    house = await cloud.post(path, {"name": "Old", "kind": "coop"}, owner)
    await cloud.http.delete(f"{path}/{house['id']}", headers=owner.headers)
    for _ in range(3):
        await cloud.post(path, {"name": "New", "kind": "coop"}, owner)
    staff, restore = await cloud.staff(), f"/v1/staff/houses/{house['id']}/restore"
    full = await cloud.post(restore, {}, staff, status=409)
    assert full["detail"] == "A farm has at most 3 houses."


async def test_setpoints_that_contradict_each_other_are_refused(cloud: Cloud) -> None:
    owner, farm = await cloud.sign_up()
    house = await cloud.post(f"/v1/farms/{farm}/houses", {"name": "C", "kind": "coop"}, owner)
    path = f"/v1/farms/{farm}/houses/{house['id']}/setpoints"
    good = await cloud.get(path, owner)
    assert good["temperature_hard_max_c"] == 35
    bad = good | {"temperature_min_c": 31}
    answer = await cloud.http.put(path, json=bad, headers=owner.headers)
    assert answer.status_code == 422
    assert await cloud.get(path, owner) == good
    better = good | {"temperature_min_c": 24}
    answer = await cloud.http.put(path, json=better, headers=owner.headers)
    assert answer.json() == better == await cloud.get(path, owner)


async def test_a_stop_names_who_and_when_and_a_second_changes_nothing(cloud: Cloud) -> None:
    owner, farm = await cloud.sign_up()
    manager = await cloud.member(owner, farm, "manager")
    house = await cloud.post(f"/v1/farms/{farm}/houses", {"name": "C", "kind": "coop"}, owner)
    path = f"/v1/farms/{farm}/houses/{house['id']}"
    first = await cloud.post(f"{path}/stop", {}, manager, status=200)
    cloud.clock.advance(60)
    assert await cloud.post(f"{path}/stop", {}, owner, status=200) == first
    assert first["by"]["id"] == str(manager.user_id)
    assert (await cloud.get(path, owner))["stopped"] is True
    await cloud.http.delete(f"{path}/stop", headers=owner.headers)
    assert (await cloud.get(path, owner))["stopped"] is False


async def test_a_coop_has_one_flock_at_a_time(cloud: Cloud) -> None:
    owner, farm = await cloud.sign_up()
    house = await cloud.post(f"/v1/farms/{farm}/houses", {"name": "C", "kind": "coop"}, owner)
    path = f"/v1/farms/{farm}/houses/{house['id']}"
    body = {"placed_on": "2026-02-01", "placed_count": 500, "chicken_type": "layer"}
    flock = await cloud.post(f"{path}/flocks", body, owner)
    await cloud.post(f"{path}/flocks", body, owner, status=409)
    change = {"present_count": 480}
    await cloud.http.patch(f"{path}/flocks/{flock['id']}", json=change, headers=owner.headers)
    assert (await cloud.get(path, owner))["present_count"] == 480
    more = await cloud.http.patch(
        f"{path}/flocks/{flock['id']}", json={"present_count": 501}, headers=owner.headers
    )
    assert more.status_code == 422
    for day, status in (("2026-01-31", 422), ("2026-03-02", 422), ("2026-02-28", 200)):
        cleared = await cloud.http.patch(
            f"{path}/flocks/{flock['id']}", json={"cleared_on": day}, headers=owner.headers
        )
        assert cleared.status_code == status
    await cloud.post(f"{path}/flocks", body, owner)
    assert len((await cloud.get(f"{path}/flocks", owner))["items"]) == 2


async def test_a_greenhouse_has_crops_and_no_flocks(cloud: Cloud) -> None:
    owner, farm = await cloud.sign_up()
    body = {"name": "G", "kind": "greenhouse"}
    house = await cloud.post(f"/v1/farms/{farm}/houses", body, owner)
    path = f"/v1/farms/{farm}/houses/{house['id']}"
    crop = {"crop_type": "tomato", "planted_on": "2026-02-01"}
    await cloud.post(f"{path}/crop-cycles", crop, owner)
    flock = {"placed_on": "2026-02-01", "placed_count": 1}
    refused = await cloud.post(f"{path}/flocks", flock, owner, status=409)
    assert refused["code"] == "conflict"


async def test_a_zone_with_devices_stays(cloud: Cloud) -> None:
    owner, farm = await cloud.sign_up()
    house = await cloud.post(f"/v1/farms/{farm}/houses", {"name": "C", "kind": "coop"}, owner)
    path = f"/v1/farms/{farm}/houses/{house['id']}/zones"
    zone = await cloud.post(path, {"name": "north"}, owner)
    device = {
        "house_id": house["id"],
        "hardware_id": "fan-1",
        "name": "Fan",
        "role": "fan",
        "interface": "relay",
        "zone": "north",
    }
    staff = await cloud.staff()
    await cloud.post(f"/v1/farms/{farm}/devices", device, staff)
    answer = await cloud.http.delete(f"{path}/{zone['id']}", headers=owner.headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


async def test_what_changes_is_told_with_numbers_that_rise_by_one(cloud: Cloud) -> None:
    owner, farm = await cloud.sign_up()
    house = await cloud.post(f"/v1/farms/{farm}/houses", {"name": "C", "kind": "coop"}, owner)
    await cloud.post(f"/v1/farms/{farm}/houses/{house['id']}/stop", {}, owner, status=200)
    changes = await cloud.get(f"/v1/farms/{farm}/changes?since=0", owner)
    assert [item["seq"] for item in changes["items"]] == [1, 2]
    assert [item["data"]["what"] for item in changes["items"]] == ["house", "stop"]


@pytest.mark.parametrize("field", ["latitude", "longitude"])
async def test_a_place_outside_the_earth_is_refused(cloud: Cloud, field: str) -> None:
    owner, farm = await cloud.sign_up()
    answer = await cloud.http.patch(f"/v1/farms/{farm}", json={field: 181}, headers=owner.headers)
    assert answer.status_code == 422


async def test_two_last_owners_can_t_leave_at_once(cloud: Cloud) -> None:
    owner, farm = await cloud.sign_up()
    second = await cloud.member(owner, farm, "owner")
    paths = [(f"/v1/farms/{farm}/members/{person.user_id}", person) for person in (owner, second)]
    answers = await in_parallel(cloud, paths)
    assert sorted(answers) == [204, 409]
    async with cloud.context.database.transaction() as tx:
        owners = await tx.session.scalar(
            text("SELECT count(*) FROM farm_members WHERE farm_id = :farm AND role = 'owner'"),
            {"farm": UUID(str(farm))},
        )
    assert owners == 1


async def in_parallel(cloud: Cloud, paths: list[tuple[str, Person]]) -> list[int]:
    """Delete each path as its person, all at the same time."""
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(cloud.http.delete(path, headers=person.headers))
            for path, person in paths
        ]
    return [task.result().status_code for task in tasks]
