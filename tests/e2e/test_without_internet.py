"""The cloud is out of reach, and the farm's people go on at the hub itself."""

import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import httpx

from tests.e2e.conftest import hub_state
from tests.support.people import HouseView, Json, Person, eventually, watching
from tests.support.stack import Stack
from tokkatot.sim.farm import PASSWORD


@contextmanager
def no_internet(stack: Stack) -> Iterator[None]:
    """Freeze the cloud and its broker, as a line that is dead but not closed."""
    pids = [stack.pid_of("cloud"), stack.pid_of("broker")]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


async def passes(house: HouseView) -> dict[str, Json]:
    """Return a person's passes by the house of the hub."""
    page = await house.person.post(f"/farms/{house.farm_id}/hub-pass")
    return {item["house_id"]: item for item in page["items"]}


async def enter(url: str, **body: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=f"{url}/v1", timeout=60) as http:
        return await http.post("/auth/hub-pass", json=body)


@asynccontextmanager
async def at_the_hub(house: HouseView) -> AsyncIterator[HouseView]:
    """Show the same house to the same person by its hub, with nothing but the pass."""
    given = (await passes(house))[house.house_id]
    async with by_pass(given, house) as seen:
        yield seen


@asynccontextmanager
async def by_pass(given: Json, house: HouseView) -> AsyncIterator[HouseView]:
    (url,) = given["addresses"]
    answer = await enter(url, token=given["token"])
    assert answer.status_code == httpx.codes.OK, answer.text
    person = Person(url, token=answer.json()["access_token"])
    try:
        yield HouseView(person=person, farm_id=house.farm_id, house_id=house.house_id)
    finally:
        await person.close()


async def test_a_tap_without_internet_moves_the_relay_and_is_in_the_clouds_log_later(
    stack: Stack, coop: HouseView
) -> None:
    me = await coop.person.get("/users/me")
    given = (await passes(coop))[coop.house_id]
    with no_internet(stack):
        async with by_pass(given, coop) as local:
            await local.reporting()
            async with watching(local) as watch:
                command = await local.tap("Light", "on", duration_s=30)
                told = await watch.frame(
                    lambda frame: (
                        frame["type"] == "command.status"
                        and frame["data"]["id"] == command["id"]
                        and frame["data"]["state"] == "completed"
                    )
                )
            assert told["data"]["requested_by"]["id"] == me["id"]
            light = await local.actuator("Light")
            assert (light["actual"], light["why"]["source"]) == (100.0, "person")
            assert (await local.state())["house"]["hub"]["online"] is True

    async def logged() -> Json:
        try:
            page = await coop.person.get(f"/farms/{coop.farm_id}/commands")
        except (AssertionError, httpx.HTTPError):
            return None
        found = [item for item in page["items"] if item["id"] == command["id"]]
        return found[0] if found and found[0]["state"] == "completed" else None

    kept = await eventually("the order is in the cloud's log", logged, within_s=180, poll_s=1)
    assert (kept["origin"], kept["requested_by"]["name"]) == ("farm", me["name"])
    assert (kept["action"], kept["value"]) == ("on", 100.0)
    await coop.reporting()


async def pump_switched_on(house: HouseView) -> None:
    """Switch the pump on as soon as it has rested, as an earlier test may have stopped it."""

    async def rested() -> Json:
        order = await house.ended(await house.tap("Water pump", "on", duration_s=120))
        return None if order["reason"] == "minimum_off" else order

    on = await eventually("the pump has rested", rested, poll_s=1)
    assert (on["state"], on["reason"]) == ("completed", None)


async def test_a_stop_without_internet_holds_outlasts_its_hub_and_is_in_the_cloud_later(
    stack: Stack, coop: HouseView
) -> None:
    me = await coop.person.get("/users/me")
    hub_id = (await coop.state())["hub"]["id"]
    given = (await passes(coop))[coop.house_id]
    with no_internet(stack):
        async with by_pass(given, coop) as local:
            await local.reporting()
            await pump_switched_on(local)
            stop = await local.person.post(f"{local.path}/stop")
            assert stop["by"] == {"id": me["id"], "name": me["name"]}

            async def at_rest() -> bool:
                return bool((await local.actuator("Water pump"))["actual"] == 0.0)

            await eventually("the pump rests", at_rest, within_s=60)
            assert (await local.actuator("Fan 1"))["actual"] == 100.0
            refused = await local.ended(await local.tap("Water pump", "on", duration_s=60))
            assert (refused["state"], refused["reason"]) == ("refused", "software_stop")
        os.kill(stack.hub_pid(hub_id), signal.SIGKILL)

        async def stopped_still() -> bool:
            try:
                async with by_pass(given, coop) as local:
                    state = await local.state()
            except (AssertionError, httpx.HTTPError):
                return False
            assert state["stop"] == stop
            levels = {item["name"]: item["actual"] for item in state["actuators"]}
            return (levels["Water pump"], levels["Fan 1"]) == (0.0, 100.0)

        await eventually("the new hub holds the stop", stopped_still)

    async def taken_over() -> Json:
        try:
            return (await coop.state())["stop"]
        except (AssertionError, httpx.HTTPError):
            return None

    kept = await eventually("the cloud knows of the stop", taken_over, within_s=180, poll_s=1)
    assert kept["by"] == {"id": me["id"], "name": me["name"]}
    await coop.reporting()
    assert (await coop.person.http.delete(f"{coop.path}/stop")).is_success
    async with by_pass(given, coop) as local:

        async def goes_on() -> bool:
            return (await local.state())["stop"] is None

        await eventually("the hub has heard that it may go on", goes_on)


