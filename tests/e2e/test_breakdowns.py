"""Parts of the running program are killed, and the rest carries on and catches up."""

import os
import signal
from itertools import pairwise

import httpx

from tests.support.people import HouseView, Json, Person, eventually, watching
from tests.support.stack import Stack


async def works_again(house: HouseView) -> bool:
    """Return whether a tap goes all the way through, as soon as one does."""

    async def tapped() -> bool:
        try:
            command = await house.ended(await house.tap("Light", "on", duration_s=1), within_s=20)
        except (AssertionError, httpx.HTTPError):
            return False
        return bool(command["state"] == "completed")

    return bool(await eventually("a tap goes through", tapped, within_s=180, poll_s=1))


async def newest_t(house: HouseView) -> str:
    readings = (await house.state())["readings"]
    return max(str(item["t"]) for item in readings)


async def fresher_than(house: HouseView, t: str) -> None:
    async def newer() -> bool:
        try:
            return await newest_t(house) > t
        except (AssertionError, httpx.HTTPError):
            return False

    await eventually("newer readings arrive", newer, within_s=180, poll_s=0.5)


async def test_the_broker_is_killed(stack: Stack, coop: HouseView) -> None:
    before = await newest_t(coop)
    os.kill(stack.pid_of("broker"), signal.SIGKILL)
    await fresher_than(coop, before)
    assert await works_again(coop)


async def test_the_database_is_killed(stack: Stack, coop: HouseView) -> None:
    before = await newest_t(coop)
    os.kill(stack.pid_of("postgres"), signal.SIGKILL)
    await fresher_than(coop, before)
    assert await works_again(coop)


async def test_the_database_is_restarted_without_haste(stack: Stack, coop: HouseView) -> None:
    before = await newest_t(coop)
    os.kill(stack.pid_of("postgres"), signal.SIGINT)
    await fresher_than(coop, before)
    assert await works_again(coop)


async def test_the_cloud_is_killed_and_no_reading_is_lost(stack: Stack, coop: HouseView) -> None:
    before = await newest_t(coop)
    os.kill(stack.pid_of("cloud"), signal.SIGKILL)
    await fresher_than(coop, before)
    assert await works_again(coop)
    history = await coop.person.get(f"{coop.path}/history", quantity="water_level", points=5000)
    times = [t for t, _, _ in history["series"][0]["points"]]
    # The tank reports every 5 s: while the cloud was away the hub kept what it read.
    gaps_s = [(after - before) / 1000 for before, after in pairwise(times)]
    assert max(gaps_s) < 15, gaps_s


async def test_the_hub_is_killed_and_rests_until_it_is_told_anew(
    stack: Stack, coop: HouseView
) -> None:
    """A command that was completed is not repeated by a hub that starts again."""
    command = await coop.ended(await coop.tap("Light", "on", duration_s=600))
    assert command["state"] == "completed"
    hub_id = (await coop.state())["hub"]["id"]
    os.kill(stack.hub_pid(hub_id), signal.SIGKILL)

    async def at_rest() -> bool:
        try:
            url = stack.hub_url(hub_id)
            devices = httpx.get(f"{url}/v1/state", timeout=10).json()["devices"]
        except (httpx.HTTPError, LookupError):
            return False
        lights = [item["actual"] for item in devices if item["id"] == command["device_id"]]
        return lights == [0.0]

    await eventually("the light is off inside the new hub", at_rest)
    assert (await coop.command(command))["state"] == "completed"
    await coop.reporting()


async def test_a_silent_hub_takes_no_orders(stack: Stack, manager: Person) -> None:
    house = await manager.house("Coop 2")
    await house.reporting()
    hub = stack.hub_pid((await house.state())["hub"]["id"])
    os.kill(hub, signal.SIGSTOP)
    try:

        async def seen_offline() -> bool:
            return not (await house.state())["hub"]["online"]

        await eventually("the hub is shown as offline", seen_offline, within_s=180, poll_s=1)
        light = await house.actuator("Light")
        answer = await manager.http.post(
            f"{house.device_path(light['device_id'])}/commands", json={"action": "on"}
        )
        assert (answer.status_code, answer.json()["code"]) == (409, "hub_offline")
    finally:
        os.kill(hub, signal.SIGCONT)
    await house.reporting()


async def test_a_phone_that_was_away_gets_what_it_missed(coop: HouseView) -> None:
    """The socket and the polling tell the same, each change once and in its order."""
    async with watching(coop) as watch:
        await watch.frame(lambda frame: frame["type"] == "snapshot")
        began = await coop.tap("Light", "on", duration_s=1)
        seen = (await watch.frame(lambda frame: _tells_of(frame, began)))["seq"]
    command = await coop.ended(began)
    assert command["state"] == "completed"

    polled = await coop.person.get(f"/farms/{coop.farm_id}/changes", since=seen)
    async with watching(coop, since=seen) as watch:
        frames = await watch.until(lambda frame: frame["type"] == "snapshot")
    missed = [frame for frame in frames if "seq" in frame]
    assert [frame["seq"] for frame in missed][: len(polled["items"])] == [
        item["seq"] for item in polled["items"]
    ]
    assert [frame["seq"] for frame in missed] == list(range(seen + 1, seen + 1 + len(missed)))
    states = [frame["data"]["state"] for frame in missed if _tells_of(frame, began)]
    assert states[-1] == "completed"
    assert states == [item["data"]["state"] for item in polled["items"] if _tells_of(item, began)]


def _tells_of(frame: Json, command: Json) -> bool:
    return bool(frame["type"] == "command.status" and frame["data"]["id"] == command["id"])
