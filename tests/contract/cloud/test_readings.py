"""Readings in each of their stores: open, folded and late ones answer as if they were one."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import event, text

from tests.support.cloud import Cloud, Person
from tests.support.shelf import HOUR_MS, MINUTE_MS, Shelf, steps
from tokkatot.cloud.telemetry import history, rollups
from tokkatot.cloud.telemetry.drawing import Shape
from tokkatot.cloud.telemetry.folding import drop_old_days
from tokkatot.cloud.telemetry.history import RawAfter, SeriesKey, after_page
from tokkatot.cloud.telemetry.partitions import DAY_MS, day_of, open_days
from tokkatot.cloud.telemetry.store import ReadingStore, Span
from tokkatot.kit.clock import from_ms


async def test_readings_come_back_from_open_blocks_in_the_order_of_time(shelf: Shelf) -> None:
    late, early = {shelf.now_ms - 1: 2.0}, {shelf.now_ms - 3: 1.0, shelf.now_ms - 2: 1.5}
    await shelf.add(late)
    await shelf.add(early)
    assert list((await shelf.all()).items()) == [*early.items(), *late.items()]


async def test_a_span_leaves_out_its_end(shelf: Shelf) -> None:
    await shelf.add(steps(shelf.now_ms - 10 * MINUTE_MS, 10))
    span = Span(
        start=from_ms(shelf.now_ms - 5 * MINUTE_MS), end=from_ms(shelf.now_ms - 2 * MINUTE_MS)
    )
    assert list(await shelf.all(span)) == [
        shelf.now_ms - minutes * MINUTE_MS for minutes in (5, 4, 3)
    ]


async def test_readings_of_two_days_are_kept_on_both(shelf: Shelf) -> None:
    midnight = shelf.now_ms - shelf.now_ms % DAY_MS
    readings = steps(midnight - 3 * MINUTE_MS, 6)
    await shelf.add(readings)
    assert await shelf.rows("open_readings") == 2
    assert await shelf.all() == readings


async def test_folding_changes_no_answer_and_leaves_the_newest_hour_open(shelf: Shelf) -> None:
    readings = steps(shelf.now_ms - 5 * HOUR_MS, 300)
    for t_ms, value in readings.items():
        await shelf.add({t_ms: value})
    assert await shelf.fold() == 1
    assert await shelf.all() == readings
    assert await shelf.rows("packed_readings") == 1
    # An hour back from half past is half past the hour before, cut down to the full hour: 90 min.
    assert await shelf.rows("open_readings") == 90
    assert await shelf.fold() == 0


async def test_a_late_reading_lands_in_its_packed_day_and_its_roll_ups_are_redone(
    shelf: Shelf,
) -> None:
    day_ms = shelf.now_ms - shelf.now_ms % DAY_MS - 20 * DAY_MS
    await shelf.add({day_ms + MINUTE_MS: 10.0, day_ms + 3 * MINUTE_MS: 30.0})
    await shelf.fold()
    assert await shelf.rolled(3600) == [(day_ms, 2, 40.0, 10.0, 30.0, 30.0)]
    await shelf.add({day_ms + 2 * MINUTE_MS: 50.0, day_ms + HOUR_MS: 5.0})
    before = await shelf.rolled(3600)
    assert await shelf.fold() == 1
    assert list(await shelf.all()) == [day_ms + minutes * MINUTE_MS for minutes in (1, 2, 3, 60)]
    after = await shelf.rolled(3600)
    assert after == [
        (day_ms, 3, 90.0, 10.0, 50.0, 30.0),
        (day_ms + HOUR_MS, 1, 5.0, 5.0, 5.0, 5.0),
    ]
    # Open and packed together said so already, but for which of the first hour came last.
    assert [row[:5] for row in before] == [row[:5] for row in after]
    assert await shelf.rolled(86_400) == [(day_ms, 4, 95.0, 5.0, 50.0, 5.0)]


async def test_two_that_fold_at_once_lose_and_double_nothing(shelf: Shelf) -> None:
    readings: dict[int, float] = {}
    for days in range(1, 6):
        more = steps(shelf.now_ms - days * DAY_MS, 40)
        readings |= more
        for t_ms, value in more.items():
            await shelf.add({t_ms: value})
    await asyncio.gather(*(shelf.fold() for _ in range(3)))  # noqa: TID251 - a test may
    assert await shelf.all() == readings
    assert await shelf.rows("open_readings") == 0


async def test_folding_that_is_cut_off_leaves_everything_as_it_was(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def power_cut(*_: object) -> None:
        raise ConnectionError("the power is gone")

    readings = steps(shelf.now_ms - DAY_MS, 50)
    await shelf.add(readings)
    with monkeypatch.context() as patch:
        patch.setattr(rollups, "keep_rolled", power_cut)
        with pytest.raises(ConnectionError):
            await shelf.fold()
    assert await shelf.rows("packed_readings") == 0
    assert await shelf.all() == readings
    assert await shelf.fold() == 1
    assert await shelf.all() == readings


async def test_an_empty_old_day_is_dropped_and_comes_back_when_it_is_needed(shelf: Shelf) -> None:
    old, young = shelf.now_ms - 20 * DAY_MS, shelf.now_ms - DAY_MS
    await shelf.add({old: 1.0, young: 2.0})
    assert await drop_old_days(shelf.database, now=from_ms(shelf.now_ms)) == 0
    await shelf.fold()
    assert await drop_old_days(shelf.database, now=from_ms(shelf.now_ms)) == 1
    assert day_of(old) not in await open_days(shelf.database)
    assert day_of(young) in await open_days(shelf.database)
    await shelf.add({old + 1: 3.0})
    assert await shelf.all() == {old: 1.0, old + 1: 3.0, young: 2.0}


async def test_many_readings_are_drawn_from_their_roll_ups_with_the_same_averages(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    midnight = shelf.now_ms - shelf.now_ms % DAY_MS
    begin, end = midnight - 9 * DAY_MS, midnight + DAY_MS
    await shelf.add({begin + n * 600_000: n % 7 for n in range(9 * 144)})
    await shelf.fold()
    await shelf.add({shelf.now_ms - 1: 100.0, shelf.now_ms - 2: 50.0})
    span = Span(start=from_ms(begin), end=from_ms(end))
    one_by_one = await shelf.draw(span, 11)
    monkeypatch.setattr(history, "READ_ONE_BY_ONE", 100)
    from_roll_ups = await shelf.draw(span, 11)
    assert len(from_roll_ups.points) == 10
    for ours, theirs in zip(from_roll_ups.points, one_by_one.points, strict=True):
        assert ours == pytest.approx(theirs)
    assert from_roll_ups.points[-1][1] == 75.0


async def test_every_reading_is_listed_once_by_pages_over_open_and_packed_days(
    shelf: Shelf,
) -> None:
    other = SeriesKey(id=shelf.key.id + 1, device_id=UUID(int=1), quantity="vpd")
    async with shelf.database.transaction() as tx:
        await tx.session.execute(
            text(
                "INSERT INTO series (id, farm_id, house_id, device_id, quantity)"
                " OVERRIDING SYSTEM VALUE VALUES (:id, :farm, :house, :device, 'vpd')"
            ),
            {
                "id": other.id,
                "farm": shelf.yard.farm_id,
                "house": shelf.yard.house_id,
                "device": shelf.yard.pump,
            },
        )
    begin = shelf.now_ms - 3 * DAY_MS
    await shelf.add(steps(begin, 70, HOUR_MS))
    shelf.key, mine = other, shelf.key
    await shelf.add(steps(begin, 70, HOUR_MS))
    await shelf.fold()
    listed: list[tuple[int, int]] = []
    after: RawAfter | None = None
    while True:
        async with shelf.database.transaction() as tx:
            page = await history.read_raw(
                shelf.store.within(tx), [mine, other], shelf.span(days=30), after=after, limit=7
            )
        if not page:
            break
        listed.extend((row.t_ms, row.series_id) for row in page)
        after = after_page(page, after)
    assert len(listed) == 140
    assert listed == sorted(listed)


async def test_an_owner_says_how_long_readings_are_kept(cloud: Cloud) -> None:
    owner, farm = await cloud.sign_up()
    path = f"/v1/farms/{farm}/retention"
    usual = await cloud.get(path, owner)
    assert usual == {"readings_days": 400, "minutes_days": 365, "five_minutes_days": 730}
    shorter = usual | {"readings_days": 60}
    answer = await cloud.http.put(path, json=shorter, headers=owner.headers)
    assert answer.json() == shorter == await cloud.get(path, owner)
    answer = await cloud.http.put(path, json=usual | {"readings_days": 1}, headers=owner.headers)
    assert answer.status_code == 422
    assert await cloud.get(path, owner) == shorter


async def test_a_chart_of_many_series_takes_no_more_statements_than_one_of_few(
    shelf: Shelf,
) -> None:
    async with shelf.database.transaction() as tx:
        found = await tx.session.scalars(
            text(
                "INSERT INTO series (farm_id, house_id, device_id, quantity)"
                " SELECT :farm, :house, :device, q FROM unnest(CAST(:names AS text[])) AS q"
                " RETURNING id"
            ),
            {
                "farm": shelf.yard.farm_id,
                "house": shelf.yard.house_id,
                "device": shelf.yard.pump,
                "names": [f"quantity {n}" for n in range(30)],
            },
        )
        keys = [SeriesKey(id=one, device_id=UUID(int=1), quantity="vpd") for one in found]
    mine = shelf.key
    for shelf.key in keys:
        await shelf.add(steps(shelf.now_ms - DAY_MS, 20))
    shelf.key = mine
    statements: list[str] = []
    event.listen(
        shelf.database.engine.sync_engine,
        "before_cursor_execute",
        lambda *told: statements.append(told[2]),
    )
    async with shelf.database.transaction() as tx:
        drawn = await history.draw(
            shelf.store.within(tx), keys, shelf.span(days=2), points=500, shape=Shape.AVERAGE
        )
    assert [len(one.points) for one in drawn] == [20] * 30
    assert len([one for one in statements if "readings" in one]) == 2


@dataclass
class Coop:
    """A house with a sensor, whose owner posts readings."""

    cloud: Cloud
    owner: Person
    path: str
    device: str

    async def post(self, *readings: dict[str, object]) -> dict[str, object]:
        """Post readings of the sensor; what is named replaces what is usual."""
        usual = {"device_id": self.device, "quantity": "temperature", "t": self.at(0), "value": 20}
        body = {"readings": [usual | reading for reading in readings]}
        answer: dict[str, object] = await self.cloud.post(
            f"{self.path}/readings", body, self.owner, status=200
        )
        return answer

    def at(self, minutes: int) -> str:
        """Return a time so many minutes ago."""
        return (self.cloud.clock.now() - timedelta(minutes=minutes)).isoformat()

    async def values(self) -> list[float]:
        """Return every stored value in the order of time."""
        page = await self.cloud.get(f"{self.path}/history?raw=true", self.owner)
        return [item["value"] for item in page["items"]]


@pytest.fixture
async def coop(cloud: Cloud, readings: ReadingStore) -> Coop:
    owner, farm = await cloud.sign_up()
    staff = await cloud.staff()
    house = await cloud.post(f"/v1/farms/{farm}/houses", {"name": "C", "kind": "coop"}, owner)
    device = await cloud.post(
        f"/v1/farms/{farm}/devices",
        {
            "house_id": house["id"],
            "hardware_id": "T-1",
            "name": "T",
            "role": "climate_sensor",
            "interface": "sensor",
            "quantities": ["temperature"],
        },
        staff,
    )
    return Coop(cloud, owner, f"/v1/farms/{farm}/houses/{house['id']}", device["id"])


async def test_readings_posted_twice_are_stored_once(coop: Coop) -> None:
    some = [{"t": coop.at(minutes), "value": 20 + minutes} for minutes in (3, 2, 1)]
    assert await coop.post(*some) == {"accepted": 3, "known": 0, "refused": []}
    again = [*some, {"t": coop.at(1), "value": 29}, {"t": coop.at(0), "value": 20}]
    assert await coop.post(*again) == {"accepted": 1, "known": 4, "refused": []}
    assert await coop.values() == [23, 22, 21, 20]


async def test_what_is_no_reading_is_refused_with_its_reason_and_the_rest_is_kept(
    coop: Coop,
) -> None:
    answer = await coop.post(
        {"value": 85.5},
        {"value": "warm"},
        {"value": None},
        {"quantity": "mood"},
        {"device_id": str(UUID(int=9))},
        {"t": "yesterday"},
        {"t": "2026-01-01T00:00:00"},
        {"t": (coop.cloud.clock.now() + timedelta(days=2)).isoformat()},
        {"value": 21.5},
    )
    reasons = [
        "out_of_range",
        "not_a_number",
        "missing",
        "unknown_quantity",
        "unknown_device",
        "bad_time",
        "bad_time",
        "bad_time",
    ]
    assert answer == {
        "accepted": 1,
        "known": 0,
        "refused": [{"index": n, "reason": reason} for n, reason in enumerate(reasons)],
    }
    assert await coop.values() == [21.5]
    listed = await coop.cloud.get(f"{coop.path}/readings/refused", coop.owner)
    # An unknown device has no house under which it could be listed.
    assert listed["total"] == len(reasons) - 1


async def test_the_same_post_from_two_programs_at_once_is_stored_once(coop: Coop) -> None:
    some = [{"t": coop.at(minutes), "value": minutes} for minutes in range(20)]
    answers = await asyncio.gather(*(coop.post(*some) for _ in range(4)))  # noqa: TID251 - a test may
    assert sorted(int(str(answer["accepted"])) for answer in answers) == [0, 0, 0, 20]
    assert len(await coop.values()) == 20


async def test_posted_readings_are_the_newest_on_the_screen(coop: Coop) -> None:
    await coop.post({"t": coop.at(1), "value": 24.5})
    state = await coop.cloud.get(f"{coop.path}/state", coop.owner)
    assert [reading["value"] for reading in state["readings"]] == [24.5]
