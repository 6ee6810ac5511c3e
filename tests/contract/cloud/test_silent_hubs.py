"""Many hubs of one farm that fall silent at once: one cause, told once."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from tests.contract.cloud.test_alerts import EAR, STEP, told
from tests.support.house import House
from tests.support.yard import Yard, make_yard
from tokkatot.cloud.alerts.escalation import AFTER, escalate
from tokkatot.cloud.alerts.watching import COMES_BACK_WITHIN, TOGETHER_WITHIN, watch_hubs
from tokkatot.cloud.telemetry.listening import keep_listening
from tokkatot.wire.messages import Live, Welcome, decode
from tokkatot.wire.topics import HubLeaf

Json = Any  # answers of the interface under test, taken apart by the tests
SILENT = timedelta(minutes=6)


@dataclass(frozen=True, slots=True)
class Speaking:
    """A hub of the farm by which a test speaks."""

    yard: Yard
    session: str

    async def speak(self, house: House) -> None:
        nothing = Live(session=self.session, t=0, readings=[], devices=[])
        await house.service.live(self.yard.topic(HubLeaf.LIVE), nothing)


async def hubs_of(house: House, number: int) -> list[Speaking]:
    """Return so many hubs of the farm, each of a house of its own, all just heard."""
    hubs = [Speaking(house.yard, house.session)]
    for n in range(2, number + 1):
        database = house.cloud.context.database
        yard = await make_yard(database, farm_id=house.yard.farm_id, number=n)
        answers = await house.service.hello(yard.topic(HubLeaf.HELLO), yard.hello())
        hubs.append(Speaking(yard, decode(answers[0].payload, Welcome).session))
    return hubs


async def go_on(house: House, after: timedelta, speaking: Sequence[Speaking] = ()) -> None:
    """Let time go by while the cloud watches, some hubs speak, and nobody is asked in turn."""
    for _ in range(-(-after // STEP)):
        house.cloud.clock.advance(STEP.total_seconds())
        for hub in speaking:
            await hub.speak(house)
        async with house.cloud.context.database.transaction() as tx:
            await keep_listening(tx.session, EAR, now=tx.now)
            await watch_hubs(tx)


async def open_alerts(house: House) -> list[Json]:
    """Return what asks for somebody, the first first."""
    page = await house.cloud.get(f"{house.farm_url}/alerts", house.owner)
    found: list[Json] = page["items"]
    return found[::-1]


async def first_of(house: House) -> Json:
    (first,) = [one for one in await open_alerts(house) if one["under"] is None]
    return first


async def acknowledge(house: House, alert: Json) -> None:
    path = f"{house.farm_url}/alerts/{alert['id']}/acknowledge"
    answer = await house.cloud.http.put(path, headers=house.owner.headers)
    assert answer.status_code == 200


async def test_hubs_that_fall_silent_together_are_told_once_and_seen_together(
    house: House,
) -> None:
    await hubs_of(house, 12)
    await go_on(house, SILENT)
    assert await told(house) == ["hub_offline"]
    found, first = await open_alerts(house), await first_of(house)
    assert [one["under"] for one in found].count(first["id"]) == 11
    await acknowledge(house, first)
    assert {one["state"] for one in await open_alerts(house)} == {"acknowledged"}
    house.cloud.clock.advance(AFTER.total_seconds())
    async with house.cloud.context.database.transaction() as tx:
        await escalate(tx)
    assert await told(house) == ["hub_offline"]


async def test_hubs_that_were_heard_at_times_of_their_own_are_told_once_too(house: House) -> None:
    hubs = await hubs_of(house, 4)
    for last in range(4):
        await go_on(house, STEP, hubs[last:])
    await go_on(house, SILENT)
    assert (len(await open_alerts(house)), await told(house)) == (4, ["hub_offline"])
    await go_on(house, COMES_BACK_WITHIN * 2, hubs)
    # Only that of which people were told waits until somebody has seen it.
    assert [(one["under"], one["state"]) for one in await open_alerts(house)] == [
        (None, "returned")
    ]
    assert await told(house) == ["hub_offline"]


async def test_two_silent_hubs_are_told_each(house: House) -> None:
    hubs = await hubs_of(house, 5)
    await go_on(house, SILENT, hubs[2:])
    assert await told(house) == ["hub_offline"] * 2


async def test_where_the_hub_that_spoke_for_all_is_back_the_next_one_is_called_for(
    house: House,
) -> None:
    hubs = await hubs_of(house, 4)
    await go_on(house, SILENT)
    before = await first_of(house)
    await acknowledge(house, before)
    back = [hub for hub in hubs if str(hub.yard.house_id) == before["house_id"]]
    await go_on(house, COMES_BACK_WITHIN - STEP, back)
    # The others are given a moment to come back after it.
    assert await told(house) == ["hub_offline"]
    await go_on(house, STEP * 2, back)
    assert await told(house) == ["hub_offline"] * 2
    after = await first_of(house)
    assert (after["state"], after["times"]) == ("unacknowledged", 2)
    assert [one["under"] for one in await open_alerts(house)].count(after["id"]) == 2
    await go_on(house, COMES_BACK_WITHIN * 2, hubs)
    (last,) = await open_alerts(house)
    assert (last["id"], last["state"]) == (after["id"], "returned")
    assert await told(house) == ["hub_offline"] * 2


@pytest.mark.parametrize("meanwhile", ["somebody has seen it", "much time went by"])
async def test_a_hub_that_falls_silent_later_is_told_by_itself(
    house: House, meanwhile: str
) -> None:
    hubs = await hubs_of(house, 4)
    await go_on(house, SILENT, hubs[3:])
    if meanwhile == "somebody has seen it":
        await acknowledge(house, await first_of(house))
    else:
        house.cloud.clock.advance(TOGETHER_WITHIN.total_seconds())
        await go_on(house, STEP * 6, hubs[3:])
    assert (await told(house)).count("hub_offline") == 1
    await go_on(house, SILENT)
    assert (await told(house)).count("hub_offline") == 2


async def test_processes_that_look_at_once_tell_once(house: House) -> None:
    await hubs_of(house, 6)
    await go_on(house, timedelta(minutes=4, seconds=45))
    house.cloud.clock.advance(20)

    async def watch() -> None:
        async with house.cloud.context.database.transaction() as tx:
            await watch_hubs(tx)

    async with asyncio.TaskGroup() as group:
        for _ in range(8):
            group.create_task(watch())
    assert (len(await open_alerts(house)), await told(house)) == (6, ["hub_offline"])
