"""What the hub's page shows and takes, in the shapes of the cloud."""

from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from tests.support.engine import HOUSE, HUB, IDS, THERMOMETER, device
from tests.unit.hub.conftest import Hub
from tests.unit.hub.web.conftest import (
    FARM_PATH,
    MANAGER,
    OWNER,
    PIN,
    VIEWER,
    Page,
    peopled,
    served,
)
from tokkatot.cloud.alerts.api import AlertView
from tokkatot.cloud.commands.api import CommandView
from tokkatot.cloud.farms.views import FarmView
from tokkatot.cloud.overview.views import HouseCardView, HouseStateView
from tokkatot.cloud.realtime.api import ChangesView
from tokkatot.cloud.telemetry.api import HistoryView
from tokkatot.domain.devices import OFF, ON, DeviceRole
from tokkatot.domain.ids import DeviceId
from tokkatot.domain.quantities import Quantity
from tokkatot.hub.drivers.port import Presence, Sampled
from tokkatot.hub.journal.port import JournalFull
from tokkatot.wire.messages import CommandRow

LIGHT, PUMP, HEATER = (
    IDS[role] for role in (DeviceRole.LIGHT, DeviceRole.WATER_PUMP, DeviceRole.HEATER)
)
HOUSE_PATH = f"{FARM_PATH}/houses/{HOUSE}"


async def test_the_answers_are_the_clouds(page: Page) -> None:
    await page.hub.turn(40)
    page.hub.sense(celsius=36.0)
    await page.hub.turn()
    await page.hub.turn(60)
    async with await page.person(OWNER) as web:
        command = (await page.order(web, LIGHT, {"action": "on"})).json()
        CommandView.model_validate(command)
        state = (await web.get(f"{HOUSE_PATH}/state")).json()
        HouseStateView.model_validate(state)
        alerts = (await web.get(f"{FARM_PATH}/alerts")).json()["items"]
        AlertView.model_validate(alerts[0])
        (card,) = (await web.get(f"{FARM_PATH}/houses")).json()["items"]
        HouseCardView.model_validate(card)
        ChangesView.model_validate((await web.get(f"{FARM_PATH}/changes?since=0")).json())
        history = (await web.get(f"{HOUSE_PATH}/history?quantity=temperature")).json()
        HistoryView.model_validate(history)
        farm = (await web.get(FARM_PATH)).json()
    assert farm.keys() == FarmView.model_fields.keys()
    assert state.keys() == HouseStateView.model_fields.keys()
    assert command.keys() == CommandView.model_fields.keys()
    assert "temperature_hard_limit" in {alert["type"] for alert in alerts}
    assert card["worst_alert"] == "critical"
    assert [point[1] for point in history["series"][0]["points"]] == [26.0, 36.0]
    assert history["series"][0]["gaps"] == []


async def test_a_card_tells_the_air_inside_and_nothing_else(page: Page) -> None:
    outside = {
        DeviceId(UUID(int=300)): DeviceRole.WEATHER_STATION,
        DeviceId(UUID(int=301)): DeviceRole.SOIL_SENSOR,
    }
    farm = peopled(OWNER, version=2)
    more = tuple(device(one, role, Quantity.TEMPERATURE) for one, role in outside.items())
    await page.hub.configure(replace(farm, devices=(*farm.devices, *more)))
    page.hub.sense(celsius=30.0)
    for one in outside:
        said = page.hub.reading(one, Quantity.TEMPERATURE, 20.0)
        page.hub.driver.observe(Sampled(readings=(said,)))
    await page.hub.turn()
    async with await page.person(OWNER) as web:
        (card,) = (await web.get(f"{FARM_PATH}/houses")).json()["items"]
        readings = (await web.get(f"{HOUSE_PATH}/state")).json()["readings"]
    assert [one["value"] for one in readings if one["quantity"] == "temperature"].count(20.0) == 2
    found = card["temperature"]
    assert (found["value"], found["device_id"]) == (30.0, str(THERMOMETER))


async def test_a_tap_moves_the_relay_and_is_recorded_with_its_person(page: Page) -> None:
    async with await page.person(MANAGER) as web:
        given = await page.order(web, LIGHT, {"action": "toggle", "duration_s": 60})
        assert (given.status_code, given.json()["state"]) == (202, "executing")
        await page.hub.turn(0.01)
        path = f"{FARM_PATH}/devices/{LIGHT}/commands/{given.json()['id']}"
        now = (await web.get(path)).json()
    assert (now["state"], now["origin"]) == ("completed", "farm")
    assert now["requested_by"] == {"id": str(MANAGER), "name": "Manager"}
    assert page.hub.driver.levels[LIGHT] == ON
    rows = [row for row in page.hub.journal.recorded("events") if isinstance(row, CommandRow)]
    assert [(row.command, row.state, row.by, row.level) for row in rows] == [
        (now["id"], "executing", str(MANAGER), ON),
        (now["id"], "completed", str(MANAGER), ON),
    ]


