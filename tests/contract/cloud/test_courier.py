"""What is on its way to people is tried, given up and limited, and no alarm waits for it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from tests.support.channels import (
    add,
    call,
    carry,
    channel,
    choose,
    courier,
    mailed,
    phone_at,
    raise_one,
)
from tests.support.house import ONE, TWO, House
from tests.support.http_peer import HttpPeer, http_peer
from tests.support.people import Json
from tests.support.post_office import PostOffice
from tests.support.yard import count
from tokkatot.cloud.channels.courier import FIRST_RETRY, GIVEN_UP_KEPT, LEASE, MAX_TRIES, NEWS_FOR
from tokkatot.cloud.channels.outgoing import MAX_WAITING
from tokkatot.cloud.main import clean
from tokkatot.kit.clock import SystemClock


async def test_a_channel_that_hangs_holds_up_no_alarm_and_no_other_channel(
    house: House, push: HttpPeer, mails: PostOffice
) -> None:
    await mailed(house, mails)
    await add(house, phone_at(push).body())
    push.open.clear()
    await raise_one(house)
    async with carrying(house) as at_work:
        await push.reached.wait()
        await raise_one(house, 2, TWO)
        messages = await house.cloud.get("/v1/users/me/messages", house.owner)
        assert {one["alert_id"] for one in messages["items"]} == {ONE, TWO}
        while len(mails.taken) < 2:
            await asyncio.sleep(0.01)
        assert not at_work.done()
        assert (await channels_by_kind(house))["web_push"]["sent_at"] is None
        push.open.set()
        while (await channels_by_kind(house))["web_push"]["sent_at"] is None:
            await asyncio.sleep(0.01)


@asynccontextmanager
async def carrying(house: House) -> AsyncIterator[asyncio.Task[None]]:
    """Let a courier work; its pauses are real, while the farm's clock stands still."""
    at_work = asyncio.create_task(courier(house, SystemClock()).run())
    yield at_work
    at_work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await at_work


async def channels_by_kind(house: House) -> dict[str, Json]:
    _, found = await call(house, "GET")
    return {one["kind"]: one for one in found["items"]}


async def test_a_channel_that_is_being_removed_holds_up_no_alarm(
    house: House, push: HttpPeer
) -> None:
    added = await add(house, phone_at(push).body())
    async with house.cloud.context.database.transaction() as tx:
        connection = await tx.psycopg()
        await connection.execute("DELETE FROM channels WHERE id = %s", (added["id"],))
        await raise_one(house)
    assert len((await house.cloud.get("/v1/users/me/messages", house.owner))["items"]) == 1
    assert await carry(house) == 0


async def test_a_service_that_is_away_is_asked_again_and_given_up_in_the_end(
    house: House, push: HttpPeer
) -> None:
    push.usual = (503, {})
    await add(house, phone_at(push).body())
    await raise_one(house)
    waits = [FIRST_RETRY * (1 << turn) for turn in range(MAX_TRIES - 1)]
    assert await carry(house) == 1
    for wait in waits:
        house.cloud.clock.advance(wait.total_seconds() - 1)
        assert await carry(house) == 0
        house.cloud.clock.advance(1)
        assert await carry(house) == 1
    one = await channel(house)
    assert (one["failure"], one["given_up"], one["is_on"]) == ("busy", 1, True)
    assert len(push.asked) == MAX_TRIES
    house.cloud.clock.advance(GIVEN_UP_KEPT.total_seconds() + 1)
    assert await carry(house) == 0
    assert await count(house.cloud.context.database, "channel_deliveries") == 1
    await clean(house.cloud.context)
    assert await count(house.cloud.context.database, "channel_deliveries") == 0


async def test_a_server_that_cannot_be_reached_is_tried_again(house: House, push: HttpPeer) -> None:
    await add(house, phone_at(push).body())
    async with http_peer((201, {})) as gone:
        pass
    choose(house, push_services=f"{push.host} {gone.host}")
    await add(house, phone_at(gone).body())
    await raise_one(house)
    assert await carry(house) == 2
    assert len(push.asked) == 1
    house.cloud.clock.advance(FIRST_RETRY.total_seconds())
    assert await carry(house) == 1


async def test_what_is_no_news_any_more_is_not_sent(house: House, push: HttpPeer) -> None:
    await add(house, phone_at(push).body())
    await raise_one(house)
    house.cloud.clock.advance(NEWS_FOR.total_seconds() + 1)
    await carry(house)
    assert (push.asked, (await channel(house))["failure"]) == ([], "late")


async def test_of_two_processes_one_carries_it_and_the_other_takes_over_if_that_dies(
    house: House, push: HttpPeer
) -> None:
    await add(house, phone_at(push).body())
    await raise_one(house)
    push.open.clear()
    first = asyncio.create_task(carry(house))
    await push.reached.wait()
    assert await carry(house) == 0
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    push.open.set()
    house.cloud.clock.advance(LEASE.total_seconds())
    assert await carry(house) == 1


@pytest.mark.parametrize(
    ("waits", "severity", "carried"),
    [
        ("unimportant", "warning", 0),
        ("unimportant", "critical", 1),
        ("urgent", "critical", 0),
        ("urgent", "warning", 0),
    ],
)
async def test_no_more_waits_than_there_is_room_for(
    house: House, push: HttpPeer, waits: str, severity: str, carried: int
) -> None:
    added = await add(house, phone_at(push).body())
    async with house.cloud.context.database.transaction() as tx:
        connection = await tx.psycopg()
        await connection.execute(
            "INSERT INTO channel_deliveries (id, channel_id, kind, urgent, title, body, path,"
            " made_at, due_at, tries) SELECT gen_random_uuid(), %s, 'web_push', %s, '', '',"
            " '/', %s, %s, 0 FROM generate_series(1, %s)",
            (added["id"], waits == "urgent", tx.now, tx.now + timedelta(hours=1), MAX_WAITING),
        )
    await raise_one(house, severity=severity)
    assert await carry(house) == carried


@pytest.mark.parametrize("ended", ["logged out", "turned off"])
async def test_what_was_put_off_is_not_sent_to_who_wants_nothing_any_more(
    house: House, push: HttpPeer, ended: str
) -> None:
    push.usual = (503, {})
    other = await house.cloud.log_in(house.owner.login)
    added = await add(house, phone_at(push).body(), other)
    await raise_one(house)
    assert await carry(house) == 1
    if ended == "logged out":
        answer = await house.cloud.http.post("/v1/auth/logout", headers=other.headers)
        assert answer.status_code == 204
    else:
        assert (await call(house, "PATCH", f"/{added['id']}", {"is_on": False}))[0] == 200
    push.usual = (201, {})
    house.cloud.clock.advance(FIRST_RETRY.total_seconds())
    assert await carry(house) == 0
    assert len(push.asked) == 1
