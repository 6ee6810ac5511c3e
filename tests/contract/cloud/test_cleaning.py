"""What is over goes in parts, and nothing of it holds up the rest."""

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.testing import capture_logs

from tests.support.house import House
from tests.support.yard import count
from tokkatot.cloud.main import clean
from tokkatot.cloud.platform import cleaning, outbox, purging
from tokkatot.cloud.platform.cleaning import in_steps
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.outbox import KEPT
from tokkatot.cloud.sync.desired import RENEWED_AFTER

AT_ONCE = 5
SOME = 3 * AT_ONCE


@pytest.fixture
async def neglected(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """A house with old changes, an old answer and a hub whose document is old."""
    monkeypatch.setattr(purging, "MOST_AT_ONCE", AT_ONCE)
    async with house.cloud.context.database.transaction() as tx:
        for _ in range(SOME):
            tx.emit(house.yard.farm_id, "test", {})
        key = {"user": house.owner.user_id, "t": tx.now}
        await tx.session.execute(
            text(
                "INSERT INTO idempotent_answers (user_id, key, request_hash, created_at)"
                " VALUES (:user, 'k', 'h', :t)"
            ),
            key,
        )
    house.cloud.clock.advance((RENEWED_AFTER + KEPT).total_seconds())
    return house


async def left(house: House) -> tuple[int, int]:
    database = house.cloud.context.database
    return await count(database, "farm_changes"), await count(database, "idempotent_answers")


async def document_of(house: House) -> int:
    async with house.cloud.context.database.transaction() as tx:
        version = await tx.session.scalar(text("SELECT max(desired_version) FROM hubs"))
        assert isinstance(version, int)
        return version


async def test_what_would_take_too_long_goes_in_parts(neglected: House) -> None:
    version = await document_of(neglected)
    assert (await left(neglected))[0] >= SOME
    await clean(neglected.cloud.context)
    assert await left(neglected) == (0, 0)
    assert await document_of(neglected) == version + 1


async def test_a_step_that_is_cut_off_holds_up_no_other(
    neglected: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cut_off(session: AsyncSession, **_: object) -> bool:
        await session.execute(text("SET LOCAL statement_timeout = 20"))
        await session.execute(text("SELECT pg_sleep(5)"))
        return False

    monkeypatch.setattr(outbox, "purge", cut_off)
    version = await document_of(neglected)
    changes, _ = await left(neglected)
    with capture_logs() as logs:
        await clean(neglected.cloud.context)
    assert await left(neglected) == (changes, 0)
    assert await document_of(neglected) == version + 1
    assert [(one["event"], one["step"]) for one in logs] == [("cleaning.failed", "changes")]


async def test_a_step_ends_while_there_is_more_to_do(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleaning, "MOST_ROUNDS", 4)
    done = 0

    async def endless(_tx: Transaction) -> bool:
        nonlocal done
        done += 1
        return True

    await in_steps(house.cloud.context.database, {"endless": endless})
    assert done == 4


async def test_of_two_that_clean_at_once_one_does(house: House) -> None:
    database = house.cloud.context.database
    done: list[str] = []

    async def inner(_tx: Transaction) -> None:
        done.append("inner")

    async def outer(_tx: Transaction) -> None:
        await in_steps(database, {"inner": inner})
        done.append("outer")

    await in_steps(database, {"outer": outer})
    assert done == ["outer"]
