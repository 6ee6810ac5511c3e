"""Photographs that people ask for: by the cloud to the hub, and its answer to the screen."""

from datetime import timedelta

from sqlalchemy import text

from tests.support.droppings import detection
from tests.support.house import House
from tests.support.running import HandHub, Owner, Running, phone
from tokkatot.cloud.commands.photographs import KEPT, NOT_SOONER
from tokkatot.cloud.main import clean
from tokkatot.wire.pictures import DETECTION, event_data


async def test_a_wish_is_in_the_log(house: House) -> None:
    made = await house.cloud.post(f"{house.url}/photograph", {}, house.owner, status=202)

    assert made["house_id"] == str(house.yard.house_id)
    found = await house.cloud.get(f"{house.farm_url}/events", house.owner)
    [event] = [one for one in found["items"] if one["type"] == "photograph.requested"]
    assert event["data"]["request"] == made["id"]
    assert event["user"]["id"] == str(house.owner.user_id)


async def test_who_asks_again_at_once_is_told_when(house: House) -> None:
    await house.cloud.post(f"{house.url}/photograph", {}, house.owner, status=202)
    house.cloud.clock.advance(5)
    again = await house.cloud.http.post(f"{house.url}/photograph", headers=house.owner.headers)
    assert (again.status_code, again.json()["code"]) == (429, "rate_limited")
    assert again.headers["retry-after"] == "15"

    house.cloud.clock.advance(NOT_SOONER.total_seconds() - 5)
    await house.live()
    await house.cloud.post(f"{house.url}/photograph", {}, house.owner, status=202)


async def test_a_wish_that_is_repeated_by_its_key_is_one_wish(house: House) -> None:
    headers = {"Idempotency-Key": "tap"}
    asked = [
        await house.cloud.post(
            f"{house.url}/photograph", {}, house.owner, status=202, headers=headers
        )
        for _ in range(2)
    ]
    assert asked[0] == asked[1]


async def test_nothing_is_queued_for_a_hub_that_is_offline(house: House) -> None:
    house.cloud.clock.advance(3600)
    refused = await house.cloud.post(f"{house.url}/photograph", {}, house.owner, status=409)
    assert refused["code"] == "hub_offline"
    async with house.cloud.context.database.transaction() as tx:
        queued = await tx.session.scalar(text("SELECT count(*) FROM photograph_requests"))
    assert queued == 0


async def test_wishes_of_long_ago_are_forgotten(house: House) -> None:
    await house.cloud.post(f"{house.url}/photograph", {}, house.owner, status=202)
    house.cloud.clock.advance((KEPT + timedelta(hours=1)).total_seconds())
    await clean(house.cloud.context)
    async with house.cloud.context.database.transaction() as tx:
        left = await tx.session.scalar(text("SELECT count(*) FROM photograph_requests"))
    assert left == 0


# ------------------------------------------------------------------------------- over a real broker


async def test_a_wish_reaches_the_hub_and_what_comes_of_it_the_screen(
    running: Running, owner: Owner, hub: HandHub
) -> None:
    person, yard = owner
    path = f"/v1/farms/{yard.farm_id}/houses/{yard.house_id}/photograph"
    async with phone(running) as screen:
        await screen.say(type="auth", token=person.token)
        await screen.say(type="subscribe", farm=str(yard.farm_id))
        await screen.hear("snapshot")
        given = await running.cloud.post(path, {}, person, status=202)
        wish = await hub.photograph()
        assert (str(wish.id), wish.house) == (given["id"], yard.house_id)
        assert (wish.session, wish.by) == (hub.session, person.user_id)
        assert 0 < wish.ttl_ms <= 30_000

        why = {"house": str(yard.house_id), "request": given["id"], "reason": "no_picture"}
        seen = detection(house=yard.house_id)
        rows = [
            [1, "e", wish.issued, "photograph.failed", why],
            [2, "e", wish.issued, DETECTION, event_data(seen)],
        ]
        await hub.report(1, rows)
        failed = {"house_id": str(yard.house_id), "request": given["id"], "reason": "no_picture"}
        await screen.hear("photograph.failed", **failed)
        await screen.hear("detection.new", id=str(seen.id), camera="droppings")
