"""Answers that are given again: only to whoever may see them, and only while nothing is new."""

import asyncio

from tests.support.cloud import Cloud, Person
from tests.support.house import House
from tokkatot.cloud.overview.remembered import KEPT_S


def given_again(cloud: Cloud) -> float:
    """Return how many answers were given again."""
    return cloud.context.metrics.registry.get_sample_value("tokkatot_http_remembered_total") or 0


async def look_twice(house: House, person: Person | None = None) -> None:
    """Look at the house until its answer is one that is given again."""
    for _ in range(2):
        await house.cloud.get(f"{house.url}/state", person or house.owner)
    assert given_again(house.cloud) == 1


async def test_what_was_answered_is_answered_again_to_another_of_the_same_role(
    house: House,
) -> None:
    people = [await house.cloud.member(house.owner, house.yard.farm_id, "viewer") for _ in range(2)]
    answers = [
        await house.cloud.http.get(f"{house.url}/state", headers=person.headers)
        for person in people
    ]
    assert given_again(house.cloud) == 1
    assert answers[0].content == answers[1].content
    own = ("x-request-id", "date")
    told = [{k: v for k, v in a.headers.items() if k not in own} for a in answers]
    assert told[0] == told[1]
    assert answers[0].headers["x-request-id"] != answers[1].headers["x-request-id"]


async def test_each_role_has_an_answer_of_its_own(house: House) -> None:
    await look_twice(house)
    viewer = await house.cloud.member(house.owner, house.yard.farm_id, "viewer")
    staff = await house.cloud.staff()
    roles = [
        (await house.cloud.get(f"{house.url}/state", person))["role"]
        for person in (viewer, staff, house.owner)
    ]
    assert roles == ["viewer", "staff", "owner"]


async def test_a_stranger_finds_nothing_of_what_others_are_told(house: House) -> None:
    await look_twice(house)
    stranger, _ = await house.cloud.sign_up("Elsewhere")
    await house.cloud.get(f"{house.url}/state", stranger, status=404)
    assert (await house.cloud.http.get(f"{house.url}/state")).status_code == 401


async def test_who_is_sent_away_or_has_logged_out_is_told_nothing_more(house: House) -> None:
    viewer = await house.cloud.member(house.owner, house.yard.farm_id, "viewer")
    await look_twice(house, viewer)
    other = await house.cloud.log_in(viewer.login)
    await house.cloud.get(f"{house.url}/state", other)
    await house.cloud.http.post("/v1/auth/logout", headers=viewer.headers)
    ended = await house.cloud.http.get(f"{house.url}/state", headers=viewer.headers)
    assert ended.status_code == 401
    member = f"{house.farm_url}/members/{viewer.user_id}"
    await house.cloud.http.delete(member, headers=house.owner.headers)
    unseen = await house.cloud.http.get(f"{house.url}/state", headers=other.headers)
    assert unseen.status_code == 404


async def test_what_a_hub_says_is_seen_at_once(house: House) -> None:
    await house.minutes([20.0])
    await look_twice(house)
    await house.minutes([24.0], first=2)
    found = await house.cloud.get(f"{house.url}/state", house.owner)
    assert [reading["value"] for reading in found["readings"]] == [24.0]
    chart = await house.cloud.get(f"{house.url}/history", house.owner)
    assert [value for _, value, _ in chart["series"][0]["points"]] == [20.0, 24.0]


async def test_an_alert_is_seen_at_once(house: House) -> None:
    await look_twice(house)
    await house.send("events", [house.alert_row(1, "raised")])
    found = await house.cloud.get(f"{house.url}/state", house.owner)
    (listed,) = (await house.cloud.get(f"{house.farm_url}/alerts", house.owner))["items"]
    assert [alert["id"] for alert in found["alerts"]] == [listed["id"]]
    url = f"{house.farm_url}/alerts/{listed['id']}/acknowledge"
    assert (await house.cloud.http.put(url, headers=house.owner.headers)).is_success
    found = await house.cloud.get(f"{house.url}/state", house.owner)
    assert found["alerts"][0]["acknowledged_by"]["name"] == "Owner of Kandal"


async def test_what_another_process_changes_is_seen_at_once(house: House) -> None:
    before = await house.cloud.get(f"{house.url}/state", house.owner)
    async with house.cloud.context.database.transaction() as tx:
        tx.emit(house.yard.farm_id, "farm.changed", {})
    after = await house.cloud.get(f"{house.url}/state", house.owner)
    assert after["seq"] == before["seq"] + 1


async def test_what_is_written_over_http_is_seen_at_once(house: House) -> None:
    await look_twice(house)
    chart = await house.cloud.get(f"{house.url}/history", house.owner)
    assert chart["series"] == []
    reading = {
        "device_id": str(house.yard.sensor),
        "quantity": "temperature",
        "t": house.cloud.clock.now().isoformat(),
        "value": 21.5,
    }
    await house.cloud.post(
        f"{house.url}/readings", {"readings": [reading]}, house.owner, status=200
    )
    chart = await house.cloud.get(f"{house.url}/history", house.owner)
    assert [value for _, value, _ in chart["series"][0]["points"]] == [21.5]


async def test_a_new_name_of_somebody_is_seen_at_once(house: House) -> None:
    await house.cloud.post(f"{house.url}/stop", {}, house.owner, status=200)
    await look_twice(house)
    body = {"name": "Sokha"}
    await house.cloud.http.patch("/v1/users/me", json=body, headers=house.owner.headers)
    found = await house.cloud.get(f"{house.url}/state", house.owner)
    assert found["stop"]["by"]["name"] == "Sokha"


async def test_what_goes_by_the_time_alone_is_no_older_than_a_moment(house: House) -> None:
    await house.minutes([20.0])
    await look_twice(house)
    house.cloud.clock.advance(KEPT_S)
    found = await house.cloud.get(f"{house.url}/state", house.owner)
    assert given_again(house.cloud) == 1
    assert found["t"] == house.cloud.clock.now().isoformat().replace("+00:00", "Z")


async def test_those_who_ask_at_once_wait_for_one_answer(house: House) -> None:
    async with asyncio.TaskGroup() as tasks:
        asking = [
            tasks.create_task(house.cloud.get(f"{house.url}/state", house.owner)) for _ in range(5)
        ]
    assert given_again(house.cloud) == 4
    assert all(task.result() == asking[0].result() for task in asking)


async def test_those_who_ask_at_once_for_what_is_not_there_are_all_told_so(house: House) -> None:
    url = f"{house.farm_url}/houses/{house.yard.sensor}/state"
    async with asyncio.TaskGroup() as tasks:
        for _ in range(5):
            tasks.create_task(house.cloud.get(url, house.owner, status=404))
    assert given_again(house.cloud) == 0


async def test_who_can_not_unpack_is_given_what_is_plain(house: House) -> None:
    answers = [
        await house.cloud.http.get(
            f"{house.url}/state", headers={**house.owner.headers, "Accept-Encoding": encoding}
        )
        for encoding in ("gzip", "identity", "gzip", "identity")
    ]
    packed = [answer.headers.get("content-encoding") for answer in answers]
    assert packed == ["gzip", None, "gzip", None]
    assert given_again(house.cloud) == 2
    assert all(answer.json() == answers[0].json() for answer in answers)
