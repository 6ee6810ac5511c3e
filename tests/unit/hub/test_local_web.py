"""The hub's own web, asked without a socket."""

import httpx

from tests.support.engine import HOUSE, IDS
from tests.unit.hub.conftest import Hub
from tokkatot.domain.devices import ON, DeviceRole
from tokkatot.hub.config import WebSettings
from tokkatot.hub.local_web import LocalWeb


def asked(hub: Hub) -> httpx.AsyncClient:
    web = LocalWeb(
        settings=WebSettings(host="127.0.0.1", port=1),
        control=hub.control,
        figures=lambda: {"software": "test"},
    )
    return httpx.AsyncClient(transport=httpx.ASGITransport(web.app()), base_url="http://hub")


async def test_the_state_shows_what_the_driver_reads_back(hub: Hub) -> None:
    await hub.order(DeviceRole.LIGHT, ON)
    async with asked(hub) as web:
        state = (await web.get("/v1/state")).json()
    light = next(item for item in state["devices"] if item["id"] == str(IDS[DeviceRole.LIGHT]))
    assert (light["actual"], light["target"], light["online"]) == (100.0, 100.0, True)
    assert (light["why"]["source"], light["house_id"]) == ("person", str(HOUSE))
    assert {item["quantity"] for item in state["readings"]} == {"temperature", "water_level"}
    assert (state["configured"], state["software"]) == (1, "test")


async def test_a_hub_without_a_document_shows_an_empty_state() -> None:
    async with asked(Hub()) as web:
        state = (await web.get("/v1/state")).json()
    assert (state["configured"], state["devices"], state["readings"]) == (None, [], [])


async def test_a_control_that_turns_is_well_and_one_that_is_stuck_is_not(hub: Hub) -> None:
    async with asked(hub) as web:
        assert (await web.get("/health")).status_code == 200
        hub.clock.advance(10)
        answer = await web.get("/health")
    assert (answer.status_code, answer.json()["status"]) == (503, "stuck")


async def test_nothing_else_is_there_and_nothing_can_be_changed(hub: Hub) -> None:
    async with asked(hub) as web:
        assert (await web.get("/v1/secrets")).status_code == 404
        assert (await web.post("/v1/state")).status_code == 405
