"""What people are told of alerts, what they wish to hear of, and who is asked in turn."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.support.cloud import Person
from tests.support.house import ONE, TWO, House, house_of
from tests.support.yard import count
from tokkatot.cloud.alerts import escalation
from tokkatot.cloud.alerts.escalation import AFTER, escalate
from tokkatot.cloud.alerts.messages import KEPT, SHOWN
from tokkatot.cloud.alerts.model import Alert
from tokkatot.cloud.main import clean
from tokkatot.domain.alerts import AlertState, AlertType, Severity

Json = Any  # answers of the interface under test, taken apart by the tests

MESSAGES = "/v1/users/me/messages"
SUBSCRIPTIONS = "/v1/users/me/alert-subscriptions"


async def told(house: House, person: Person | None = None, query: str = "") -> list[Json]:
    page = await house.cloud.get(MESSAGES + query, person or house.owner)
    found: list[Json] = page["items"]
    return found


async def raise_one(house: House, seq: int = 1, alert: str = ONE, **more: object) -> None:
    await house.send("events", [house.alert_row(seq, "raised", alert, **more)], seq)


async def subscribe(house: House, *, status: int = 201, **body: object) -> Json:
    wish = {"least": "info"} | body
    return await house.cloud.post(SUBSCRIPTIONS, wish, house.owner, status=status)


async def call(house: House, method: str, path: str, body: Json = None) -> tuple[int, Json]:
    answer = await house.cloud.http.request(method, path, json=body, headers=house.owner.headers)
    return answer.status_code, answer.json() if answer.content else None


async def member(house: House, role: str) -> Person:
    return await house.cloud.member(house.owner, house.yard.farm_id, role)


async def test_everybody_on_the_farm_is_told_what_where_and_what_to_do(house: House) -> None:
    viewer = await member(house, "viewer")
    await raise_one(house)
    for person in (house.owner, viewer):
        (message,) = await told(house, person)
        assert (message["alert_id"], message["kind"]) == (ONE, "alert")
        assert (message["importance"], message["read_at"]) == ("important", None)
        assert message["where"] == "Kandal · Coop"
        parts = (message["farm"], message["house"], message["device"])
        assert parts == ("Kandal", "Coop", None)
        assert message["value"] == "១២ % (កំណត់ ២០ %)"
    status, _ = await call(house, "PATCH", "/v1/users/me", {"language": "en"})
    assert status == 200
    (message,) = await told(house)
    assert message["what"] == "Water in the tank is low"
    assert message["advice"] == "See whether the pump is running."


async def test_the_farms_screens_hear_that_there_are_messages(house: House) -> None:
    await raise_one(house)
    changes = await house.cloud.get(f"{house.farm_url}/changes?since=0", house.owner)
    (news,) = [one for one in changes["items"] if one["type"] == "message.new"]
    assert news["data"] == {
        "alert": ONE,
        "kind": "alert",
        "severity": "warning",
        "users": [str(house.owner.user_id)],
        "quietly": [],
    }


async def test_an_alert_that_comes_again_is_told_again_and_one_that_is_over_is_not(
    house: House,
) -> None:
    await raise_one(house)
    await house.send("events", [house.alert_row(2, "raised_again", times=2)], 2)
    await house.send("events", [house.alert_row(3, "cleared", times=2)], 3)
    assert len(await told(house)) == 2


async def test_what_is_told_with_another_or_rests_is_told_to_nobody(house: House) -> None:
    await raise_one(house, under=TWO)
    await raise_one(house, 2, TWO, shelved=True)
    assert await told(house) == []


async def test_an_own_alarm_is_told_by_its_name_with_the_unit_of_what_it_measures(
    house: House,
) -> None:
    alarm = str(UUID(int=7))
    watch = {"kind": "limit", "quantity": "temperature", "comparison": "above", "threshold": 20}
    status, _ = await call(
        house,
        "PUT",
        f"{house.url}/alarms",
        {"version": 0, "alarms": [{"id": alarm, "name": "Too hot", "watch": watch}]},
    )
    assert status == 200
    await raise_one(house, type="limit", about=alarm, name="Too hot")
    (message,) = await told(house)
    assert (message["what"], message["value"]) == ("Too hot", "១២ °C (កំណត់ ២០ °C)")


async def test_messages_are_read_one_by_one_or_all_at_once(house: House) -> None:
    await raise_one(house)
    await raise_one(house, 2, TWO, severity="critical")
    first, second = await told(house)
    assert await house.cloud.get(f"{MESSAGES}/unread", house.owner) == {
        "urgent": 1,
        "important": 1,
        "info": 0,
    }
    assert (await call(house, "POST", f"{MESSAGES}/{first['id']}/read"))[0] == 204
    assert [one["id"] for one in await told(house, query="?unread=true")] == [second["id"]]
    assert [one["id"] for one in await told(house, query="?importance=urgent")] == [first["id"]]
    assert (await call(house, "POST", f"{MESSAGES}/read-all"))[0] == 204
    assert await told(house, query="?unread=true") == []


async def test_nobody_reads_the_messages_of_another(house: House) -> None:
    await raise_one(house)
    (message,) = await told(house)
    other, _ = await house.cloud.sign_up("Elsewhere")
    answer = await house.cloud.http.post(f"{MESSAGES}/{message['id']}/read", headers=other.headers)
    assert answer.status_code == 404
    assert await told(house, other) == []


async def test_messages_are_shown_for_90_days_and_kept_for_two_years(house: House) -> None:
    await raise_one(house)
    house.cloud.clock.advance(SHOWN.total_seconds() + 60)
    person = await house.cloud.log_in(house.owner.login)
    assert await told(house, person) == []
    assert await kept(house) == 1
    await clean(house.cloud.context)
    assert await kept(house) == 1
    house.cloud.clock.advance((KEPT - SHOWN).total_seconds())
    await clean(house.cloud.context)
    assert await kept(house) == 0


async def kept(house: House) -> int:
    return await count(house.cloud.context.database, "messages")


# ---------------------------------------------------------------------------------- subscriptions


async def test_a_person_is_told_what_they_subscribed_to(house: House) -> None:
    made = await subscribe(house, types=["temperature_high"], least="warning")
    await raise_one(house)
    assert await told(house) == []
    path = f"{SUBSCRIPTIONS}/{made['id']}"
    status, changed = await call(house, "PATCH", path, {"types": ["water_low"]})
    assert (status, changed["types"], changed["least"]) == (200, ["water_low"], "warning")
    await raise_one(house, 2, TWO)
    assert len(await told(house)) == 1
    assert (await call(house, "DELETE", path))[0] == 204
    assert (await house.cloud.get(SUBSCRIPTIONS, house.owner))["items"] == []


async def test_quiet_hours_are_those_of_the_persons_clock_and_urgent_ones_ignore_them(
    house: House,
) -> None:
    # It is 06:00 UTC, 13:00 in Phnom Penh.
    await subscribe(house, quiet_from="12:30:00", quiet_until="14:00:00")
    await raise_one(house)
    await raise_one(house, 2, TWO, severity="critical")
    assert [one["quiet"] for one in await told(house)] == [False, True]


@pytest.mark.parametrize(
    "body",
    [
        {"quiet_from": "22:00:00"},
        {"types": ["mood_low"]},
        {"least": "dreadful"},
        {"quiet_from": "25:00:00", "quiet_until": "06:00:00"},
    ],
)
async def test_a_subscription_that_makes_no_sense_is_refused(house: House, body: Json) -> None:
    refused = await subscribe(house, status=422, **body)
    assert refused["code"] == "validation_failed"


async def test_nobody_subscribes_to_a_farm_that_they_can_not_see(house: House) -> None:
    _, elsewhere = await house.cloud.sign_up("Elsewhere")
    refused = await subscribe(house, status=404, farm_id=str(elsewhere))
    assert refused["code"] == "not_found"


async def test_a_test_reaches_everybody_once_a_minute(house: House) -> None:
    viewer = await member(house, "viewer")
    path = f"{house.farm_url}/alerts/test"
    assert await call(house, "POST", path, {"severity": "critical"}) == (202, {"told": 2})
    (message,) = await told(house, viewer)
    assert (message["kind"], message["importance"]) == ("test", "urgent")
    assert (await call(house, "POST", path, {"severity": "info"}))[0] == 409
    house.cloud.clock.advance(61)
    assert (await call(house, "POST", path, {"severity": "info"}))[0] == 202


# ------------------------------------------------------------------------------------- escalation


async def escalations(house: House, after: timedelta = AFTER) -> None:
    house.cloud.clock.advance(after.total_seconds())
    async with house.cloud.context.database.transaction() as tx:
        await escalate(tx)


async def brought_to(house: House, *people: Person) -> list[int]:
    return [
        sum(one["kind"] == "escalated" for one in await told(house, person)) for person in people
    ]


async def test_what_is_urgent_is_brought_to_one_person_after_the_other(house: House) -> None:
    manager, viewer = await member(house, "manager"), await member(house, "viewer")
    await raise_one(house, severity="critical")
    everybody = (manager, house.owner, viewer)
    await escalations(house, AFTER - timedelta(seconds=1))
    assert await brought_to(house, *everybody) == [0, 0, 0]
    await escalations(house, timedelta(seconds=1))
    assert await brought_to(house, *everybody) == [1, 0, 0]
    await escalations(house)
    await escalations(house)
    assert await brought_to(house, *everybody) == [1, 1, 0]
    events = await house.cloud.get(f"{house.farm_url}/events?type=alert.esc", house.owner)
    assert [event["user"]["id"] for event in events["items"]] == [
        str(house.owner.user_id),
        str(manager.user_id),
    ]


async def test_nobody_is_asked_once_somebody_has_seen_it_or_it_is_only_important(
    house: House,
) -> None:
    await raise_one(house, severity="critical")
    await raise_one(house, 2, TWO)
    await call(house, "PUT", f"{house.farm_url}/alerts/{ONE}/acknowledge")
    await escalations(house, AFTER * 3)
    assert await brought_to(house, house.owner) == [0]


async def test_who_wanted_to_hear_nothing_is_asked_all_the_same(house: House) -> None:
    await subscribe(house, types=["data_gap"])
    await raise_one(house, severity="critical")
    await escalations(house)
    assert await brought_to(house, house.owner) == [1]


async def test_while_its_hub_is_silent_nothing_else_of_it_is_brought_to_people(
    house: House,
) -> None:
    await raise_one(house, severity="critical")
    async with house.cloud.context.database.transaction() as tx:
        tx.session.add(
            Alert(
                id=tx.new_id(),
                farm_id=house.yard.farm_id,
                hub_id=house.yard.hub_id,
                type=AlertType.HUB_OFFLINE,
                severity=Severity.CRITICAL,
                state=AlertState.UNACKNOWLEDGED,
                raised_at=tx.now,
                told_at=tx.now,
            )
        )
    await escalations(house)
    assert await brought_to(house, house.owner) == [1]


async def test_nobody_is_asked_of_what_people_let_rest_before_its_rest_is_over(
    house: House,
) -> None:
    await raise_one(house, severity="critical")
    path = f"{house.farm_url}/alerts/{ONE}/shelve"
    assert (await call(house, "PUT", path, {"for_s": 3600}))[0] == 200
    await escalations(house)
    assert await brought_to(house, house.owner) == [0]
    await escalations(house, timedelta(hours=1))
    assert await brought_to(house, house.owner) == [1]


@pytest.mark.parametrize("wrong", [-timedelta(hours=3), timedelta(hours=7)])
async def test_each_person_is_given_their_time_whatever_the_clock_of_the_hub_says(
    house: House, wrong: timedelta
) -> None:
    manager = await member(house, "manager")
    house.now_ms += wrong // timedelta(milliseconds=1)
    await raise_one(house, severity="critical")
    everybody = (manager, house.owner)
    await escalations(house, AFTER - timedelta(seconds=1))
    assert await brought_to(house, *everybody) == [0, 0]
    await escalations(house, timedelta(seconds=1))
    assert await brought_to(house, *everybody) == [1, 0]


async def test_each_person_is_given_their_time_where_the_cloud_was_away(house: House) -> None:
    manager = await member(house, "manager")
    await raise_one(house, severity="critical")
    await escalations(house, AFTER * 6)
    await escalations(house, timedelta(seconds=15))
    assert await brought_to(house, manager, house.owner) == [1, 0]
    await escalations(house)
    assert await brought_to(house, manager, house.owner) == [1, 1]


async def test_alerts_of_a_patient_farm_hold_up_no_other(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(escalation, "AT_ONCE", 1)
    said = {"after_s": 43_200, "users": []}
    assert (await call(house, "PUT", f"{house.farm_url}/escalation", said))[0] == 200
    await raise_one(house, severity="critical")
    house.cloud.clock.advance(1)
    other = await house_of(house.cloud)
    await raise_one(other, alert=TWO, severity="critical")
    await escalations(house)
    assert await brought_to(house, house.owner, other.owner) == [0, 1]


async def test_nobody_is_told_or_asked_of_a_deleted_farm(house: House) -> None:
    await raise_one(house, severity="critical")
    assert (await call(house, "DELETE", house.farm_url))[0] == 204
    await raise_one(house, 2, TWO, severity="critical")
    await escalations(house)
    assert [one["alert_id"] for one in await told(house)] == [ONE]


async def test_a_farm_says_who_is_asked_and_when(house: House) -> None:
    manager = await member(house, "manager")
    path = f"{house.farm_url}/escalation"
    said = {"after_s": 120, "users": [str(house.owner.user_id)]}
    status, chain = await call(house, "PUT", path, said)
    assert (status, [one["id"] for one in chain["people"]]) == (200, said["users"])
    assert await house.cloud.get(path, manager) == chain
    await raise_one(house, severity="critical")
    await escalations(house, timedelta(seconds=120))
    assert await brought_to(house, house.owner, manager) == [1, 0]


async def name_chain(house: House, *people: Person) -> None:
    said = {"after_s": 600, "users": [str(one.user_id) for one in people]}
    assert (await call(house, "PUT", f"{house.farm_url}/escalation", said))[0] == 200


@pytest.mark.parametrize("change", ["left", "may no longer"])
async def test_who_comes_after_somebody_who_went_is_asked(house: House, change: str) -> None:
    manager = await member(house, "manager")
    await name_chain(house, manager, house.owner)
    await raise_one(house, severity="critical")
    await escalations(house)
    path = f"{house.farm_url}/members/{manager.user_id}"
    if change == "left":
        assert (await call(house, "DELETE", path))[0] == 204
    else:
        assert (await call(house, "PATCH", path, {"role": "viewer"}))[0] == 200
    await escalations(house)
    await escalations(house)
    assert await brought_to(house, house.owner) == [1]


async def test_who_is_named_while_an_alert_stands_is_asked_and_nobody_twice(house: House) -> None:
    first, second = await member(house, "manager"), await member(house, "manager")
    await name_chain(house, first)
    await raise_one(house, severity="critical")
    await escalations(house)
    await name_chain(house, second, first)
    await escalations(house)
    assert await brought_to(house, first, second) == [1, 1]
    # Nobody is left; another chain is heeded all the same.
    await escalations(house)
    await name_chain(house, first, second, house.owner)
    await escalations(house)
    await escalations(house)
    assert await brought_to(house, first, second, house.owner) == [1, 1, 1]


async def test_what_is_told_again_is_brought_to_all_again(house: House) -> None:
    manager = await member(house, "manager")
    await raise_one(house, severity="critical")
    await escalations(house)
    await escalations(house)
    again = house.alert_row(2, "raised_again", severity="critical", times=2)
    await house.send("events", [again], 2)
    for expected in ([2, 1], [2, 2], [2, 2]):
        await escalations(house)
        assert await brought_to(house, manager, house.owner) == expected


async def test_only_who_can_acknowledge_is_asked(house: House) -> None:
    viewer = await member(house, "viewer")
    path = f"{house.farm_url}/escalation"
    for users, code in (
        ([str(viewer.user_id)], "unknown_user"),
        ([str(house.owner.user_id)] * 2, "repeated"),
    ):
        status, problem = await call(house, "PUT", path, {"after_s": 120, "users": users})
        assert (status, problem["errors"][0]["code"]) == (422, code)
