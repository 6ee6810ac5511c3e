"""What the journal does when the disk is slow, full or damaged."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import pytest
from typing_extensions import override

from tests.contract.journal_suite import ORDER, event, order_row, reading
from tokkatot.hub.drivers.port import Position
from tokkatot.hub.journal.disk import Disk, DiskThread
from tokkatot.hub.journal.journal import Journal
from tokkatot.hub.journal.port import JournalError, JournalFull, JournalTimeout
from tokkatot.hub.journal.settings import JournalSettings
from tokkatot.kit.clock import SystemClock
from tokkatot.kit.ids import IdSource
from tokkatot.wire.messages import EventRow, GapRow, Row, StreamName, decode_row

T = TypeVar("T")

SETTINGS = JournalSettings(
    group_s=0.05, timeout_s=60, start_timeout_s=60, retry_first_s=0.01, retry_cap_s=0.02
)


class FaultyDisk(Disk):
    """A disk that can be made to hang or to fail."""

    def __init__(self) -> None:
        self._disk = DiskThread()
        self.works = asyncio.Event()
        self.works.set()
        self.fault: JournalError | None = None
        self.calls = 0

    @override
    async def call(self, job: Callable[[], T]) -> T:
        self.calls += 1
        await self.works.wait()
        if self.fault is not None:
            raise self.fault
        return await self._disk.call(job)

    @override
    def stop(self) -> None:
        self._disk.stop()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


@pytest.fixture
def disk() -> FaultyDisk:
    return FaultyDisk()


async def open_journal(
    path: Path, disk: Disk | None = None, settings: JournalSettings = SETTINGS, free: int = 10**12
) -> Journal:
    clock = SystemClock()
    return await Journal.open(
        path,
        clock=clock,
        ids=IdSource(clock),
        settings=settings,
        disk=disk,
        free_bytes=lambda _: free,
    )


@pytest.fixture
async def journal(path: Path, disk: FaultyDisk) -> AsyncIterator[Journal]:
    journal = await open_journal(path, disk)
    yield journal
    disk.fault = None
    disk.works.set()
    await journal.close()


@contextmanager
def impatient(journal: Journal) -> Iterator[None]:
    """Let it wait hardly at all for a disk that is known to hang or to fail."""
    patient = journal._settings
    journal._settings = replace(patient, timeout_s=0.1, start_timeout_s=0.1)
    try:
        yield
    finally:
        journal._settings = patient


async def rows_of(journal: Journal, stream: StreamName) -> list[Row]:
    stretch = await journal.stretch(stream, 1, max_rows=500, max_bytes=10**6)
    return [] if stretch is None else [decode_row(raw) for raw in stretch.rows]


async def read_all(journal: Journal, count: int) -> None:
    for first in range(1, count, 500):
        await journal.stretch("readings", first, max_rows=500, max_bytes=10**6)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.005)


async def test_readings_wait_for_company_and_are_written_together(
    journal: Journal, disk: FaultyDisk
) -> None:
    before = disk.calls
    for t in range(50):
        await journal.record(readings=[reading(t)], urgent=False)
    await until(lambda: journal.heads()["readings"].next == 51)

    assert disk.calls - before <= 3


async def test_a_rush_is_written_as_soon_as_it_is_a_group(path: Path) -> None:
    settings = replace(SETTINGS, group_s=3600.0, group_rows=20, buffer_rows=40)
    journal = await open_journal(path, settings=settings)
    turned_away = 0
    for t in range(200):
        turned_away += not journal.offer(readings=[reading(t)])
        if t % 10 == 9:
            await until(lambda: journal.waiting < settings.group_rows)

    assert turned_away == 0
    assert journal.heads()["readings"].next == 201
    await journal.close()


async def test_an_urgent_row_takes_those_before_it_along(journal: Journal) -> None:
    await journal.record(readings=[reading(1)], urgent=False)
    await journal.record(events=[event(1)], urgent=True)

    assert journal.heads()["readings"].next == 2


async def test_an_order_is_not_begun_when_the_disk_hangs(
    journal: Journal, disk: FaultyDisk
) -> None:
    disk.works.clear()

    with impatient(journal), pytest.raises(JournalTimeout):
        await journal.begin_order(ORDER, order_row(ORDER))
    await journal.finish_order(order_row(ORDER, "refused"))
    disk.works.set()
    await journal.record(urgent=True)

    assert [row.state for row in await rows_of(journal, "events") if row.kind == "c"][-1] == (
        "refused"
    )
    assert not await journal.begin_order(ORDER, order_row(ORDER))


async def test_an_order_is_not_begun_when_the_disk_refuses_and_leaves_no_trace(
    journal: Journal, disk: FaultyDisk
) -> None:
    disk.fault = JournalFull("full")

    with pytest.raises(JournalFull):
        await journal.begin_order(ORDER, order_row(ORDER))
    disk.fault = None
    await journal.record(urgent=True)

    assert await rows_of(journal, "events") == []
    assert await journal.begin_order(ORDER, order_row(ORDER))


async def test_rows_outlive_a_disk_that_fails_for_a_while(
    journal: Journal, disk: FaultyDisk
) -> None:
    disk.fault = JournalError("the cable is loose")
    with pytest.raises(JournalError):
        await journal.record(events=[event(1)], urgent=True)
    assert journal.trouble == "the cable is loose"
    disk.fault = None

    await until(lambda: journal.trouble is None)

    assert journal.heads()["events"].next == 2


async def test_a_full_buffer_makes_sources_wait_and_turns_offers_away(
    path: Path, disk: FaultyDisk
) -> None:
    settings = replace(SETTINGS, group_s=4.0, buffer_rows=10)
    journal = await open_journal(path, disk, settings)
    disk.fault = JournalError("broken")
    many = [reading(t) for t in range(9)]
    await journal.record(readings=many, urgent=False)

    with impatient(journal), pytest.raises(JournalTimeout):
        await journal.record(readings=many, position=Position(source="a", value=9), urgent=False)
    assert not journal.offer(readings=many)
    assert journal.refused == 9

    disk.fault = None
    await journal.record(readings=many, position=Position(source="a", value=9), urgent=True)
    assert await journal.positions() == {"a": 9}
    assert journal.heads()["readings"].next == 19
    await journal.close()


async def test_what_was_turned_away_is_told_in_the_events(path: Path) -> None:
    journal = await open_journal(path, settings=replace(SETTINGS, group_s=0.01, upkeep_s=0.0))
    await journal.record(readings=[reading(1, float("inf"))], urgent=True)
    await until(lambda: journal.heads()["events"].next == 2)

    (row,) = await rows_of(journal, "events")

    assert isinstance(row, EventRow)
    assert (row.type, row.data) == ("journal.refused", {"rows": 1})
    await journal.close()


async def test_a_damaged_file_is_moved_aside_and_the_hub_goes_on(path: Path) -> None:
    path.write_bytes(b"this is no database" * 1000)

    journal = await open_journal(path)

    (row,) = await rows_of(journal, "events")
    assert isinstance(row, EventRow)
    assert row.type == "journal.replaced"
    assert path.with_name("journal.sqlite.broken").read_bytes().startswith(b"this is no")
    await journal.record(readings=[reading(1)], urgent=True)
    await journal.close()


async def test_a_file_that_breaks_while_it_is_used_is_replaced(path: Path) -> None:
    journal = await open_journal(path)
    many = [reading(t) for t in range(5_000)]
    await journal.record(readings=many, urgent=True)
    before = journal.heads()["readings"].epoch
    await journal.close()
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 8192] = b"\xff" * 8192
    path.write_bytes(content)

    journal = await open_journal(path)
    with pytest.raises(JournalError):
        await read_all(journal, 5_000)
    await journal.record(readings=[reading(1)], urgent=True)

    assert journal.replaced == 1
    assert journal.heads()["readings"].epoch != before
    assert journal.heads()["readings"].next == 2
    await journal.close()


async def test_above_the_size_limit_the_oldest_readings_go_and_the_gap_is_told(path: Path) -> None:
    settings = replace(SETTINGS, size_limit_bytes=400_000, step_rows=1_000, group_s=0.01)
    journal = await open_journal(path, settings=settings)
    for first in range(0, 30_000, 500):
        await journal.record(readings=[reading(t) for t in range(first, first + 500)], urgent=True)

    gaps = [row for row in await rows_of(journal, "events") if isinstance(row, GapRow)]
    readings = await journal.stretch("readings", 1, max_rows=500, max_bytes=10**6)

    assert path.stat().st_size <= 500_000
    assert readings is not None
    gap = decode_row(readings.rows[0])
    assert isinstance(gap, GapRow)
    assert (gaps[0].first, gaps[-1].last) == (1, gap.last)
    assert all(one.last + 1 == following.first for one, following in pairwise(gaps))
    assert journal.heads()["readings"].next == 30_001
    await journal.close()


async def test_on_a_nearly_full_disk_the_file_grows_no_more(path: Path) -> None:
    settings = replace(SETTINGS, step_rows=2_000, group_s=0.01)
    journal = await open_journal(path, settings=settings, free=0)
    for first in range(0, 40_000, 500):
        await journal.record(readings=[reading(t) for t in range(first, first + 500)], urgent=True)

    assert path.stat().st_size < 3 * 1024 * 1024
    assert journal.trouble is None
    await journal.close()


async def test_a_torn_document_leaves_the_one_before_it(path: Path) -> None:
    journal = await open_journal(path)
    await journal.keep_desired(b"one", 1)
    await journal.keep_desired(b"two", 2)
    newest = path.with_name("desired.b")
    newest.write_bytes(newest.read_bytes()[:-1])

    assert await journal.desired() == b"one"
    await journal.keep_desired(b"three", 3)
    assert await journal.desired() == b"three"
    assert await journal.older_desired() == b"one"
    await journal.close()
