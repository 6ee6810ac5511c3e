"""The PIN that an owner sets for the hubs of a farm: kept sealed, and taken to every hub."""

import asyncio

import pytest
from sqlalchemy import text

from tests.support.automated import Automated, automated
from tests.support.cloud import Cloud
from tokkatot.wire.pins import opens

PIN = "802461"


@pytest.fixture
async def farm(cloud: Cloud) -> Automated:
    return await automated(cloud)


def path(farm: Automated) -> str:
    return f"/v1/farms/{farm.farm}/hub-pin"


async def put(farm: Automated, pin: object, *, status: int = 200) -> dict[str, object]:
    answer = await farm.cloud.http.put(path(farm), json={"pin": pin}, headers=farm.owner.headers)
    assert answer.status_code == status, answer.text
    body: dict[str, object] = answer.json()
    return body


async def test_a_hub_is_to_hold_the_pin_that_the_owner_sets_and_can_not_read_it(
    farm: Automated,
) -> None:
    before = await farm.desired()
    assert before.pin is None
    told = await put(farm, PIN)
    assert told["set_by"] == {"id": str(farm.owner.user_id), "name": "Owner of Kandal"}
    after = await farm.desired()
    assert after.version == before.version + 1
    assert after.pin is not None
    assert opens(PIN, after.pin)
    assert PIN not in after.pin
    assert PIN not in str(told)


async def test_another_pin_takes_its_place_and_none_lets_hubs_go_by_their_own(
    farm: Automated,
) -> None:
    await put(farm, "135790")
    await put(farm, PIN)
    held = (await farm.desired()).pin
    assert held is not None
    assert opens(PIN, held)
    assert not opens("135790", held)
    answer = await farm.cloud.http.delete(path(farm), headers=farm.owner.headers)
    assert answer.status_code == 204
    assert (await farm.desired()).pin is None
    assert await farm.cloud.get(path(farm), farm.owner) == {"set_by": None, "set_at": None}


async def test_removing_what_is_not_there_changes_nothing(farm: Automated) -> None:
    before = (await farm.desired()).version
    answer = await farm.cloud.http.delete(path(farm), headers=farm.owner.headers)
    assert (answer.status_code, (await farm.desired()).version) == (204, before)


async def test_two_who_set_it_at_once_are_both_served(farm: Automated) -> None:
    async with asyncio.TaskGroup() as group:
        for pin in ("802461", "246813"):
            group.create_task(put(farm, pin))
    assert (await farm.desired()).pin is not None


@pytest.mark.parametrize("pin", ["123456", "000000", "12345", "1357901357901", "secret", None])
async def test_a_pin_that_anybody_guesses_is_refused(farm: Automated, pin: object) -> None:
    body = await put(farm, pin, status=422)
    assert body["code"] == "validation_failed"
    assert (await farm.desired()).pin is None


async def test_the_log_tells_who_set_it_and_not_what(farm: Automated) -> None:
    await put(farm, PIN)
    async with farm.cloud.context.database.transaction() as tx:
        rows = await tx.session.execute(
            text("SELECT user_id, data::text FROM events WHERE type = 'hub_pin.set'")
        )
        assert rows.all() == [(farm.owner.user_id, "{}")]
