"""Alerts that people have seen, and what the page knows from before it was started."""

from pathlib import Path
from uuid import uuid4

from tests.support.engine import HOUSE, IDS, THERMOMETER
from tests.unit.hub.web.conftest import FARM_PATH, MANAGER, OWNER, PIN, VIEWER, Page, served
from tokkatot.automation.alarms import sounding
from tokkatot.cloud.alerts.api import AlertView
from tokkatot.domain.devices import DeviceRole
from tokkatot.hub.journal.port import JournalTimeout
from tokkatot.wire.messages import EventRow, ScheduleRunRow

ALERTS = f"{FARM_PATH}/alerts"
LIGHT = IDS[DeviceRole.LIGHT]
Alert = dict[str, object]


async def grow_hot(page: Page) -> None:
    page.hub.sense(celsius=36.0)
    await page.hub.turn()
    await page.hub.turn(61)


async def cool_down(page: Page) -> None:
    page.hub.sense(celsius=26.0)
    await page.hub.turn()
    await page.hub.turn(61)


async def alerts_of(page: Page, path: str = ALERTS) -> list[Alert]:
    async with await page.person(OWNER) as web:
        found: list[Alert] = (await web.get(path)).json()["items"]
    for alert in found:
        AlertView.model_validate(alert)
    return [alert for alert in found if str(alert["type"]).startswith("temperature_hard")]


async def acknowledge(page: Page, alert: Alert, user: object = MANAGER) -> Alert:
    async with await page.person(user) as web:  # type: ignore[arg-type]  # one of the fixtures
        answer = await web.put(f"{ALERTS}/{alert['id']}/acknowledge")
    found: Alert = answer.json()
    return found


async def test_a_person_has_seen_an_alert_and_everybody_is_told(page: Page) -> None:
    await grow_hot(page)
    (alert,) = await alerts_of(page)
    seen = await acknowledge(page, alert)
    assert (seen["state"], seen["acknowledged_by"]) == (
        "acknowledged",
        {"id": str(MANAGER), "name": "Manager"},
    )
    assert await alerts_of(page) == [seen]
    (row,) = [
        row
        for row in page.hub.journal.recorded("events")
        if isinstance(row, EventRow) and row.type == "alert.acknowledged"
    ]
    assert row.data == {"alert": alert["id"], "by": str(MANAGER), "times": 1}


async def test_who_has_seen_an_alert_here_silences_its_siren(page: Page) -> None:
    await grow_hot(page)
    (alert,) = await alerts_of(page)
    assert sounding(page.hub.control._state.alarms) == {HOUSE}
    await acknowledge(page, alert)
    await page.hub.turn()
    assert sounding(page.hub.control._state.alarms) == frozenset()


async def test_dangerous_heat_that_stays_comes_again_and_has_to_be_seen_again(page: Page) -> None:
    await grow_hot(page)
    (alert,) = await alerts_of(page)
    await acknowledge(page, alert)
    page.hub.sense(celsius=36.0)
    await page.hub.turn()
    await page.hub.turn(901)
    (again,) = await alerts_of(page)
    assert (again["id"], again["state"], again["times"]) == (alert["id"], "unacknowledged", 2)
    assert (again["raised_at"], again["acknowledged_by"]) == (alert["raised_at"], None)
    assert (await acknowledge(page, again))["state"] == "acknowledged"


async def test_a_second_time_changes_nothing(page: Page) -> None:
    await grow_hot(page)
    (alert,) = await alerts_of(page)
    first = await acknowledge(page, alert)
    page.hub.clock.advance(30)
    assert await acknowledge(page, alert, OWNER) == first


async def test_an_alert_that_went_unseen_asks_on_until_it_is_seen(page: Page) -> None:
    await grow_hot(page)
    await cool_down(page)
    (alert,) = await alerts_of(page)
    assert (alert["state"], alert["cleared_at"] is None) == ("returned", False)
    await acknowledge(page, alert)
    assert await alerts_of(page) == []
    (over,) = await alerts_of(page, f"{ALERTS}/history")
    assert (over["state"], over["acknowledged_by"] is None) == ("normal", False)


