"""Readings that a farm no longer keeps, and what is left of them."""

from datetime import timedelta

import pytest

from tests.support.shelf import HOUR_MS, MINUTE_MS, Shelf, steps
from tokkatot.cloud.telemetry.partitions import DAY_MS
from tokkatot.cloud.telemetry.retention import Retention, give_up, set_retention
from tokkatot.cloud.telemetry.store import Span
from tokkatot.domain.ids import FarmId
from tokkatot.kit.clock import from_ms


async def test_readings_that_are_given_up_leave_their_minutes_and_their_chart(
    shelf: Shelf,
) -> None:
    begin = shelf.now_ms - shelf.now_ms % DAY_MS - 60 * DAY_MS
    old = {begin + n * 20_000: float(n % 9) for n in range(3 * 60)}
    young = {shelf.now_ms - DAY_MS: 1.0}
    await shelf.add(old | young)
    await shelf.fold()
    farm_id = FarmId(shelf.yard.farm_id)
    async with shelf.database.transaction() as tx:
        await set_retention(tx, farm_id, Retention(readings_days=40, minutes_days=90))
    assert (await give_up(shelf.database, shelf.store, now=from_ms(shelf.now_ms))).days == 1
    assert await shelf.all() == young
    span = Span(start=from_ms(begin), end=from_ms(begin + HOUR_MS))
    drawn = await shelf.draw(span, 500)
    assert drawn.summed_up
    assert len(drawn.points) == 60
    assert drawn.points[0][1] == pytest.approx(1.0)
    # A month later the minutes are over as well, the hours stay.
    await give_up(shelf.database, shelf.store, now=from_ms(shelf.now_ms) + timedelta(days=31))
    assert len((await shelf.draw(span, 500)).points) == 12
    await give_up(shelf.database, shelf.store, now=from_ms(shelf.now_ms) + timedelta(days=800))
    assert len((await shelf.draw(span, 500)).points) == 1


async def test_imported_readings_are_never_given_up(shelf: Shelf) -> None:
    imported = {shelf.now_ms - 900 * DAY_MS: 1.0}
    await shelf.add(imported, quality=3)
    await shelf.fold()
    assert (await give_up(shelf.database, shelf.store, now=from_ms(shelf.now_ms))).days == 0
    assert await shelf.all(shelf.span(days=1000)) == imported


async def given_up(shelf: Shelf, *, days: int, minutes_days: int = 365) -> None:
    """Let all go that is older than some days."""
    async with shelf.database.transaction() as tx:
        kept = Retention(readings_days=days, minutes_days=minutes_days, five_minutes_days=0)
        await set_retention(tx, FarmId(shelf.yard.farm_id), kept)
    await give_up(shelf.database, shelf.store, now=from_ms(shelf.now_ms))


async def test_what_is_left_of_a_day_is_seen_though_older_ones_were_imported(shelf: Shelf) -> None:
    midnight = shelf.now_ms - shelf.now_ms % DAY_MS
    imported = {midnight - 900 * DAY_MS + n * MINUTE_MS: 5.0 for n in range(20)}
    await shelf.add(imported, quality=3)
    await shelf.add(steps(midnight - 60 * DAY_MS, 20))
    await shelf.add(steps(midnight - DAY_MS, 20))
    await shelf.fold()
    await given_up(shelf, days=40)
    gone = Span(start=from_ms(midnight - 60 * DAY_MS), end=from_ms(midnight - 59 * DAY_MS))
    assert len((await shelf.draw(gone, 5000)).points) == 20
    # What was imported is there one by one, and all of it on one chart, each as finely as it goes.
    kept = Span(start=from_ms(midnight - 900 * DAY_MS), end=from_ms(midnight - 899 * DAY_MS))
    drawn = await shelf.draw(kept, 500)
    assert (len(drawn.points), drawn.summed_up) == (20, False)
    assert len((await shelf.draw(shelf.span(days=1000), 5000)).points) == 3


async def test_a_late_reading_of_a_day_that_was_given_up_joins_what_is_left_of_it(
    shelf: Shelf,
) -> None:
    day_ms = shelf.now_ms - shelf.now_ms % DAY_MS - 60 * DAY_MS
    await shelf.add({day_ms + n * 10_000: 10.0 for n in range(12)} | {day_ms + DAY_MS: 7.0})
    await shelf.add({shelf.now_ms - DAY_MS: 1.0})
    await shelf.fold()
    await given_up(shelf, days=40)
    day = Span(start=from_ms(day_ms), end=from_ms(day_ms + DAY_MS))
    for t_ms, value, mean in ((5_001, 36.0, 96 / 7), (5_002, 42.0, 138 / 8)):
        await shelf.add({day_ms + t_ms: value})
        # Open or settled, it is the first minute's seventh reading, and then the eighth.
        for _ in range(2):
            points = (await shelf.draw(day, 5000)).points
            assert [value for _, value, _ in points] == pytest.approx([mean, 10.0])
            await shelf.fold()
    assert await shelf.all() == {shelf.now_ms - DAY_MS: 1.0}
    (first, *_) = await shelf.rolled(86_400)
    assert first[:5] == (day_ms, 14, 198.0, 10.0, 42.0)


async def test_what_is_imported_into_a_day_that_was_given_up_stays(shelf: Shelf) -> None:
    day_ms = shelf.now_ms - shelf.now_ms % DAY_MS - 60 * DAY_MS
    await shelf.add(steps(day_ms, 20))
    await shelf.fold()
    await given_up(shelf, days=40)
    imported = {day_ms + HOUR_MS: 50.0}
    await shelf.add(imported, quality=3)
    await shelf.fold()
    await given_up(shelf, days=40)
    assert await shelf.all() == imported
    (first, *_) = await shelf.rolled(86_400)
    assert first[1] == 21


async def test_days_of_which_only_hours_are_left_are_on_the_chart_beside_finer_ones(
    shelf: Shelf,
) -> None:
    midnight = shelf.now_ms - shelf.now_ms % DAY_MS
    await shelf.add(steps(midnight - 60 * DAY_MS, 90))
    await shelf.add(steps(midnight - 50 * DAY_MS, 90))
    await shelf.fold()
    await given_up(shelf, days=40, minutes_days=55)
    fine = Span(start=from_ms(midnight - 50 * DAY_MS), end=from_ms(midnight - 49 * DAY_MS))
    assert len((await shelf.draw(fine, 5000)).points) == 90
    both = Span(start=from_ms(midnight - 60 * DAY_MS), end=from_ms(midnight - 49 * DAY_MS))
    assert len((await shelf.draw(both, 5000)).points) == 4
