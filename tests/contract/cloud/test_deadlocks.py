"""Two who want the same rows in another order: nobody is told that somebody was before them."""

import asyncio
from uuid import UUID

from sqlalchemy import text
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from tests.support.house import ONE, TWO, House
from tests.support.yard import Row
from tokkatot.cloud.alerts import store
from tokkatot.cloud.farms.hubs import touch_hub
from tokkatot.cloud.platform.database import Database, Transaction
from tokkatot.cloud.platform.deadlocks import TRIES, Again, mark_given_up
from tokkatot.cloud.platform.http import problem_response
from tokkatot.cloud.platform.problems import Unavailable


async def _someone_waits(database: Database) -> None:
    """Wait until a transaction stands before a lock."""
    async with asyncio.timeout(20):
        while True:
            async with database.transaction() as tx:
                waiting = await tx.session.scalar(
                    text(
                        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                        " AND wait_event_type = 'Lock'"
                    )
                )
            if waiting:
                return
            await asyncio.sleep(0.02)


async def _hold_hub(tx: Transaction, house: House) -> None:
    # Who looks for the circle first loses: never the test, however busy the machine is.
    await tx.session.execute(text("SET LOCAL deadlock_timeout = '30s'"))
    await tx.session.execute(
        text("SELECT id FROM hubs WHERE id = :hub FOR NO KEY UPDATE"), {"hub": house.yard.hub_id}
    )


async def test_what_a_hub_tells_holds_its_row_last_as_people_do(house: House) -> None:
    database = house.cloud.context.database
    await house.send("events", [house.alert_row(1, "raised")])
    async with asyncio.TaskGroup() as tasks, database.transaction() as tx:
        # A person who has seen the alert holds it, and touches the hub next.
        await store.locked(tx.session, UUID(ONE))
        taken: Row = [2, "e", house.now_ms, "desired.taken", {"version": 1}]
        again = house.alert_row(3, "raised", times=2)
        tasks.create_task(house.send("events", [taken, again], first=2))
        await _someone_waits(database)
        await touch_hub(tx, house.yard.hub_id)
    seen = await house.cloud.get(f"{house.farm_url}/alerts", house.owner)
    assert [alert["state"] for alert in seen["items"]] == ["unacknowledged"]
    async with database.transaction() as tx:
        held = await tx.session.scalar(
            text("SELECT held_version FROM hubs WHERE id = :hub"), {"hub": house.yard.hub_id}
        )
    assert held == 1


async def test_whoever_loses_a_deadlock_does_it_again_and_hears_nothing_of_it(
    house: House,
) -> None:
    database = house.cloud.context.database
    await house.send("events", [house.alert_row(1, "raised"), house.alert_row(2, "raised", TWO)])
    url = f"{house.farm_url}/alerts/{ONE}/acknowledge"
    async with database.transaction() as tx:
        await _hold_hub(tx, house)
        asked = asyncio.create_task(house.cloud.http.put(url, headers=house.owner.headers))
        await _someone_waits(database)
        # It waits for the hub with the alert in its hands: now each waits for the other.
        await store.locked(tx.session, UUID(ONE))
    answer = await asked
    assert answer.status_code == 200, answer.text
    assert answer.json()["acknowledged_by"]["id"] == str(house.owner.user_id)
    async with database.transaction() as tx:
        logged = await tx.session.scalar(
            text("SELECT count(*) FROM events WHERE type = 'alert.acknowledged'")
        )
    assert logged == 1


async def test_whoever_loses_again_and_again_is_asked_to_come_later() -> None:
    """What is sent comes whole to each try, and no answer of a lost one goes out."""
    heard: list[bytes] = []
    sent: list[Message] = []

    async def loses(scope: Scope, receive: Receive, send: Send) -> None:
        heard.append(await Request(scope, receive).body())
        mark_given_up(scope)
        await problem_response(Unavailable(), scope)(scope, receive, send)

    parts = iter((b"a pa", b"rt"))

    async def receive() -> Message:
        part = next(parts)
        return {"type": "http.request", "body": part, "more_body": part == b"a pa"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {"type": "http", "method": "PUT", "path": "/", "headers": []}
    await Again(loses)(scope, receive, send)
    assert heard == [b"a part"] * TRIES
    assert [message.get("status") for message in sent] == [503, None]


async def test_a_form_is_not_kept_for_a_second_time() -> None:
    tried: list[None] = []

    async def loses(scope: Scope, _receive: Receive, _send: Send) -> None:
        tried.append(None)
        mark_given_up(scope)

    async def never() -> Message:
        raise AssertionError("nobody reads")

    async def nothing(_message: Message) -> None:
        raise AssertionError("nobody answers")

    headers = [(b"content-type", b"multipart/form-data; boundary=x")]
    scope: Scope = {"type": "http", "method": "POST", "path": "/", "headers": headers}
    await Again(loses)(scope, never, nothing)
    assert len(tried) == 1
