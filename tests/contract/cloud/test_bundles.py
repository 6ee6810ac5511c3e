"""Packed days that lie together answer as those that lie alone, and come apart where need be."""

from datetime import timedelta

import pytest

from tests.support.cloud import Cloud
from tests.support.shelf import MINUTE_MS, Shelf, shelf_of, steps
from tokkatot.cloud.telemetry.bundles import BUNDLE_DAYS
from tokkatot.cloud.telemetry.history import read_raw
from tokkatot.cloud.telemetry.partitions import DAY_MS
from tokkatot.cloud.telemetry.postgres import PostgresReadingStore
from tokkatot.cloud.telemetry.retention import Retention, give_up, set_retention
from tokkatot.cloud.telemetry.store import Span
from tokkatot.domain.ids import FarmId
from tokkatot.kit.clock import from_ms


@pytest.fixture
async def shelf(cloud: Cloud) -> Shelf:
    return await shelf_of(cloud, PostgresReadingStore(cloud.context.database))


async def settled(shelf: Shelf, *, days: int = 0) -> int:
    """Fold and put together, some days later."""
    await shelf.fold()
    return await shelf.store.settle(now=from_ms(shelf.now_ms) + timedelta(days=days))


def stretch_ms(shelf: Shelf, back: int) -> int:
    """Return where the stretch of a bundle begins, counted back from the one of today."""
    long_ms = BUNDLE_DAYS * DAY_MS
    return shelf.now_ms - shelf.now_ms % long_ms - back * long_ms


def two_months(shelf: Shelf) -> dict[int, float]:
    """Return some readings of each of the last sixty days, of each day other ones."""
    midnight = shelf.now_ms - shelf.now_ms % DAY_MS
    return {
        t_ms: value + back
        for back in range(60, 0, -1)
        for t_ms, value in steps(midnight - back * DAY_MS, 5 + back % 3).items()
    }


async def test_days_that_were_put_together_read_as_before(shelf: Shelf) -> None:
    readings = two_months(shelf)
    await shelf.add(readings)
    assert await settled(shelf) > 0
    begin = stretch_ms(shelf, 3) + 3 * DAY_MS
    inside = Span(start=from_ms(begin + MINUTE_MS), end=from_ms(begin + 20 * DAY_MS))
    async with shelf.database.transaction() as tx:
        listed = await read_raw(
            shelf.store.within(tx), [shelf.key], shelf.span(days=70), after=None, limit=1000
        )
    assert await shelf.all() == readings
    assert await shelf.all(inside) == {
        t_ms: value for t_ms, value in readings.items() if inside.start_ms <= t_ms < inside.end_ms
    }
    assert {one.t_ms: one.value for one in listed} == readings


async def test_only_stretches_that_are_over_for_long_are_put_together_and_once(
    shelf: Shelf,
) -> None:
    await shelf.add(two_months(shelf))
    first = await settled(shelf)
    assert await settled(shelf) == 0
    assert await settled(shelf, days=2 * BUNDLE_DAYS) > 0
    assert first in {3, 4}
    assert await shelf.rows("packed_readings") == 60
    assert await shelf.rows("packed_readings WHERE body IS NOT NULL") == 0


async def test_a_late_reading_takes_its_day_out_until_it_is_put_back(shelf: Shelf) -> None:
    begin = stretch_ms(shelf, 3)
    readings = steps(begin, 10) | steps(begin + DAY_MS, 10) | steps(begin + 15 * DAY_MS, 10)
    await shelf.add(readings)
    assert await settled(shelf) == 1
    late = {begin + DAY_MS + 500: 99.0}
    await shelf.add(late)
    await shelf.fold()
    assert await shelf.rows("packed_readings WHERE body IS NOT NULL") == 1
    expected = dict(sorted((readings | late).items()))
    assert await shelf.all() == expected
    assert await settled(shelf) == 1
    assert await shelf.rows("packed_readings WHERE body IS NOT NULL") == 0
    assert await shelf.rows("bundled_readings") == 1
    assert await shelf.all() == expected
    assert (await shelf.rolled(86_400))[1][1] == 11


async def test_days_are_given_up_one_by_one_and_the_bundle_with_its_last(shelf: Shelf) -> None:
    begin = stretch_ms(shelf, 4)
    young = steps(begin + 15 * DAY_MS, 5)
    await shelf.add(steps(begin, 20) | young)
    await settled(shelf)
    farm_id = FarmId(shelf.yard.farm_id)
    async with shelf.database.transaction() as tx:
        await set_retention(tx, farm_id, Retention(readings_days=31))
    day = timedelta(days=1)
    now = from_ms(begin) + timedelta(days=31)
    assert (await give_up(shelf.database, shelf.store, now=now + day)).days == 1
    assert await shelf.all() == young
    # What is left of the day that went was summed up from its readings.
    assert len(await shelf.rolled(60)) == 20
    assert await shelf.rows("bundled_readings") == 1
    assert (await give_up(shelf.database, shelf.store, now=now + 16 * day)).days == 1
    assert await shelf.rows("bundled_readings") == 0
