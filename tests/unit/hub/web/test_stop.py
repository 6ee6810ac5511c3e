"""The software stop on the hub's page: pressed and lifted without a cloud."""

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest

from tests.support.engine import HOUSE, IDS
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
from tokkatot.cloud.farms.views import StopView
from tokkatot.domain.desired import DesiredDocument
from tokkatot.domain.devices import OFF, ON, DeviceRole
from tokkatot.domain.ids import HouseId
from tokkatot.wire.messages import EventRow

FAN, LIGHT, PUMP = (IDS[role] for role in (DeviceRole.FAN, DeviceRole.LIGHT, DeviceRole.WATER_PUMP))
STOP = f"{FARM_PATH}/houses/{HOUSE}/stop"
STATE = f"{FARM_PATH}/houses/{HOUSE}/state"
OTHER = HouseId(UUID(int=4))


def two_houses() -> DesiredDocument:
    document = peopled(OWNER, MANAGER, VIEWER, version=2)
    (house,) = document.houses
    return replace(document, houses=(house, replace(house, id=OTHER, number=2)))


def told(page: Page) -> list[dict[str, object]]:
    rows = page.hub.journal.recorded("events")
    return [dict(r.data) for r in rows if isinstance(r, EventRow) and r.type == "stop.changed"]


async def test_a_stop_rests_the_pump_and_leaves_the_fan_alone(page: Page) -> None:
    async with await page.person(MANAGER) as web:
        await page.order(web, PUMP, {"action": "on"})
        await page.hub.turn(0.01)
        assert (page.hub.driver.levels[PUMP], page.hub.driver.levels[FAN]) == (ON, ON)
        stopped = await web.post(STOP)
        await page.hub.turn(0.01)
        assert (page.hub.driver.levels[PUMP], page.hub.driver.levels[FAN]) == (OFF, ON)
        StopView.model_validate(stopped.json())
        assert stopped.json()["by"] == {"id": str(MANAGER), "name": "Manager"}
        state = (await web.get(STATE)).json()
        refused = await page.order(web, PUMP, {"action": "on"})
        await page.hub.turn(0.01)
        path = f"{FARM_PATH}/devices/{PUMP}/commands/{refused.json()['id']}"
        assert (await web.get(path)).json()["reason"] == "software_stop"
    assert (state["stop"], state["house"]["stopped"]) == (stopped.json(), True)
    assert told(page) == [{"house": str(HOUSE), "stopped": True, "by": str(MANAGER)}]


async def test_lifting_it_starts_nothing_that_was_ordered_before(page: Page) -> None:
    async with await page.person(OWNER) as web:
        await page.order(web, LIGHT, {"action": "on"})
        await web.post(STOP)
        await page.hub.turn(0.01)
        lifted = await web.delete(STOP)
        await page.hub.turn()
        state = (await web.get(STATE)).json()
    assert lifted.status_code == 204
    assert (state["stop"], state["house"]["stopped"]) == (None, False)
    assert page.hub.driver.levels[PUMP] == OFF


async def test_a_second_stop_changes_nothing(page: Page) -> None:
    async with await page.person(OWNER) as web, await page.person(MANAGER) as other:
        first = (await web.post(STOP)).json()
        page.hub.clock.advance(60)
        await page.hub.turn(0.01)
        assert (await other.post(STOP)).json() == first
    assert len(told(page)) == 1


async def test_a_viewer_stops_and_lifts_nothing(page: Page) -> None:
    async with await page.person(VIEWER) as web:
        for path in (STOP, f"{FARM_PATH}/stop"):
            assert (await web.post(path)).status_code == 403
            assert (await web.delete(path)).status_code == 403
    assert told(page) == []


async def test_a_house_of_somebody_else_is_not_here(page: Page) -> None:
    async with await page.person(OWNER) as web:
        answer = await web.post(f"{FARM_PATH}/houses/{uuid4()}/stop")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_whoever_has_the_pin_may_stop_without_a_name(page: Page) -> None:
    token = (await page.enter(pin=PIN)).json()["access_token"]
    async with page.client(token) as web:
        stopped = (await web.post(STOP)).json()
    assert stopped["by"] is None
    assert stopped["at"] is not None


