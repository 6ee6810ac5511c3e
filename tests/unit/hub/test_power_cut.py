"""A schedule's run and the disk: what a power cut as the relay moves lets happen, and be told."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from typing_extensions import override

from tests.support.engine import FARM, HUB, IDS, document
from tests.support.fake_driver import FakeDriver
from tests.support.schedules import DAWN_MS, FEEDER, SIX_MS, feeding
from tokkatot.domain.devices import OFF, Level
from tokkatot.domain.ids import DeviceId
from tokkatot.domain.schedules import Missed, Schedule
from tokkatot.hub.clock_sync import ClockQuality
from tokkatot.hub.journal.journal import Journal
from tokkatot.hub.loop import ControlLoop
from tokkatot.kit.ids import IdSource
from tokkatot.sim.chance import Chance
from tokkatot.sim.disk import DiskVfs, SimDisk, VirtualDiskThread
from tokkatot.sim.time import LocalClock, VirtualLoop
from tokkatot.wire.messages import ScheduleRunRow, decode_row

_NAMES = count(1)
ONCE = feeding(missed=Missed.ONCE)


class _NoLuck(Chance):
    """Lets a power cut take everything that was not synced."""

    @override
    def uniform(self) -> float:
        return 0.0


class _Feeder(FakeDriver):
    """Tells when the feeder is switched on."""

    def __init__(self, on_feed: Callable[[], None]) -> None:
        super().__init__()
        self._on_feed = on_feed

    @override
    async def write(
        self, device_id: DeviceId, level: Level, *, order: str, timeout_s: float
    ) -> None:
        if device_id == IDS[FEEDER] and level > OFF:
            self._on_feed()
        await super().write(device_id, level, order=order, timeout_s=timeout_s)


class Life:
    """A process of a hub on a card, on virtual time."""

    def __init__(self, card: SimDisk, wall_ms: int, schedules: tuple[Schedule, ...]) -> None:
        self.card = card
        self.clock_quality = ClockQuality.GOOD
        self._schedules = schedules
        self.disk = VirtualDiskThread()
        self.fed_at_s: list[float] = []
        self.on_feed: Callable[[], None] = lambda: None
        self._loop = VirtualLoop()  # type: ignore[abstract]  # what it lacks, nobody here asks for
        self._clock = LocalClock(self._loop, wall_ms=wall_ms)
        self._vfs = DiskVfs(f"power-cut-{next(_NAMES)}", card)
        self._running = self._loop.create_task(self._run())

    def until(self, seconds: float) -> None:
        self._loop.run_until(seconds)
        if self._running.done():
            self._running.result()

    def take_over(self, schedules: tuple[Schedule, ...], then: Callable[[], None]) -> None:
        """Swap to other schedules, as a document from the cloud does before it is kept."""
        self._taking = self._loop.create_task(self._take_over(schedules, then))

    async def _take_over(self, schedules: tuple[Schedule, ...], then: Callable[[], None]) -> None:
        await self._control.configure(replace(document(), schedules=schedules), 2)
        await self._control.settle()
        then()

    def told(self) -> list[tuple[str, str | None]]:
        """Return what the journal holds of runs."""
        rows: list[tuple[str, str | None]] = []
        telling = self._loop.create_task(self._tell(rows))
        self.until(self._loop.time() + 10)
        telling.result()
        return rows

    def end(self) -> None:
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until(self._loop.time() + 1)
        self._vfs.die()
        self._vfs.unregister()

    async def _run(self) -> None:
        ids = IdSource(self._clock)
        self._journal = await Journal.open(
            Path("/journal.sqlite"),
            clock=self._clock,
            ids=ids,
            disk=self.disk,
            free_bytes=lambda _: 1 << 40,
            vfs=self._vfs.name,
        )
        driver = _Feeder(self._fed)
        control = ControlLoop(
            farm_id=FARM,
            hub_id=HUB,
            journal=self._journal,
            drivers=[driver],
            clock=self._clock,
            ids=ids,
            clock_quality=lambda: self.clock_quality,
        )
        self._control = control
        await control.recall()
        await control.configure(replace(document(), schedules=self._schedules), 1)
        async with asyncio.TaskGroup() as group:
            group.create_task(control.acting.run())
            group.create_task(driver.run(control.inbox))
            group.create_task(control.run())

    def _fed(self) -> None:
        self.fed_at_s.append((self._clock.now_ms() - SIX_MS) / 1000)
        self.on_feed()

    async def _tell(self, told: list[tuple[str, str | None]]) -> None:
        stretch = await self._journal.stretch("events", 1, max_rows=500, max_bytes=10**6)
        rows = [] if stretch is None else [decode_row(raw) for raw in stretch.rows]
        told += [(row.outcome, row.reason) for row in rows if isinstance(row, ScheduleRunRow)]


@contextmanager
def life(
    card: SimDisk, wall_ms: int, *, schedules: tuple[Schedule, ...] = (ONCE,)
) -> Iterator[Life]:
    one = Life(card, wall_ms, schedules)
    try:
        yield one
    finally:
        one.end()


def test_a_power_cut_as_the_feeder_starts_feeds_nobody_twice_and_is_told() -> None:
    card = SimDisk()
    with life(card, DAWN_MS) as first:
        first.on_feed = lambda: card.cut_power(_NoLuck(0))
        first.until(12)
        assert len(first.fed_at_s) == 1
    with life(card, DAWN_MS + 60_000) as second:
        second.until(120)
        assert second.fed_at_s == []
        assert second.told() == [("failed", "restarted")]


def _fill(card: SimDisk) -> None:
    card.is_full = True


def _wear(card: SimDisk) -> None:
    card.failing = ("-wal",)


@pytest.mark.parametrize("crash", [SimDisk.kill, lambda card: card.cut_power(_NoLuck(0))])
@pytest.mark.parametrize("trouble", [_fill, _wear])
@pytest.mark.parametrize("begins_s", [5, 9.95])
def test_a_feed_that_no_row_could_tell_of_is_told_and_not_made_up_for(
    crash: Callable[[SimDisk], None], trouble: Callable[[SimDisk], None], begins_s: float
) -> None:
    card = SimDisk()
    with life(card, DAWN_MS) as first:
        first.until(begins_s)
        trouble(card)
        first.until(60)
        assert len(first.fed_at_s) == 1
        crash(card)
    card.is_full, card.failing = False, ()
    with life(card, DAWN_MS + 90_000) as second:
        second.until(60)
        assert second.fed_at_s == []
        assert second.told() == [("failed", "restarted")]
        crash(card)
    with life(card, DAWN_MS + 240_000) as third:
        third.until(60)
        assert third.fed_at_s == []
        assert third.told() == [("failed", "restarted")]


def test_a_feed_is_not_made_up_for_by_a_hub_that_finds_its_disk_full_still() -> None:
    card = SimDisk()
    with life(card, DAWN_MS) as first:
        first.until(5)
        card.is_full = True
        first.until(60)
        card.cut_power(_NoLuck(0))
    with life(card, DAWN_MS + 90_000) as second:
        second.until(60)
        assert second.fed_at_s == []
        card.cut_power(_NoLuck(0))
    card.is_full = False
    with life(card, DAWN_MS + 240_000) as third:
        third.until(60)
        assert third.fed_at_s == []
        assert third.told() == [("failed", "restarted")]


def test_a_feed_that_was_due_while_a_hub_was_off_is_made_up_for_whatever_the_disk_was() -> None:
    card = SimDisk()
    with life(card, DAWN_MS) as first:
        first.until(5)
        card.is_full = True
        first.until(8)
        card.cut_power(_NoLuck(0))
    card.is_full = False
    with life(card, DAWN_MS + 90_000) as second:
        second.until(60)
        assert len(second.fed_at_s) == 1
        assert second.told() == [("executed", "late")]


def _fills(one: Life) -> None:
    one.card.is_full = True


def _hangs(one: Life) -> None:
    one.disk.stall()


@pytest.mark.parametrize("trouble", [_fills, _hangs])
def test_a_disk_in_trouble_keeps_nobody_from_the_feed(trouble: Callable[[Life], None]) -> None:
    with life(SimDisk(), DAWN_MS) as one:
        one.until(5)
        trouble(one)
        one.until(20)
        (fed_s,) = one.fed_at_s
        assert 0 <= fed_s <= 2


def test_what_was_missed_is_on_the_disk_before_other_schedules_are() -> None:
    card = SimDisk()
    with life(card, DAWN_MS) as first:
        first.until(5)
        card.cut_power(_NoLuck(0))
    with life(card, DAWN_MS + 60_000) as second:
        second.clock_quality = ClockQuality.UNSET
        second.until(3)
        second.clock_quality = ClockQuality.GOOD
        second.take_over((), then=lambda: card.cut_power(_NoLuck(0)))
        second.until(10)
    with life(card, DAWN_MS + 120_000, schedules=()) as third:
        third.until(5)
        assert third.told() == [("skipped", "missed")]


@pytest.mark.parametrize("trouble", [_fills, _hangs])
def test_a_disk_in_trouble_does_not_keep_other_schedules_out(
    trouble: Callable[[Life], None],
) -> None:
    settled_at: list[str] = []
    with life(SimDisk(), DAWN_MS) as one:
        one.until(2)
        trouble(one)
        one.take_over((), then=lambda: settled_at.append("settled"))
        one.until(5)
        assert settled_at == ["settled"]


def test_what_is_due_begins_within_a_second_whenever_the_hub_was_started() -> None:
    late_s: list[float] = []
    for phase_ms in range(0, 1000, 10):
        with life(SimDisk(), DAWN_MS + phase_ms) as one:
            one.until(15)
            late_s += one.fed_at_s
    assert len(late_s) == 100
    assert 0.0 <= min(late_s) <= max(late_s) <= 1.0