async def test_the_pin_that_an_owner_sets_opens_the_hub_without_internet(
    stack: Stack, owner: Person
) -> None:
    house = await owner.house("Coop 1")
    await house.reporting()
    url = stack.hub_url((await house.state())["hub"]["id"])
    path = f"/farms/{house.farm_id}/hub-pin"
    seen = (await hub_state(stack, house))["configured"]
    await owner.put(path, {"pin": "802461"})

    async def opens() -> bool:
        return (await enter(url, pin="802461")).is_success

    async def taken_over() -> bool:
        # Until the hub has it, it is a wrong PIN, and a few of those shut the hub for a while.
        nonlocal seen
        before, seen = seen, (await hub_state(stack, house))["configured"]
        return seen > before and await opens()

    await eventually("the hub has taken the PIN over", taken_over)
    with no_internet(stack):
        assert await opens()
    await house.reporting()
    assert (await owner.http.delete(path)).is_success

    async def shut() -> bool:
        return not await opens()

    await eventually("the PIN is gone again", shut, poll_s=1)


async def test_what_was_read_is_drawn_without_the_cloud(stack: Stack, coop: HouseView) -> None:
    given = (await passes(coop))[coop.house_id]
    with no_internet(stack):
        async with by_pass(given, coop) as local:
            history = await local.person.get(f"{local.path}/history", quantity="water_level")
            changes = await local.person.get(f"/farms/{local.farm_id}/changes", since=0)
    assert len(history["series"][0]["points"]) >= 1
    assert changes["reload"] is True
    assert changes["snapshot"]["houses"].keys() == {coop.house_id}


async def test_a_viewer_looks_at_the_hub_and_switches_nothing(viewer: Person) -> None:
    house = await viewer.house("Coop 1")
    await house.reporting()
    async with at_the_hub(house) as local:
        assert (await local.state())["role"] == "viewer"
        light = await local.actuator("Light")
        answer = await local.person.http.post(
            f"{local.device_path(light['device_id'])}/commands", json={"action": "on"}
        )
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_a_member_who_was_removed_is_refused_by_the_hub(stack: Stack, owner: Person) -> None:
    house = await owner.house("Coop 1")
    await house.reporting()
    phone = "012345699"
    invited = await owner.post(
        f"/farms/{house.farm_id}/members", {"name": "Vanna", "phone": phone, "role": "manager"}
    )
    reset = {"login": phone, "code": invited["reset_code"]["code"], "new_password": PASSWORD}
    async with httpx.AsyncClient(base_url=f"{stack.url}/v1", timeout=60) as http:
        assert (await http.post("/auth/reset-password", json=reset)).status_code == 204
    member = await Person.log_in(stack.url, phone)
    theirs = HouseView(person=member, farm_id=house.farm_id, house_id=house.house_id)
    given = (await passes(theirs))[house.house_id]
    (url,) = given["addresses"]

    async def let_in() -> bool:
        return (await enter(url, token=given["token"])).status_code == httpx.codes.OK

    async def shut_out() -> bool:
        return not await let_in()

    await eventually("the hub has heard of the new member", let_in)
    async with by_pass(given, theirs) as local:
        await owner.http.delete(f"/farms/{house.farm_id}/members/{invited['user_id']}")
        await eventually("the hub has heard of the removal", shut_out)
        refused = await enter(url, token=given["token"])
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
        assert (await local.person.http.get(f"{local.path}/state")).status_code == 401
    await member.close()


async def test_the_pin_lets_in_whoever_stands_at_the_hub_until_it_was_wrong_too_often(
    stack: Stack, manager: Person
) -> None:
    house = await manager.house("Coop 2")
    await house.reporting()
    hub_id = (await house.state())["hub"]["id"]
    path, _ = stack.hub_config(hub_id)
    pin = (path.parent / "data" / "web.pin").read_text().strip()
    url = stack.hub_url(hub_id)
    answer = (await enter(url, pin=pin)).json()
    assert (answer["farms"][0]["role"], answer["farms"][0]["name"]) == ("manager", "Kandal Farm")
    wrong = "0" * 6 if pin != "0" * 6 else "1" * 6
    codes = [(await enter(url, pin=wrong)).json()["code"] for _ in range(6)]
    assert codes == ["pin_wrong"] * 5 + ["rate_limited"]
    locked = await enter(url, pin=pin)
    assert (locked.status_code, int(locked.headers["retry-after"]) > 0) == (429, True)
    async with at_the_hub(house) as local:
        assert (await local.state())["role"] == "manager"


async def test_the_clouds_token_is_worth_nothing_at_the_hub(stack: Stack, coop: HouseView) -> None:
    url = stack.hub_url((await coop.state())["hub"]["id"])
    async with httpx.AsyncClient(base_url=url, headers=coop.person.http.headers) as http:
        assert (await http.get("/v1/farms")).status_code == 401
