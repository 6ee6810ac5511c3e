"""Values and rows that were refused: kept for a while, and found by their time."""

from datetime import timedelta

from tests.support.house import House
from tests.support.yard import OTHER_EPOCH
from tokkatot.cloud.main import clean
from tokkatot.cloud.telemetry.intake import RefusedValue, listed_before

DAY_MS = 86_400_000


async def counted(house: House) -> dict[str, int]:
    async with house.cloud.context.database.transaction() as tx:
        connection = await tx.psycopg()
        found = await connection.execute(
            "SELECT (SELECT count(*) FROM refused_readings),"
            " (SELECT count(*) FROM quarantined_rows)"
        )
        values, rows = (await found.fetchall())[0]
    return {"values": values, "rows": rows}


async def refuse_some(house: House) -> None:
    await house.send("readings", [house.yard.reading(1, house.now_ms, 999.0)])
    nobody = "0190b5a0-0000-7000-8000-00000000dead"
    row: list[object] = [1, "s", nobody, house.now_ms, 0.0, 0.0, True, None, None]
    await house.send("events", [row])


async def test_what_was_refused_is_kept_for_ninety_days(house: House) -> None:
    await refuse_some(house)
    house.cloud.clock.advance(timedelta(days=89).total_seconds())
    await clean(house.cloud.context)
    assert await counted(house) == {"values": 1, "rows": 1}
    house.cloud.clock.advance(timedelta(days=2).total_seconds())
    await clean(house.cloud.context)
    assert await counted(house) == {"values": 0, "rows": 0}


async def test_a_restored_card_looks_through_the_refused_values_of_its_times(house: House) -> None:
    rows = [
        house.yard.reading(n + 1, house.now_ms - days * DAY_MS, 999.0)
        for n, days in enumerate((30, 20, 10))
    ]
    await house.send("readings", rows)
    yard = house.yard
    value = RefusedValue(
        device=str(yard.sensor),
        quantity="temperature",
        t_ms=house.now_ms - 20 * DAY_MS,
        raw="999.0",
        reason="out_of_range",
    )
    async with house.cloud.context.database.transaction() as tx:
        listed = await listed_before(await tx.psycopg(), yard.hub_id, [value])
    assert len(listed) == 1
    await house.restore_card(OTHER_EPOCH, next_seq=4)
    again = [*rows, house.yard.reading(4, house.now_ms, 998.0)]
    await house.send("readings", again)
    assert (await counted(house))["values"] == 4


async def test_a_refused_value_without_a_time_is_listed_once_too(house: House) -> None:
    rows = [house.yard.reading(1, -5, 20.0), house.yard.reading(2, house.now_ms, 999.0)]
    await house.send("readings", rows)
    await house.restore_card(OTHER_EPOCH, next_seq=3)
    await house.send("readings", rows)
    assert (await counted(house))["values"] == 2
