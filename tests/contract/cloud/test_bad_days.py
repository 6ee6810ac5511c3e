"""A day of readings that can't be packed or given up holds up no other one."""

import pytest
from sqlalchemy import text

from tests.support.cloud import Cloud
from tests.support.shelf import MINUTE_MS, Shelf, shelf_beside, shelf_of, steps
from tokkatot.cloud.telemetry import blocks, retention
from tokkatot.cloud.telemetry.folding import Folded, fold
from tokkatot.cloud.telemetry.partitions import DAY_MS
from tokkatot.cloud.telemetry.retention import GivenUp, Retention, give_up, set_retention
from tokkatot.domain.ids import FarmId
from tokkatot.kit.clock import from_ms


@pytest.fixture
async def bad(cloud: Cloud) -> Shelf:
    return await shelf_of(cloud, cloud.readings)


@pytest.fixture
async def good(bad: Shelf) -> Shelf:
    """A series that comes after the other one."""
    found = await shelf_beside(bad, "relative_humidity")
    assert found.key.id > bad.key.id
    return found


async def test_a_day_that_is_too_full_for_a_block_stays_open_and_the_others_are_packed(
    bad: Shelf, good: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "MAX_BLOCK_READINGS", 10)
    many, few = steps(bad.now_ms - 2 * DAY_MS, 11), steps(bad.now_ms - 2 * DAY_MS, 5)
    young = steps(bad.now_ms - DAY_MS, 5)
    await bad.add(many)
    await good.add(few | young)
    now = from_ms(bad.now_ms)
    assert await fold(bad.database, bad.store, now=now) == Folded(days=2, left=1)
    hours = f"rollups WHERE width_s = 3600 AND series_id = {good.key.id}"
    assert await good.rows(hours) == 2
    assert await good.rows("packed_readings") == 2
    assert await good.all() == few | young
    assert await bad.all() == many


async def test_a_damaged_block_stops_neither_packing_nor_retention(
    bad: Shelf, good: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each look-up finds one day: what stays must not be found again and again.
    monkeypatch.setattr(retention, "_DAYS_AT_ONCE", 1)
    old_ms = bad.now_ms - 60 * DAY_MS
    await bad.add(steps(old_ms, 5) | steps(old_ms + DAY_MS, 5))
    await good.add(steps(old_ms, 5))
    now = from_ms(bad.now_ms)
    await fold(bad.database, bad.store, now=now)
    async with bad.database.transaction() as tx:
        await tx.session.execute(
            text(
                "UPDATE packed_readings SET body = '\\x02'::bytea"
                " WHERE series_id = :series AND day = :day"
            ),
            {"series": bad.key.id, "day": from_ms(old_ms).date()},
        )
        kept = Retention(readings_days=40)
        await set_retention(tx, FarmId(bad.yard.farm_id), kept)
    late = {old_ms + 30 * MINUTE_MS: 1.0}
    await bad.add(late)
    await good.add(late)
    assert await fold(bad.database, bad.store, now=now) == Folded(days=1, left=1)
    assert await give_up(bad.database, bad.store, now=now) == GivenUp(days=2, left=1)
    assert await bad.rows("packed_readings") == 1
    assert await give_up(bad.database, bad.store, now=now) == GivenUp(left=1)
