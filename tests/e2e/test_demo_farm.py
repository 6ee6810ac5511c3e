"""The demo farm through its real processes: cloud, broker, database and hubs."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import hub_state
from tests.support.people import HouseView, Json, Person, eventually, watching
from tests.support.stack import Stack
from tokkatot.sim.farm import ACCOUNTS, PASSWORD


async def level_in_hub(stack: Stack, house: HouseView, device_id: str) -> float:
    """Return the level that the hub's driver reads back from the relay."""
    state = await hub_state(stack, house)
    found = [item for item in state["devices"] if item["id"] == device_id]
    assert len(found) == 1
    return float(found[0]["actual"])


def _completed(command_id: str) -> Callable[[Json], bool]:
    def fits(frame: Json) -> bool:
        data = frame.get("data", {})  # a heartbeat has none
        return (frame["type"], data.get("id"), data.get("state")) == (
            "command.status",
            command_id,
            "completed",
        )

    return fits


@pytest.mark.parametrize("account", ACCOUNTS, ids=lambda account: account.name)
async def test_every_demo_account_logs_in_and_sees_the_farm(stack: Stack, account: Any) -> None:
    person = await Person.log_in(stack.url, account.login)
    farm = await person.farm()
    assert (farm["coop_count"], farm["house_count"]) == (2, 3)
    await person.close()


async def test_a_wrong_password_is_refused(stack: Stack) -> None:
    async with httpx.AsyncClient(base_url=stack.url, timeout=60) as http:
        answer = await http.post(
            "/v1/auth/login", json={"login": "012345678", "password": PASSWORD + "!"}
        )
    assert (answer.status_code, answer.json()["code"]) == (401, "login_failed")


async def test_who_forgot_their_password_is_seen_by_their_farm(stack: Stack) -> None:
    owner, _, viewer, _ = ACCOUNTS
    person = await Person.log_in(stack.url, owner.login)
    farm_id = (await person.farm())["id"]
    stranger = Person(stack.url)
    await stranger.post("/auth/forgot-password", {"login": viewer.login})

    async def seen() -> bool:
        events = await person.get(f"/farms/{farm_id}/events", type="password.reset_asked")
        return [event["user"]["name"] for event in events["items"]] == [viewer.name]

    assert await eventually("the owner sees it", seen)
    await stranger.close()
    await person.close()


async def test_a_stop_of_the_farm_reaches_the_hub_of_every_house_and_is_lifted_in_each(
    stack: Stack, manager: Person
) -> None:
    farm = f"/farms/{(await manager.farm())['id']}"
    cards = (await manager.get(f"{farm}/houses"))["items"]
    houses = [await manager.house(card["name"]) for card in cards]
    assert len(houses) == 3
    for house in houses:
        await house.reporting()

    async def versions() -> list[int]:
        return [(await hub_state(stack, house))["configured"] for house in houses]

    async def every_hub_holds_more_than(before: list[int]) -> None:
        async def held() -> bool:
            return all(now > then for now, then in zip(await versions(), before, strict=True))

        await eventually("every hub has heard of it", held)

    before = await versions()
    await manager.post(f"{farm}/stop")
    try:
        await every_hub_holds_more_than(before)
        for house in houses:
            refused = await house.ended(await house.tap("Heater", "on", duration_s=1))
            assert (refused["state"], refused["reason"]) == ("refused", "software_stop")
        before = await versions()
    finally:
        await manager.delete(f"{farm}/stop")
    await every_hub_holds_more_than(before)
    states = [await house.state() for house in houses]
    assert [state["stop"] for state in states] == [None] * 3


async def test_an_actuator_that_was_held_is_handed_back_and_its_trace_says_so(
    coop: HouseView,
) -> None:
    light = await coop.actuator("Light")
    held = await coop.ended(await coop.tap("Light", "on", duration_s=600))
    back = await coop.ended(await coop.tap("Light", "auto"))
    assert (held["state"], back["state"]) == ("completed", "completed")
    path = f"{coop.device_path(light['device_id'])}/trace"

    async def handed_back() -> bool:
        items = (await coop.person.get(path))["items"]
        newest, *older = [entry["why"] and entry["why"]["source"] for entry in items] or [None]
        return newest not in {None, "person"} and "person" in older

    await eventually("the person's hold is over", handed_back)


async def test_a_tap_moves_the_relay_inside_the_hub_and_comes_back_confirmed(
    stack: Stack, coop: HouseView
) -> None:
    light = await coop.actuator("Light")
    for action, level in (("on", 100.0), ("off", 0.0)):
        async with watching(coop) as watch:
            command = await coop.tap("Light", action, duration_s=60)
            frame = await watch.frame(_completed(command["id"]))
        assert frame["data"]["device_id"] == light["device_id"]
        assert await level_in_hub(stack, coop, light["device_id"]) == level
        assert (await coop.command(command))["state"] == "completed"
        assert (await coop.actuator("Light"))["actual"] == level