async def test_an_alert_that_is_over_is_seen_by_nobody_any_more(page: Page) -> None:
    await grow_hot(page)
    (alert,) = await alerts_of(page)
    await acknowledge(page, alert)
    await cool_down(page)
    assert await alerts_of(page) == []
    assert (await acknowledge(page, alert))["state"] == "normal"


async def test_a_viewer_and_a_stranger_acknowledge_nothing(page: Page) -> None:
    await grow_hot(page)
    (alert,) = await alerts_of(page)
    assert (await acknowledge(page, alert, VIEWER))["code"] == "forbidden"
    assert (await acknowledge(page, {"id": uuid4()}))["code"] == "not_found"
    assert (await alerts_of(page))[0]["state"] == "unacknowledged"


async def test_a_restart_forgets_neither_alerts_nor_who_has_seen_them(
    page: Page, tmp_path: Path
) -> None:
    await grow_hot(page)
    (alert,) = await alerts_of(page)
    seen = await acknowledge(page, alert)
    page.hub.restart()
    await page.hub.control.recall()
    async with served(page.hub, tmp_path) as again:
        await again.hub.configure(page.parts.document())
        assert await alerts_of(again) == [seen]
        assert await alerts_of(again, f"{ALERTS}/history") == [seen]


async def test_an_alert_whose_beginning_is_not_kept_still_stands(
    page: Page, tmp_path: Path
) -> None:
    await grow_hot(page)
    (alert,) = await alerts_of(page)
    page.hub.restart()
    await page.hub.control.recall()
    page.hub.journal.card.streams["events"].rows.clear()
    async with served(page.hub, tmp_path) as again:
        await again.hub.configure(page.parts.document())
        (standing,) = await alerts_of(again)
        assert (standing["id"], standing["state"]) == (alert["id"], "unacknowledged")
        assert (await acknowledge(again, standing))["state"] == "acknowledged"


async def test_what_was_read_and_ordered_is_there_after_a_restart(
    page: Page, tmp_path: Path
) -> None:
    async with await page.person(OWNER) as web:
        given = (await page.order(web, LIGHT, {"action": "on"})).json()
    for celsius in (27.0, 28.0, 29.0):
        await page.hub.turn(30)
        page.hub.sense(celsius=celsius)
        await page.hub.turn(0.01)
    page.hub.restart()
    async with served(page.hub, tmp_path) as again:
        await again.hub.configure(page.parts.document())
        async with await again.person(OWNER) as web:
            commands = (await web.get(f"{FARM_PATH}/devices/{LIGHT}/commands")).json()["items"]
            await again.parts.past._read_readings()
            history = (
                await web.get(
                    f"{FARM_PATH}/houses/{HOUSE}/history?device={THERMOMETER}&quantity=temperature"
                )
            ).json()
    assert [one["id"] for one in commands] == [given["id"]]
    assert [point[1] for point in history["series"][0]["points"]] == [26.0, 27.0, 28.0, 29.0]


async def test_a_row_of_the_past_that_makes_no_sense_keeps_nobody_out(page: Page) -> None:
    page.hub.journal.offer(events=[ScheduleRunRow(0, "x", "no id", 1, 1, "executed", None)])
    await grow_hot(page)
    assert [one["state"] for one in await alerts_of(page)] == ["unacknowledged"]


async def test_what_comes_while_the_past_is_read_is_not_lost(page: Page) -> None:
    page.parts.notes.listen()
    await grow_hot(page)
    assert page.parts.notes.alerts.history() != []
    page.parts.notes.wake()
    assert [one["state"] for one in await alerts_of(page)] == ["unacknowledged"]


async def test_a_disk_that_does_not_answer_keeps_nobody_out(page: Page) -> None:
    page.hub.journal.trouble = JournalTimeout(5)
    assert (await page.enter(pin=PIN)).status_code == 200
