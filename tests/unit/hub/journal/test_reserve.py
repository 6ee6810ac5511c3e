"""The reserve of the journal: a full disk takes it, a power cut leaves one value or the other."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import pytest

from tokkatot.hub.journal.journal import Journal
from tokkatot.hub.journal.port import JournalError, JournalFull
from tokkatot.hub.journal.reserve import SIZE, Reserve
from tokkatot.hub.journal.writer import RESERVE
from tokkatot.kit.clock import SystemClock
from tokkatot.kit.ids import IdSource
from tokkatot.sim.chance import Chance
from tokkatot.sim.disk import DiskVfs, SimDisk

_NAMES = count(1)


@contextmanager
def opened(card: SimDisk) -> Iterator[Reserve]:
    vfs = DiskVfs(f"reserve-{next(_NAMES)}", card)
    try:
        yield Reserve.open(Path("/") / RESERVE, vfs=vfs.name)
    finally:
        vfs.die()


def test_a_full_disk_takes_a_value_of_any_size_in_every_life() -> None:
    card = SimDisk()
    with opened(card):
        card.is_full = True
    card.kill()
    for value in (b"x" * SIZE, b"", b"short"):
        with opened(card) as reserve:
            reserve.keep(value)
        card.kill()
        with opened(card) as reserve:
            assert reserve.value() == value


def test_a_disk_that_was_full_from_the_start_has_no_reserve() -> None:
    card = SimDisk()
    card.is_full = True
    with pytest.raises(JournalFull), opened(card):
        pass


@pytest.mark.parametrize("luck", range(8))
def test_a_power_cut_at_any_point_leaves_the_old_value_or_the_new(luck: int) -> None:
    found = [_after_cut(points, Chance(luck * 100 + points)) for points in range(1, 16)]

    assert set(found) == {b"old", b"new"}
    assert found[-1] == b"new", "by then it was kept before the power went"


def _after_cut(points: int, chance: Chance) -> bytes:
    card = SimDisk()
    with opened(card) as reserve:
        reserve.keep(b"old")
        card.fuse = card.points + points
        with suppress(JournalError):
            reserve.keep(b"new")
    card.cut_power(chance)
    with opened(card) as reserve:
        return reserve.value()


async def test_a_damaged_reserve_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / RESERVE).write_bytes(b"no database at all" * 100)
    clock = SystemClock()
    journal = await Journal.open(tmp_path / "journal.sqlite", clock=clock, ids=IdSource(clock))
    try:
        assert journal.aside() == b""
        await journal.keep_aside(b"[1]")
        assert journal.aside() == b"[1]"
    finally:
        await journal.close()