async def test_a_pump_that_a_person_started_fills_the_tank(coop: HouseView) -> None:
    async def water() -> float:
        readings = (await coop.state())["readings"]
        levels = [item["value"] for item in readings if item["quantity"] == "water_level"]
        return float(levels[0])

    before = await water()
    command = await coop.ended(await coop.tap("Water pump", "on", duration_s=60))
    assert command["state"] == "completed"

    async def risen() -> bool:
        return await water() > before + 2

    await eventually("the tank fills", risen)
    await coop.ended(await coop.tap("Water pump", "off", duration_s=1))


async def test_an_order_ends_by_itself_and_the_screen_says_until_when(
    stack: Stack, coop: HouseView
) -> None:
    light = await coop.actuator("Light")
    command, why = await _held_for_a_while(coop)
    assert why["until"] is not None

    async def rests() -> bool:
        return await level_in_hub(stack, coop, light["device_id"]) == 0.0

    await eventually("the light goes out", rests, within_s=150)
    assert (await coop.command(command))["state"] == "completed"


async def _held_for_a_while(coop: HouseView) -> tuple[Json, Json]:
    """Let a person switch the light on, and return the order and why the light is on."""
    for duration_s in (8, 30, 90):
        command = await coop.ended(await coop.tap("Light", "on", duration_s=duration_s))
        why = (await coop.actuator("Light"))["why"]
        if why is not None and why["source"] == "person":
            return command, why
    raise AssertionError("each time the order was over before anybody looked")


async def test_a_viewer_who_tries_to_switch_a_pump_is_refused_and_nothing_moves(
    stack: Stack, viewer: Person, coop: HouseView
) -> None:
    # Held, so that no rule moves it meanwhile.
    held = await coop.ended(await coop.tap("Water pump", "off", duration_s=600))
    assert held["state"] == "completed"
    pump = await coop.actuator("Water pump")
    house = await viewer.house("Coop 1")
    answer = await viewer.http.post(
        f"{house.device_path(pump['device_id'])}/commands", json={"action": "on"}
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert await level_in_hub(stack, coop, pump["device_id"]) == 0.0
    assert (await coop.ended(await coop.tap("Water pump", "auto")))["state"] == "completed"


async def test_the_same_idempotency_key_gives_one_command(coop: HouseView) -> None:
    light = await coop.actuator("Light")
    path = f"{coop.device_path(light['device_id'])}/commands"
    headers = {"Idempotency-Key": f"tap-{light['device_id']}-{id(path)}"}
    body = {"action": "on", "duration_s": 2}
    first, second = [
        (await coop.person.http.post(path, json=body, headers=headers)).json() for _ in range(2)
    ]
    assert first["id"] == second["id"]
    await coop.ended(first)


async def test_readings_reach_the_screen_and_the_history(coop: HouseView) -> None:
    async with watching(coop) as watch:
        frame = await watch.frame(
            lambda found: found["type"] == "readings" and found["data"]["house_id"] == coop.house_id
        )
    assert frame["data"]["values"]

    async def stored() -> bool:
        series = (await coop.person.get(f"{coop.path}/history", quantity="temperature"))["series"]
        return bool(series and series[0]["points"])

    await eventually("a temperature is in the history", stored)


async def test_the_greenhouse_opens_with_its_own_quantities(manager: Person) -> None:
    house = await manager.house("Greenhouse 1")
    await house.reporting()

    wanted = {"temperature", "relative_humidity", "co2", "ppfd", "soil_moisture"}

    async def seen() -> set[str] | None:
        found = {item["quantity"] for item in (await house.state())["readings"]}
        return found if wanted <= found else None

    assert wanted <= await eventually("the greenhouse measures", seen)


async def test_the_camera_shows_a_picture_only_to_members(stack: Stack, coop: HouseView) -> None:
    picture = (await coop.state())["picture"]
    assert picture is not None
    answer = await coop.person.http.get(f"{coop.path}/picture")
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.content.startswith(b"\xff\xd8")
    again = await coop.person.http.get(
        f"{coop.path}/picture", headers={"If-None-Match": answer.headers["etag"]}
    )
    assert again.status_code == httpx.codes.NOT_MODIFIED
    async with httpx.AsyncClient(base_url=f"{stack.url}/v1", timeout=60) as passer_by:
        assert (await passer_by.get(f"{coop.path}/picture")).status_code == 401


async def test_two_phones_that_tap_at_once_leave_no_command_open(coop: HouseView) -> None:
    async with asyncio.TaskGroup() as group:
        taps = [
            group.create_task(coop.tap("Light", action, duration_s=2))
            for action in ("on", "off", "on", "off")
        ]
    for tap in taps:
        ended = await coop.ended(tap.result())
        assert ended["state"] in {"completed", "refused", "failed", "interrupted"}