async def test_the_stop_and_who_pressed_it_outlast_a_restart(page: Page, tmp_path: Path) -> None:
    async with await page.person(MANAGER) as web:
        pressed = (await web.post(STOP)).json()
    page.hub.restart()
    await page.hub.control.recall()
    await page.hub.configure(peopled(OWNER, MANAGER, VIEWER))
    async with served(page.hub, tmp_path) as again, await again.person(OWNER) as web:
        assert (await web.get(STATE)).json()["stop"] == pressed


async def test_a_stop_of_the_cloud_can_be_lifted_here_and_is_nobodys_by_name(page: Page) -> None:
    document = peopled(OWNER, version=2)
    (house,) = document.houses
    await page.hub.configure(replace(document, houses=(replace(house, software_stop=True),)))
    async with await page.person(OWNER) as web:
        assert (await web.get(STATE)).json()["stop"] == {"by": None, "at": None}
        await web.delete(STOP)
        assert (await web.get(STATE)).json()["stop"] is None
    assert told(page) == [{"house": str(HOUSE), "stopped": False, "by": str(OWNER)}]


async def test_a_stop_of_the_cloud_can_be_pressed_here_too_by_name(page: Page) -> None:
    document = peopled(OWNER, MANAGER, version=2)
    (house,) = document.houses
    await page.hub.configure(replace(document, houses=(replace(house, software_stop=True),)))
    async with await page.person(MANAGER) as web:
        pressed = (await web.post(STOP)).json()
        assert pressed["by"] == {"id": str(MANAGER), "name": "Manager"}
        assert (await web.get(STATE)).json()["stop"] == pressed
    assert told(page) == [{"house": str(HOUSE), "stopped": True, "by": str(MANAGER)}]


async def test_a_stop_of_all_holds_a_house_whose_stop_the_cloud_is_lifting(page: Page) -> None:
    free = two_houses()
    house, other = free.houses
    await page.hub.configure(replace(free, houses=(replace(house, software_stop=True), other)))
    async with await page.person(OWNER) as web:
        await web.post(f"{FARM_PATH}/stop")
        # The cloud lifted its own before it heard of this one.
        await page.hub.configure(replace(free, version=3))
        assert await stopped_cards(web) == [True, True]
        await web.delete(f"{FARM_PATH}/stop")
        # It was stopped before there was a word for all: that lifts it no more than before.
        assert await stopped_cards(web) == [True, False]
    pressed = [word for word in told(page) if word["stopped"]]
    assert {word["house"] for word in pressed} == {str(HOUSE), str(OTHER)}


async def test_who_pressed_a_stop_that_the_cloud_has_lifted_is_forgotten(page: Page) -> None:
    async with await page.person(OWNER) as web:
        await web.post(STOP)
        document = peopled(OWNER, version=2)
        (house,) = document.houses
        stopped = replace(document, houses=(replace(house, software_stop=True),))
        for taken in (stopped, replace(document, version=3)):
            await page.hub.configure(taken)
            await page.parts.notes.stops.follow(page.parts.document())
        await page.hub.configure(replace(stopped, version=4))
        assert (await web.get(STATE)).json()["stop"] == {"by": None, "at": None}


async def test_one_word_stops_all_houses_and_lifts_those_alone(page: Page, tmp_path: Path) -> None:
    await page.hub.configure(two_houses())
    async with await page.person(OWNER) as web:
        await web.post(STOP)
        every = (await web.post(f"{FARM_PATH}/stop")).json()
        assert every["by"] == {"id": str(OWNER), "name": "Owner"}
        assert (await web.get(FARM_PATH)).json()["stopped"] is True
    async with served(page.hub, tmp_path) as again, await again.person(OWNER) as web:
        assert (await web.delete(f"{FARM_PATH}/stop")).status_code == 204
        cards = (await web.get(f"{FARM_PATH}/houses")).json()["items"]
        assert [card["stopped"] for card in cards] == [True, False]
        assert (await web.delete(f"{FARM_PATH}/stop")).status_code == 204
        assert (await web.get(f"{FARM_PATH}/houses")).json()["items"] == cards


