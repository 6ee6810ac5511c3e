"""What the journal does where the disk is full before it is opened."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.contract.journal_suite import ORDER, OTHER_ORDER, event, order_row, reading
from tokkatot.hub.journal.journal import Journal
from tokkatot.hub.journal.port import JournalFull
from tokkatot.hub.journal.settings import JournalSettings
from tokkatot.kit.clock import SystemClock
from tokkatot.kit.ids import IdSource
from tokkatot.sim.disk import DiskVfs, SimDisk
from tokkatot.wire.messages import CommandRow, EventRow, decode_row

NAME = "full-disk"
SETTINGS = JournalSettings(
    group_s=0.01, timeout_s=60, start_timeout_s=60, retry_first_s=0.01, retry_cap_s=0.02
)


@pytest.fixture
def disk() -> SimDisk:
    return SimDisk()


@asynccontextmanager
async def opened(disk: SimDisk) -> AsyncIterator[Journal]:
    vfs = DiskVfs(NAME, disk)
    clock = SystemClock()
    journal = await Journal.open(
        Path("/journal.sqlite"),
        clock=clock,
        ids=IdSource(clock),
        settings=SETTINGS,
        free_bytes=lambda _: 10**12,
        vfs=NAME,
    )
    try:
        yield journal
    finally:
        disk.is_full = False
        await journal.close()
        vfs.die()
        vfs.unregister()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.005)


async def told(journal: Journal) -> list[str]:
    stretch = await journal.stretch("events", 1, max_rows=100, max_bytes=10**6)
    rows = [] if stretch is None else [decode_row(raw) for raw in stretch.rows]
    return [
        row.type if isinstance(row, EventRow) else row.state
        for row in rows
        if isinstance(row, EventRow | CommandRow)
    ]


async def test_what_was_kept_is_read_though_nothing_can_be_written(disk: SimDisk) -> None:
    async with opened(disk) as journal:
        await journal.keep_state("latches", b"pump")
        await journal.record(events=[event(1)], urgent=True)
        before = journal.heads()
    disk.is_full = True

    async with opened(disk) as journal:
        assert journal.condition() == "full"
        assert await journal.state("latches") == b"pump"
        assert [head.epoch for head in journal.heads().values()] == [
            head.epoch for head in before.values()
        ]
        assert await told(journal) == ["test"]
        with pytest.raises(JournalFull):
            await journal.begin_order(ORDER, order_row(ORDER))


async def test_a_new_journal_without_room_is_an_empty_one(disk: SimDisk) -> None:
    disk.is_full = True
    with capture_logs() as logs:
        async with opened(disk) as journal:
            assert journal.condition() == "full"
            assert (await journal.positions(), await journal.state("latches")) == ({}, None)
            assert await told(journal) == []
            assert [head.next for head in journal.heads().values()] == [1, 1]
            await asyncio.sleep(0.1)
            assert [line["event"] for line in logs] == ["journal.trouble"]


async def test_rows_wait_and_are_written_as_soon_as_there_is_room(disk: SimDisk) -> None:
    disk.is_full = True
    async with opened(disk) as journal:
        assert journal.offer(readings=[reading(1)])
        assert journal.offer(events=[event(1)], urgent=True)
        disk.is_full = False
        await until(lambda: journal.condition() == "ok")

        assert await told(journal) == ["test"]
        assert journal.heads()["readings"].next == 2
        assert await journal.begin_order(ORDER, order_row(ORDER))


async def test_what_began_without_the_disk_is_told_in_its_order_once_there_is_room(
    disk: SimDisk,
) -> None:
    async with opened(disk) as journal:
        disk.is_full = True
        with pytest.raises(JournalFull):
            await journal.begin_order(ORDER, order_row(ORDER))
        await journal.note_begun(order_row(ORDER))
        await journal.finish_order(order_row(ORDER, "completed"))
        disk.is_full = False
        await journal.record(urgent=True)

        assert await told(journal) == ["executing", "completed"]


async def test_it_is_closed_though_nothing_can_be_written(disk: SimDisk) -> None:
    async with opened(disk) as journal:
        await journal.record(readings=[reading(1)], urgent=True)
        await journal.acked("readings", journal.heads()["readings"].epoch, 1)
        disk.is_full = True
        await journal.close()
    async with opened(disk) as journal:
        assert journal.heads()["readings"].next == 2


async def test_it_tries_again_though_nobody_has_anything_to_tell(disk: SimDisk) -> None:
    disk.is_full = True
    async with opened(disk) as journal:
        await asyncio.sleep(0.1)
        assert journal.condition() == "full"
        disk.is_full = False
        await until(lambda: journal.condition() == "ok")


async def test_what_a_crash_interrupted_is_told_once_there_is_room_and_not_begun_again(
    disk: SimDisk,
) -> None:
    async with opened(disk) as journal:
        await journal.begin_order(ORDER, order_row(ORDER))
    disk.is_full = True

    async with opened(disk) as journal:
        disk.is_full = False
        assert await journal.begin_order(OTHER_ORDER, order_row(OTHER_ORDER))
        assert not await journal.begin_order(ORDER, order_row(ORDER))
        assert await told(journal) == ["executing", "interrupted", "executing"]
