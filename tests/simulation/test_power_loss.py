"""Power cuts at every write and sync point of a journal: what was acknowledged is there."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from uuid import UUID

import pytest

from tokkatot.hub.journal import schema
from tokkatot.hub.journal.faults import JournalBroken
from tokkatot.hub.journal.port import JournalError
from tokkatot.hub.journal.rows import Entry, PackedReading, pack_tail
from tokkatot.hub.journal.store import JournalStore
from tokkatot.sim.chance import Chance
from tokkatot.sim.disk import DiskVfs, SimDisk
from tokkatot.wire.messages import EventRow

PATH = Path("/journal.sqlite")
GROUPS = 40
LIMIT_BYTES = 64 * 1024 * 1024
_NAMES = count(1)


@contextmanager
def mounted(disk: SimDisk) -> Iterator[str]:
    vfs = DiskVfs(f"power-loss-{next(_NAMES)}", disk)
    yield vfs.name
    vfs.die()
    vfs.unregister()


def opened(name: str) -> JournalStore:
    return JournalStore.open(
        PATH, new_epoch=lambda: "epoch", size_limit_bytes=LIMIT_BYTES, vfs=name
    )


def write(disk: SimDisk) -> int:
    """Write until the power goes; return how many groups were acknowledged."""
    done = 0
    with mounted(disk) as name:
        try:
            with closing(opened(name)) as store:
                for group in range(1, GROUPS + 1):
                    store.apply([entry(group)], uptime_s=group)
                    done = group
                    if group % 10 == 0:
                        store.keep_acks(uptime_s=group, mark_every_s=10)
        except JournalError:
            assert disk.is_off
    return done


def entry(group: int) -> Entry:
    return Entry(
        events=(pack_tail(EventRow(0, "e", group, "group", {"n": group, "pad": "x" * 700})),),
        readings=tuple(
            PackedReading(str(UUID(int=n)), "temperature", group, float(group), 0) for n in range(4)
        ),
    )


def survives(disk: SimDisk, done: int) -> bool:
    """Tell whether every acknowledged group is there, whole, after the power cut."""
    with mounted(disk) as name:
        try:
            with closing(opened(name)) as store:
                heads = store.heads()
                kept = store.stretch("readings", 1, max_rows=10_000, max_bytes=1 << 30, t_ms=0)
        except (JournalError, JournalBroken):
            return False
    events = heads["events"].next - 1
    rows = 0 if kept is None else len(kept.rows)
    return events >= done and rows == heads["readings"].next - 1 == 4 * events


def images(*, torn_by: int) -> Iterator[tuple[SimDisk, int]]:
    """Yield the disk after a power cut at each point, with what was acknowledged until then."""
    whole = SimDisk()
    write(whole)
    for point in range(1, whole.points + 1):
        disk = SimDisk()
        disk.fuse = point
        done = write(disk)
        disk.cut_power(Chance(point * 7919 + torn_by))
        yield disk, done


@pytest.mark.parametrize("torn_by", range(3))
def test_no_power_cut_takes_an_acknowledged_row(torn_by: int) -> None:
    lost = [done for disk, done in images(torn_by=torn_by) if not survives(disk, done)]

    assert lost == []


@pytest.mark.parametrize("level", ["NORMAL", "OFF"])
def test_with_less_than_full_syncs_the_same_test_finds_rows_lost(
    level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pragmas = schema.PRAGMAS.replace("synchronous = FULL", f"synchronous = {level}")
    monkeypatch.setattr(schema, "PRAGMAS", pragmas)

    lost = [done for disk, done in images(torn_by=0) if not survives(disk, done)]

    assert len(lost) > 10