async def test_a_house_that_is_lifted_alone_is_lifted_for_good(page: Page) -> None:
    await page.hub.configure(two_houses())
    async with await page.person(OWNER) as web:
        await web.post(f"{FARM_PATH}/stop")
        await web.delete(STOP)
        await web.post(STOP)
        await web.delete(f"{FARM_PATH}/stop")
        cards = (await web.get(f"{FARM_PATH}/houses")).json()["items"]
    assert [card["stopped"] for card in cards] == [True, False]


async def test_a_house_that_is_stopped_by_itself_too_stays_so(page: Page) -> None:
    await page.hub.configure(two_houses())
    async with await page.person(OWNER) as web:
        await web.post(f"{FARM_PATH}/stop")
        await web.post(STOP)
        await web.delete(f"{FARM_PATH}/stop")
        cards = (await web.get(f"{FARM_PATH}/houses")).json()["items"]
    assert [card["stopped"] for card in cards] == [True, False]


async def stopped_cards(web: httpx.AsyncClient) -> list[bool]:
    return [card["stopped"] for card in (await web.get(f"{FARM_PATH}/houses")).json()["items"]]


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_stop_of_all_that_was_lifted_in_the_cloud_has_no_later_one(
    page: Page, tmp_path: Path, *, restarted: bool
) -> None:
    free = two_houses()
    house, other = free.houses
    stopped, again = replace(house, software_stop=True), replace(other, software_stop=True)
    await page.hub.configure(free)
    async with await page.person(OWNER) as web:
        await web.post(f"{FARM_PATH}/stop")
    for version, houses in enumerate([(stopped, again), (house, other), (stopped, other)], 3):
        await page.hub.configure(replace(free, version=version, houses=houses))
        await page.parts.notes.stops.follow(page.parts.document())
    # A restart reads from the disk what was forgotten there too.
    last = served(page.hub, tmp_path) if restarted else nullcontext(page)
    async with last as open_page, await open_page.person(OWNER) as web:
        await web.delete(f"{FARM_PATH}/stop")
        assert await stopped_cards(web) == [True, False]


async def test_a_house_that_a_button_lifted_and_stopped_again_stays_so(
    page: Page, tmp_path: Path
) -> None:
    await page.hub.configure(two_houses())
    async with await page.person(OWNER) as web:
        await web.post(f"{FARM_PATH}/stop")
        for is_stopped in (False, True):
            await page.hub.control.stop(HOUSE, stopped=is_stopped, by=MANAGER)
        await web.delete(f"{FARM_PATH}/stop")
        assert await stopped_cards(web) == [True, False]
    async with served(page.hub, tmp_path) as again, await again.person(OWNER) as web:
        await web.delete(f"{FARM_PATH}/stop")
        assert await stopped_cards(web) == [True, False]


async def test_a_lift_from_before_a_stop_of_all_takes_no_house_out_of_it(
    page: Page, tmp_path: Path
) -> None:
    await page.hub.configure(two_houses())
    async with await page.person(OWNER) as web:
        await web.post(STOP)
        await web.delete(STOP)
        await web.post(f"{FARM_PATH}/stop")
    async with served(page.hub, tmp_path) as again, await again.person(OWNER) as web:
        await web.delete(f"{FARM_PATH}/stop")
        assert await stopped_cards(web) == [False, False]


async def test_open_pages_hear_of_it(page: Page) -> None:
    async with await page.person(OWNER) as web:
        since = (await web.get(f"{FARM_PATH}/changes?since=0")).json()["next_since"]
        await web.post(STOP)
        items = (await web.get(f"{FARM_PATH}/changes?since={since}")).json()["items"]
    assert {"what": "stop", "id": str(HOUSE)} in [item["data"] for item in items]
