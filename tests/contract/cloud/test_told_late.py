"""What people are told of alerts that reach the cloud late, or a second time."""

from typing import Any

import pytest

from tests.support.channels import add, carry, phone_at, speak
from tests.support.house import ONE, TWO, House
from tests.support.http_peer import HttpPeer
from tests.support.yard import OTHER_EPOCH, Row, count
from tokkatot.cloud.alerts.escalation import AFTER, escalate

Json = Any  # answers of the interface under test, taken apart by the tests

HOUR_MS, MINUTE_MS = 3_600_000, 60_000


def ago(house: House, ms: int, seq: int, change: str, alert: str = ONE, **more: object) -> Row:
    """Return an alert's row of some time ago."""
    row = house.alert_row(seq, change, alert, **{"severity": "critical", **more})
    row[3] = house.now_ms - ms
    return row


async def told(house: House) -> list[Json]:
    """Return the owner's messages, the newest first."""
    page = await house.cloud.get("/v1/users/me/messages", house.owner)
    found: list[Json] = page["items"]
    return found


async def alert(house: House) -> Json:
    page = await house.cloud.get(f"{house.farm_url}/alerts/history", house.owner)
    (one,) = page["items"]
    return one


async def test_what_was_over_before_it_came_makes_no_sound(house: House, push: HttpPeer) -> None:
    await add(house, phone_at(push).body())
    await speak(house, "en")
    over = ago(house, 8 * HOUR_MS - 10 * MINUTE_MS, 2, "cleared")
    await house.send("events", [ago(house, 8 * HOUR_MS, 1, "raised"), over])
    (message,) = await told(house)
    assert (message["quiet"], message["when"]) == (True, "From 05:00 to 05:10")
    assert await carry(house) == 0


async def test_what_somebody_saw_at_the_hub_before_it_came_makes_no_sound(house: House) -> None:
    seen: Row = [2, "e", house.now_ms, "alert.acknowledged", {"alert": ONE, "times": 1, "by": None}]
    await house.send("events", [ago(house, HOUR_MS, 1, "raised"), seen])
    assert [one["quiet"] for one in await told(house)] == [True]


async def test_what_still_stands_is_told_with_since_when(house: House, push: HttpPeer) -> None:
    phone = phone_at(push)
    await add(house, phone.body())
    await house.send("events", [ago(house, 8 * HOUR_MS, 1, "raised")])
    (message,) = await told(house)
    assert (message["quiet"], message["when"]) == (False, "តាំងពី ០៥:០០")
    await carry(house)
    assert "\nតាំងពី ០៥:០០\n" in phone.read(push.asked[0].body)["body"]


async def test_since_when_names_the_day_where_it_was_another_one(house: House) -> None:
    await speak(house, "en")
    await house.send("events", [ago(house, 14 * HOUR_MS, 1, "raised")])
    assert [one["when"] for one in await told(house)] == ["Since 28/02 23:00"]


async def test_what_is_told_at_once_needs_no_time_and_who_is_asked_later_is_told_it(
    house: House,
) -> None:
    await speak(house, "en")
    await house.send("events", [ago(house, 0, 1, "raised")])
    house.cloud.clock.advance(AFTER.total_seconds())
    async with house.cloud.context.database.transaction() as tx:
        await escalate(tx)
    assert [one["when"] for one in await told(house)] == ["Since 13:00", None]


async def test_what_came_again_and_again_meanwhile_is_told_once(house: House) -> None:
    rows = [
        ago(house, (9 - n) * HOUR_MS, n, "raised" if n == 1 else "raised_again", times=n)
        for n in range(1, 5)
    ]
    await house.send("events", rows)
    assert [one["quiet"] for one in await told(house)] == [False]


async def test_a_row_that_the_database_refuses_changes_nothing_of_how_others_are_told(
    house: House,
) -> None:
    rows = [
        ago(house, HOUR_MS, 1, "raised"),
        ago(house, HOUR_MS, 2, "raised", TWO, name="\x00"),
        ago(house, 1, 3, "cleared"),
    ]
    await house.send("events", rows)
    assert [one["quiet"] for one in await told(house)] == [True]
    assert await count(house.cloud.context.database, "quarantined_rows") == 1


async def test_an_alert_that_burns_on_a_restored_card_burns_in_the_cloud_too(house: House) -> None:
    old = [ago(house, 30 * MINUTE_MS, 1, "raised"), ago(house, 20 * MINUTE_MS, 2, "cleared")]
    await house.send("events", old)
    again = ago(house, 10 * MINUTE_MS, 3, "raised_again", times=2)
    await house.send("events", [again], 3)
    assert ((await alert(house))["state"], len(await told(house))) == ("unacknowledged", 2)
    await house.restore_card(OTHER_EPOCH)
    await house.send("events", old)
    assert ((await alert(house))["state"], len(await told(house))) == ("unacknowledged", 2)
    await house.send("events", [ago(house, 0, 3, "raised_again", times=2)], 3)
    found = await alert(house)
    assert (found["state"], found["times"], len(await told(house))) == ("unacknowledged", 2, 3)


@pytest.mark.parametrize("t_ms", [HOUR_MS, -30 * 24 * HOUR_MS])
async def test_rows_that_come_again_tell_nobody_twice(house: House, t_ms: int) -> None:
    rows = [ago(house, t_ms, 1, "raised"), ago(house, t_ms - MINUTE_MS, 2, "raised_again", times=2)]
    await house.send("events", rows)
    for n in range(2):
        await house.restore_card(f"{OTHER_EPOCH[:-1]}{n + 2}")
        await house.send("events", rows)
    assert len(await told(house)) == 1
    events = await house.cloud.get(f"{house.farm_url}/events?type=alert.raised", house.owner)
    assert len(events["items"]) == 2


async def test_what_was_seen_is_told_again_where_its_hub_raises_it_anew(house: House) -> None:
    first = ago(house, 2 * HOUR_MS, 1, "raised")
    await house.send("events", [first, ago(house, HOUR_MS, 2, "raised_again", times=2)])
    path = f"{house.farm_url}/alerts/{ONE}/acknowledge"
    seen = await house.cloud.http.put(path, headers=house.owner.headers)
    assert seen.json()["state"] == "acknowledged"
    await house.restore_card(OTHER_EPOCH)
    await house.send("events", [first, ago(house, 0, 2, "raised_again", times=2)])
    assert ((await alert(house))["state"], len(await told(house))) == ("unacknowledged", 2)


async def test_a_hub_that_has_forgotten_how_often_it_told_an_alert_is_heard_all_the_same(
    house: House,
) -> None:
    rows = [
        ago(house, (9 - n) * HOUR_MS, n, "raised" if n == 1 else "raised_again", times=n)
        for n in range(1, 5)
    ]
    await house.send("events", rows)
    await house.restore_card(OTHER_EPOCH)
    await house.send("events", [rows[0], ago(house, 3 * MINUTE_MS, 2, "cleared")])
    assert (await alert(house))["state"] == "returned"
    again = ago(house, 2 * MINUTE_MS, 3, "raised_again", times=2)
    await house.send("events", [again], 3)
    assert ((await alert(house))["state"], len(await told(house))) == ("unacknowledged", 2)
    await house.send("events", [ago(house, MINUTE_MS, 4, "cleared", times=2)], 4)
    assert (await alert(house))["state"] == "returned"