async def test_a_relay_moves_only_once_the_order_is_on_the_disk(page: Page) -> None:
    async with await page.person(MANAGER) as web:
        given = await page.order(web, LIGHT, {"action": "on"})
    events = page.hub.journal.recorded("events")
    begun = next(row for row in events if isinstance(row, CommandRow))
    assert (begun.command, begun.state) == (given.json()["id"], "executing")
    assert [order for _, _, order in page.hub.driver.writes if order == begun.command]


async def test_a_viewer_may_look_and_not_touch(page: Page) -> None:
    async with await page.person(VIEWER) as web:
        assert (await web.get(f"{HOUSE_PATH}/state")).json()["role"] == "viewer"
        refused = await page.order(web, LIGHT, {"action": "on"})
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert page.hub.driver.levels.get(LIGHT, OFF) == OFF


async def test_an_order_by_pin_is_nobodys_by_name(page: Page) -> None:
    token = (await page.enter(pin=PIN)).json()["access_token"]
    async with page.client(token) as web:
        given = await page.order(web, LIGHT, {"action": "on"})
    assert given.json()["requested_by"] is None
    (row, *_) = [r for r in page.hub.journal.recorded("events") if isinstance(r, CommandRow)]
    assert row.by == str(HUB)


async def test_the_same_key_is_the_same_order(page: Page) -> None:
    key = {"Idempotency-Key": "k"}
    async with await page.person(OWNER) as web:
        first = await page.order(web, LIGHT, {"action": "on"}, **key)
        again = await page.order(web, LIGHT, {"action": "on"}, **key)
        other = await page.order(web, LIGHT, {"action": "off"}, **key)
    assert again.json()["id"] == first.json()["id"]
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_mismatch")


@pytest.mark.parametrize(
    ("device", "body", "status", "code"),
    [
        (LIGHT, {"action": "set_value"}, 422, "validation_failed"),
        (LIGHT, {"action": "on", "value": 3}, 422, "validation_failed"),
        (LIGHT, {"action": "set_value", "value": 101}, 422, "validation_failed"),
        (LIGHT, {"action": "jump"}, 422, "validation_failed"),
        (LIGHT, {"action": "on", "loud": True}, 422, "validation_failed"),
        (LIGHT, [], 422, "validation_failed"),
        (HEATER, {"action": "on", "duration_s": 3601}, 422, "validation_failed"),
        (THERMOMETER, {"action": "on"}, 422, "validation_failed"),
        (uuid4(), {"action": "on"}, 404, "not_found"),
        (LIGHT, {"action": "x" * 9000}, 413, "body_too_large"),
    ],
)
async def test_an_order_that_makes_no_sense_is_refused_in_words(
    page: Page, device: object, body: object, status: int, code: str
) -> None:
    async with await page.person(OWNER) as web:
        answer = await page.order(web, device, body)  # type: ignore[arg-type]  # any id
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "detail", "request_id"} <= answer.json().keys()


async def test_an_order_to_a_stuck_control_is_not_kept_for_later(page: Page) -> None:
    async with await page.person(OWNER) as web:
        page.hub.clock.advance(10)
        answer = await web.post(f"{FARM_PATH}/devices/{LIGHT}/commands", json={"action": "on"})
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


async def test_another_farm_or_house_is_not_here(page: Page) -> None:
    async with await page.person(OWNER) as web:
        assert (await web.get(f"/v1/farms/{uuid4()}/houses")).status_code == 404
        assert (await web.get(f"{FARM_PATH}/houses/{uuid4()}/state")).status_code == 404
        assert (await web.get(f"{FARM_PATH}/members")).status_code == 404
        assert (await web.delete(f"{FARM_PATH}/houses")).status_code == 405


async def test_a_poller_gets_each_change_once(page: Page) -> None:
    async with await page.person(OWNER) as web:
        since = (await web.get(f"{FARM_PATH}/changes?since=0")).json()["next_since"]
        given = (await page.order(web, LIGHT, {"action": "on"})).json()
        await page.hub.turn(0.01)
        missed = (await web.get(f"{FARM_PATH}/changes?since={since}")).json()
        later = (await web.get(f"{FARM_PATH}/changes?since={missed['next_since']}")).json()
    states = [f["data"]["state"] for f in missed["items"] if f["type"] == "command.status"]
    assert (states, missed["reload"]) == (["executing", "completed"], False)
    assert any(f["type"] == "device.state" for f in missed["items"])
    assert {given["id"]} == {
        f["data"]["id"] for f in missed["items"] if f["type"] == "command.status"
    }
    assert (later["items"], later["reload"]) == ([], False)


async def test_a_poller_from_another_run_is_told_to_look_anew(page: Page) -> None:
    async with await page.person(OWNER) as web:
        assert (await web.get(f"{FARM_PATH}/changes?since=7")).json()["reload"] is True


async def test_the_machine_itself_sees_what_its_drivers_read_back(page: Page) -> None:
    async with page.client(address="127.0.0.1") as web:
        state = (await web.get("/v1/state")).json()
    assert (state["configured"], state["software"]) == (1, "test")
    assert {item["quantity"] for item in state["readings"]} == {"temperature", "water_level"}
    async with page.client() as web:
        assert (await web.get("/v1/state")).status_code == 404


