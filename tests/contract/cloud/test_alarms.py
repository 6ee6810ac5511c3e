"""Alarms in the cloud: what houses want to be told of, what rests, and what hubs say of it."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.support.automated import Automated, automated
from tests.support.cloud import Cloud
from tests.support.house import ONE, TWO, House
from tests.support.yard import Row
from tokkatot.cloud.main import clean
from tokkatot.cloud.sync.desired import build_desired
from tokkatot.domain.alerts import AlertType, Severity
from tokkatot.domain.desired import DesiredDocument
from tokkatot.domain.ids import HubId
from tokkatot.kit.clock import to_ms

Json = Any  # answers of the interface under test, taken apart by the tests


def limit(**fields: object) -> Json:
    watch = {"kind": "limit", "quantity": "temperature", "comparison": "above", "threshold": 31.5}
    return {"name": "Too hot for chicks", "watch": watch | fields, "severity": "critical"}


# ----------------------------------------------------------------------------- what people write


@pytest.fixture
async def farm(cloud: Cloud) -> Automated:
    return await automated(cloud)


def path(farm: Automated, house: str | None = None) -> str:
    return f"/v1/farms/{farm.farm}/houses/{house or farm.house}/alarms"


async def put(farm: Automated, *alarms: Json, version: int = 0, status: int = 200) -> Json:
    return await farm.put(path(farm), {"version": version, "alarms": alarms}, status=status)


async def test_a_house_gets_its_alarms_and_its_hub_holds_them(farm: Automated) -> None:
    assert (await farm.cloud.get(path(farm), farm.owner))["version"] == 0
    before = (await farm.desired()).version
    written = await put(farm, limit(deadband=1.0))
    assert (written["version"], written["updated_by"]["id"]) == (1, str(farm.owner.user_id))
    assert await farm.cloud.get(path(farm), farm.owner) == written
    document = await farm.desired()
    assert document.version > before
    (alarm,) = document.houses[0].alarms
    assert str(alarm.id) == written["alarms"][0]["id"]
    assert (alarm.name, alarm.severity) == ("Too hot for chicks", Severity.CRITICAL)


async def test_an_alarm_may_come_with_its_id(farm: Automated) -> None:
    own = str(uuid4())
    written = await put(farm, {**limit(), "id": own})
    assert [alarm["id"] for alarm in written["alarms"]] == [own]


async def test_the_same_alarms_make_no_version_and_a_stale_edit_is_refused(
    farm: Automated,
) -> None:
    written = await put(farm, limit())
    again = await put(farm, *written["alarms"], version=1)
    assert again["version"] == 1
    assert (await put(farm, version=0, status=409))["code"] == "conflict"
    assert (await put(farm, version=1))["alarms"] == []
    assert [event["type"] for event in await farm.events("alarms.")] == ["alarms.changed"] * 2


LEAFY = {"kind": "limit", "quantity": "leaf_vpd", "comparison": "above", "threshold": 1.5}


async def test_an_alarm_may_go_by_what_follows_from_the_air_that_a_sensor_measures(
    farm: Automated,
) -> None:
    dry = LEAFY | {"quantity": "vpd", "device_id": farm.devices["climate_sensor"]}
    written = await put(farm, {"name": "too dry", "watch": dry})
    (alarm,) = written["alarms"]
    assert alarm["watch"]["quantity"] == "vpd"


@pytest.mark.parametrize(
    ("watch", "field", "code"),
    [
        ({"kind": "limit", "quantity": "co2"}, "watch.comparison", "missing"),
        ({"kind": "expression", "expression": "temperature"}, "watch.expression", "invalid"),
        ({"kind": "expression", "expression": "level[{gone}] > 1"}, "watch", "unknown_device"),
        ({"kind": "expression", "expression": "co2[{sensor}] > 1"}, "watch", "not_measured"),
        (LEAFY | {"device_id": "{sensor}"}, "watch", "not_measured"),
        ({"kind": "offline", "device_id": "{gone}"}, "watch", "unknown_device"),
        ({"kind": "standard", "type": "temperature_hard_limit"}, "watch.type", "invalid"),
        ({"kind": "test", "at": {"kind": "sun", "event": "sunrise"}}, "watch.at", "no_place"),
        ({"kind": "silent", "device_id": "{sensor}", "after_s": 1}, "watch.after_s", "invalid"),
    ],
)
async def test_an_alarm_that_the_house_can_not_have_is_refused_with_the_field(
    farm: Automated, watch: Json, field: str, code: str
) -> None:
    said = {
        name: value.replace("{gone}", str(UUID(int=9))).replace(
            "{sensor}", farm.devices["climate_sensor"]
        )
        if isinstance(value, str)
        else value
        for name, value in watch.items()
    }
    refused = await put(farm, {"name": "x", "watch": said}, status=422)
    (error,) = refused["errors"]
    assert (error["code"], error["field"].startswith(f"body.alarms.0.{field}")) == (code, True)


async def test_a_limit_by_age_is_for_coops_and_what_every_house_tells_is_said_once(
    farm: Automated,
) -> None:
    curve = {"kind": "age_limit", "quantity": "temperature", "comparison": "below"}
    aged = {"name": "x", "watch": curve | {"curve": [{"day": 0, "value": 30.0}]}}
    await put(farm, aged)
    answer = await farm.cloud.http.put(
        path(farm, farm.greenhouse),
        json={"version": 0, "alarms": [aged]},
        headers=farm.owner.headers,
    )
    assert answer.json()["errors"][0]["code"] == "not_for_this_house"
    standard = {"name": "x", "watch": {"kind": "standard", "type": "water_low"}}
    twice = await put(farm, standard, standard, version=1, status=422)
    assert twice["errors"][0]["code"] == "repeated"


async def test_fewer_alarms_are_taken_however_long_the_document_of_the_hub_is(
    farm: Automated,
) -> None:
    written = await put(farm, limit())
    async with farm.cloud.context.database.transaction() as tx:
        await (await tx.psycopg()).execute(
            "UPDATE devices SET address = jsonb_build_object('note', repeat('x', 400000))"
            " WHERE id = %s",
            (UUID(farm.devices["light"]),),
        )
    more = await put(farm, *written["alarms"], limit(threshold=33.0), version=1, status=409)
    assert more["code"] == "conflict"
    assert (await put(farm, version=1))["alarms"] == []


# ---------------------------------------------------------------------------------- what hubs say


async def alert(house: House, one: str = ONE) -> Json:
    return await house.cloud.get(f"{house.farm_url}/alerts/{one}", house.owner)


async def act(house: House, what: str, body: Json = None, *, status: int = 200) -> Json:
    answer = await house.cloud.http.put(
        f"{house.farm_url}/alerts/{ONE}/{what}", json=body, headers=house.owner.headers
    )
    assert answer.status_code == status, answer.text
    return answer.json()


async def desired(house: House) -> DesiredDocument:
    async with house.cloud.context.database.transaction() as tx:
        return await build_desired(tx, HubId(house.yard.hub_id))


async def test_an_alarm_of_the_house_comes_with_its_name_and_how_bad_it_is(house: House) -> None:
    about = str(UUID(int=7))
    await house.send(
        "events",
        [house.alert_row(1, "raised", type="limit", severity="critical", about=about, name="Hot")],
    )
    found = await alert(house)
    assert (found["type"], found["severity"], found["name"]) == ("limit", "critical", "Hot")


async def test_an_alert_that_comes_again_has_to_be_seen_again(house: House) -> None:
    await house.send("events", [house.alert_row(1, "raised")])
    await act(house, "acknowledge")
    await house.send("events", [house.alert_row(2, "raised_again", times=2, flaps=True)], 2)
    found = await alert(house)
    assert (found["state"], found["times"], found["flaps"]) == ("unacknowledged", 2, True)
    assert (found["acknowledged_by"], found["cleared_at"]) == (None, None)
    events = await house.cloud.get(f"{house.farm_url}/events?type=alert.", house.owner)
    assert [event["type"] for event in events["items"]] == [
        "alert.raised_again",
        "alert.acknowledged",
        "alert.raised",
    ]


async def test_an_alert_that_was_over_for_the_cloud_comes_again_as_well(house: House) -> None:
    await house.send("events", [house.alert_row(1, "raised"), house.alert_row(2, "cleared")])
    await act(house, "acknowledge")
    assert (await alert(house))["state"] == "normal"
    await house.send("events", [house.alert_row(3, "raised_again", times=2)], 3)
    assert (await alert(house))["state"] == "unacknowledged"


async def test_a_row_that_comes_twice_changes_nothing(house: House) -> None:
    await house.send(
        "events", [house.alert_row(1, "raised"), house.alert_row(2, "raised_again", times=2)]
    )
    await act(house, "acknowledge")
    await house.send("events", [house.alert_row(3, "raised_again", times=2)], 3)
    assert (await alert(house))["state"] == "acknowledged"


async def test_an_alert_whose_beginning_was_thinned_out_is_there_all_the_same(
    house: House,
) -> None:
    await house.send("events", [house.alert_row(1, "raised_again", times=5)])
    assert (await alert(house))["times"] == 5


async def test_what_is_told_with_another_is_seen_with_it_and_over_by_itself(house: House) -> None:
    await house.send(
        "events",
        [
            house.alert_row(1, "raised", type="many_devices"),
            house.alert_row(2, "raised", TWO, type="sensor_stale", under=ONE),
        ],
    )
    assert (await alert(house, TWO))["under"] == ONE
    await act(house, "acknowledge")
    assert (await alert(house, TWO))["state"] == "acknowledged"
    await house.send(
        "events", [house.alert_row(3, "cleared", TWO, type="sensor_stale", under=ONE)], 3
    )
    assert (await alert(house, TWO))["state"] == "normal"


async def test_what_was_told_in_silence_and_is_over_asks_for_nobody(house: House) -> None:
    rows = [house.alert_row(1, "raised", shelved=True), house.alert_row(2, "cleared", shelved=True)]
    await house.send("events", rows)
    assert (await alert(house))["state"] == "normal"


async def test_who_has_seen_an_alert_silences_its_siren_at_the_hub(house: House) -> None:
    await house.send(
        "events", [house.alert_row(1, "raised"), house.alert_row(2, "raised_again", times=2)]
    )
    before = await desired(house)
    assert before.seen == ()
    await act(house, "acknowledge")
    document = await desired(house)
    assert document.version > before.version
    assert [(str(one.alert_id), one.times) for one in document.seen] == [(ONE, 2)]


async def test_who_saw_an_alert_at_the_hub_before_it_came_again_has_not_seen_it(
    house: House,
) -> None:
    seen: Row = [2, "e", house.now_ms, "alert.acknowledged", {"alert": ONE, "times": 1}]
    again = house.alert_row(1, "raised_again", times=2)
    await house.send("events", [again, seen])
    assert (await alert(house))["state"] == "unacknowledged"


# ------------------------------------------------------------------------------------ what rests


async def test_an_alarm_rests_until_its_end_and_its_hub_knows(house: House) -> None:
    await house.send("events", [house.alert_row(1, "raised")])
    before = await desired(house)
    found = await act(house, "shelve", {"for_s": 3600})
    until = house.cloud.clock.now() + timedelta(hours=1)
    assert found["shelved_until"] == until.isoformat().replace("+00:00", "Z")
    document = await desired(house)
    assert document.version > before.version
    (shelf,) = document.shelved
    assert (shelf.type, shelf.until_ms) == (AlertType.WATER_LOW, to_ms(until))
    await act(house, "shelve", {"for_s": 7200})
    assert len((await desired(house)).shelved) == 1
    assert (await act(house, "shelve", {"for_s": 0}))["shelved_until"] is None
    assert (await desired(house)).shelved[0].until_ms == house.now_ms


async def test_a_shelf_whose_time_is_over_is_forgotten(house: House) -> None:
    await house.send("events", [house.alert_row(1, "raised")])
    await act(house, "shelve", {"for_s": 60})
    house.cloud.clock.advance(61)
    await clean(house.cloud.context)
    assert (await desired(house)).shelved == ()


@pytest.mark.parametrize("for_s", [-1, 7 * 86_400 + 1, None])
async def test_nothing_rests_for_longer_than_a_week(house: House, for_s: int | None) -> None:
    await house.send("events", [house.alert_row(1, "raised")])
    refused = await act(house, "shelve", {"for_s": for_s}, status=422)
    assert [error["field"] for error in refused["errors"]] == ["body.for_s"]
    assert (await desired(house)).shelved == ()


@pytest.mark.parametrize("kind", ["temperature_hard_limit", "camera_failed"])
async def test_dangerous_heat_never_rests_and_neither_does_what_a_camera_tells(
    house: House, kind: str
) -> None:
    await house.send("events", [house.alert_row(1, "raised", type=kind)])
    assert (await act(house, "shelve", {"for_s": 60}, status=409))["code"] == "conflict"


async def test_an_alert_that_is_told_in_silence_says_until_when(house: House) -> None:
    await house.send("events", [house.alert_row(1, "raised")])
    until = (await act(house, "shelve", {"for_s": 3600}))["shelved_until"]
    await house.send("events", [house.alert_row(2, "raised", TWO, shelved=True)], 2)
    assert (await alert(house, TWO))["shelved_until"] == until


async def come_off_the_shelf(house: House, *, seen_after_s: float, told_after_s: float) -> None:
    """Shelve an alert, end its rest, see it, and let its hub say it again."""
    await house.send("events", [house.alert_row(1, "raised")])
    await act(house, "shelve", {"for_s": 3600})
    if seen_after_s < 0:
        await act(house, "acknowledge")
    await act(house, "shelve", {"for_s": 0})
    house.cloud.clock.advance(abs(seen_after_s))
    if seen_after_s > 0:
        await act(house, "acknowledge")
    house.cloud.clock.advance(told_after_s)
    await house.send("events", [house.alert_row(2, "raised_again", times=2)], 2)


async def test_who_has_seen_what_came_off_its_shelf_need_not_see_it_again(house: House) -> None:
    await come_off_the_shelf(house, seen_after_s=1, told_after_s=2)
    found = await alert(house)
    assert (found["state"], found["times"]) == ("acknowledged", 2)
    assert found["acknowledged_by"] is not None
    assert [(str(one.alert_id), one.times) for one in (await desired(house)).seen] == [(ONE, 2)]


@pytest.mark.parametrize(("seen_after_s", "told_after_s"), [(-1, 2), (1, 70)])
async def test_what_is_told_for_another_reason_or_was_seen_before_has_to_be_seen(
    house: House, seen_after_s: float, told_after_s: float
) -> None:
    await come_off_the_shelf(house, seen_after_s=seen_after_s, told_after_s=told_after_s)
    found = await alert(house)
    assert (found["state"], found["acknowledged_by"]) == ("unacknowledged", None)


async def test_what_came_again_while_it_rested_no_longer_has_to_be_seen(house: House) -> None:
    await come_off_the_shelf(house, seen_after_s=1, told_after_s=2)
    rows = [house.alert_row(3, "cleared", times=2), house.alert_row(4, "raised_again", times=3)]
    await house.send("events", rows, 3)
    assert (await alert(house))["state"] == "unacknowledged"