async def test_a_hub_without_a_document_says_so_and_shows_nothing(tmp_path: Path) -> None:
    page = Page(Hub(), tmp_path)
    answer = await page.enter(pin=PIN)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    async with page.client(address="127.0.0.1") as web:
        state = (await web.get("/v1/state")).json()
    assert (state["configured"], state["devices"]) == (None, [])


async def test_a_control_that_turns_is_well_and_one_that_is_stuck_is_not(page: Page) -> None:
    async with page.client() as web:
        assert (await web.get("/health")).status_code == 200
        page.hub.clock.advance(10)
        answer = await web.get("/health")
    assert (answer.status_code, answer.json()["status"]) == (503, "stuck")


async def test_a_full_disk_is_told_and_makes_nobody_start_the_hub_again(page: Page) -> None:
    page.hub.journal.trouble = JournalFull("no room")
    async with page.client() as web:
        answer = await web.get("/health")
    assert (answer.status_code, answer.json()["journal"]) == (200, "full")


async def test_health_tells_what_was_dropped(page: Page) -> None:
    page.hub.driver.dropped = lambda: {"repeated": 2}  # type: ignore[method-assign]
    async with page.client() as web:
        answer = await web.get("/health")
    assert answer.json()["dropped"] == {"fake: repeated": 2}


async def test_the_same_key_is_the_same_order_over_a_restart(page: Page, tmp_path: Path) -> None:
    key = {"Idempotency-Key": "k"}
    async with await page.person(OWNER) as web:
        first = await page.order(web, LIGHT, {"action": "on", "duration_s": 60}, **key)
    await page.hub.turn(0.01)
    page.hub.restart()
    page.hub.driver.levels.clear()
    async with served(page.hub, tmp_path) as later:
        await later.hub.configure(page.parts.document())
        async with await later.person(OWNER) as web:
            again = await later.order(web, LIGHT, {"action": "on", "duration_s": 60}, **key)
            other = await later.order(web, LIGHT, {"action": "off"}, **key)
    assert (again.json()["id"], again.json()["state"]) == (first.json()["id"], "completed")
    assert later.hub.driver.levels.get(LIGHT, OFF) == OFF
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_mismatch")


async def test_an_order_that_a_crash_kept_from_beginning_begins_under_its_key(
    page: Page, tmp_path: Path
) -> None:
    key = {"Idempotency-Key": "k"}
    async with await page.person(OWNER) as web:
        first = await page.order(web, LIGHT, {"action": "on"}, **key)
    card = page.hub.journal.card
    del card.orders[UUID(first.json()["id"])]
    card.streams["events"].rows.clear()
    page.hub.restart()
    async with served(page.hub, tmp_path) as later:
        await later.hub.configure(page.parts.document())
        later.hub.control.inbox.offer(Presence(device_id=LIGHT, online=True))
        await later.hub.turn()
        async with await later.person(OWNER) as web:
            again = await later.order(web, LIGHT, {"action": "on"}, **key)
    assert (again.json()["id"], again.json()["state"]) == (first.json()["id"], "executing")


async def test_on_a_full_disk_the_page_switches_off_and_refuses_on_with_the_reason(
    page: Page,
) -> None:
    async with await page.person(MANAGER) as web:
        await page.order(web, LIGHT, {"action": "on"})
        page.hub.journal.trouble = JournalFull("no room")
        off = await page.order(web, LIGHT, {"action": "off"})
        assert page.hub.driver.levels[LIGHT] == OFF
        on = await page.order(web, LIGHT, {"action": "on"})
    assert (off.status_code, off.json()["state"]) == (202, "executing")
    assert (on.json()["state"], on.json()["reason"]) == ("refused", "journal_full")
    assert page.hub.driver.levels[LIGHT] == OFF


async def test_one_address_can_not_keep_the_hub_busy(page: Page) -> None:
    async with page.client(address="192.168.1.66") as web:
        codes = [(await web.get("/v1/hub")).status_code for _ in range(605)]
    assert (codes[0], codes[-1]) == (200, 429)
    async with page.client(address="192.168.1.67") as web:
        assert (await web.get("/v1/hub")).json()["name"] == f"tokkatot-{HUB.hex[-8:]}.local"


async def test_the_app_is_marked_as_a_hubs(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<head></head><body></body>")
    page = Page(hub, tmp_path, web_folder=tmp_path)
    async with page.client() as web:
        answer = await web.get("/farms/x")
    assert f'<meta name="tokkatot-hub" content="{HUB}"></head>' in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'self'")


async def test_a_row_that_the_page_does_not_understand_costs_control_nothing(page: Page) -> None:
    bad = CommandRow(0, "c", "x", 2**60, "executing", None, str(LIGHT), "nobody", 1.0, 2**60)
    await page.hub.journal.finish_order(
        CommandRow(0, "c", str(uuid4()), 2**60, "failed", None, str(LIGHT), "nobody", 1.0)
    )
    page.hub.journal._show(bad)
    await page.hub.configure(peopled(OWNER, version=2))
    async with await page.person(OWNER) as web:
        assert (await page.order(web, PUMP, {"action": "off"})).status_code == 202
