"""A disk in memory behind SQLite, which can lose, tear and refuse what was not yet synced."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

import apsw
from typing_extensions import override

from tokkatot.hub.journal.disk import Disk
from tokkatot.hub.journal.port import JournalFull
from tokkatot.hub.journal.writer import RESERVE
from tokkatot.sim.chance import Chance

T = TypeVar("T")

SECTOR: Final = 512
"""What a card writes whole or not at all."""

_POWERSAFE_OVERWRITE: Final = 0x1000
"""As the unix VFS says of its disks: a torn write damages nothing outside of itself."""

_TOLD_FULL: Final = ("-wal", RESERVE, f"{RESERVE}-journal")
"""Which files learn that the disk is full: all but the journal's own, which grows at a checkpoint.

There SQLite goes on without one; through Python the error would come out all the same, after a
commit that holds.
"""

MAX_WAITING: Final = 32
ANSWER_S: Final = 0.003
"""How long a card takes for what it is asked; the kernel's cache hides most of it."""


@dataclass(slots=True)
class _File:
    """A file as programs see it, as it lies on the disk, and what has happened in between."""

    now: bytearray = field(default_factory=bytearray)
    kept: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)
    """Writes at an offset; None stands for a truncation to it."""
    is_gone: bool = False
    """Another image was put in its place; only a process that is dead still has it open."""


class SimDisk:
    """Files by name; `points` counts every write, truncation and sync that was asked for."""

    def __init__(self) -> None:
        self._files: dict[str, _File] = {}
        self.points = 0
        self.is_full = False
        self.failing: tuple[str, ...] = ()
        """Ends of the names of files whose place on the card takes nothing any more."""
        self.is_off = False
        self.fuse: int | None = None
        """At this point the power goes: the write does not happen, and nothing works any more."""
        self.on_power_cut: Callable[[], None] | None = None

    def open(self, name: str) -> _File:
        """Return a file, made where there is none."""
        return self._files.setdefault(name, _File())

    def exists(self, name: str) -> bool:
        """Tell whether there is such a file."""
        return name in self._files

    def delete(self, name: str) -> None:
        """Remove a file."""
        self._files.pop(name, None)

    def point(self, file: _File | None = None, *, grows: bool = False) -> None:
        """Pass one point at which the power may go.

        Raises:
            IOError: when it has gone.
            FullError: when there is no room.
        """
        if file is not None and file.is_gone:
            return  # a process that is dead closes what it had open; nobody sees what it does
        if self.is_off:
            raise apsw.IOError("the power is off")
        self.points += 1
        if self.fuse is not None and self.points >= self.fuse:
            self.is_off = True
            if self.on_power_cut is not None:
                self.on_power_cut()
            raise apsw.IOError("the power is off")
        if grows and self.is_full:
            raise apsw.FullError("the disk is full")

    def image(self) -> dict[str, bytes]:
        """Return what is there now, synced or not."""
        return {name: bytes(file.now) for name, file in self._files.items()}

    def restore(self, image: dict[str, bytes]) -> None:
        """Put an image in the place of everything; who has a file open there has it no more."""
        for file in self._files.values():
            file.is_gone = True
        self._files = {
            name: _File(now=bytearray(content), kept=bytearray(content))
            for name, content in image.items()
        }

    def cut_power(self, chance: Chance) -> None:
        """Keep what was synced; of the rest each write is kept, lost or torn, as it happens."""
        for file in self._files.values():
            for offset, data in file.pending:
                _land(file.kept, offset, data, chance)
        self.restore({name: bytes(file.kept) for name, file in self._files.items()})
        self.is_off = False
        self.fuse = None

    def kill(self) -> None:
        """Keep everything: a process that dies takes nothing of the kernel's cache with it."""
        self.restore(self.image())
        self.is_off = False
        self.fuse = None


def _land(kept: bytearray, offset: int, data: bytes | None, chance: Chance) -> None:
    luck = chance.uniform()
    if luck < 0.4:
        return
    if luck < 0.6 and data is not None:
        data = data[: int(chance.uniform() * (len(data) // SECTOR + 1)) * SECTOR]
    _apply(kept, offset, data)


def _apply(content: bytearray, offset: int, data: bytes | None) -> None:
    if data is None:
        del content[offset:]
        return
    if offset > len(content):
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data


class _Handle:
    """An open file, as SQLite asks of one; the names are SQLite's."""

    def __init__(self, disk: SimDisk, path: str) -> None:
        self._disk = disk
        self._file = disk.open(path)
        self._path = path
        self._is_told_full = path.endswith(_TOLD_FULL)

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802 - SQLite's name
        return bytes(self._file.now[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - SQLite's name
        if self._path.endswith(self._disk.failing):
            raise apsw.IOError("the card takes nothing here")
        grows = self._is_told_full and offset + len(data) > len(self._file.now)
        self._disk.point(self._file, grows=grows)
        kept = bytes(data)
        _apply(self._file.now, offset, kept)
        self._file.pending.append((offset, kept))

    def xTruncate(self, size: int) -> None:  # noqa: N802 - SQLite's name
        if self._disk.is_off:
            return  # SQLite shortens its log on the way out, and does not ask whether it could
        self._disk.point(self._file)
        _apply(self._file.now, size, None)
        self._file.pending.append((size, None))

    def xSync(self, flags: int) -> None:  # noqa: N802, ARG002 - SQLite's name and arguments
        self._disk.point(self._file)
        for offset, data in self._file.pending:
            _apply(self._file.kept, offset, data)
        self._file.pending.clear()

    def xFileSize(self) -> int:  # noqa: N802 - SQLite's name
        return len(self._file.now)

    def xLock(self, level: int) -> None:  # noqa: N802, ARG002 - one process has the file
        return

    def xUnlock(self, level: int) -> None:  # noqa: N802, ARG002 - the same
        return

    def xCheckReservedLock(self) -> bool:  # noqa: N802 - SQLite's name
        return False

    def xFileControl(self, op: int, pointer: int) -> bool:  # noqa: N802, ARG002 - SQLite's name
        return False

    def xSectorSize(self) -> int:  # noqa: N802 - SQLite's name
        return SECTOR

    def xDeviceCharacteristics(self) -> int:  # noqa: N802 - SQLite's name
        return _POWERSAFE_OVERWRITE

    def xClose(self) -> None:  # noqa: N802 - SQLite's name
        return


class DiskVfs(apsw.VFS):
    """Lets SQLite work on a `SimDisk`; one process, which holds the lock for good.

    Without shared memory the write-ahead log needs exclusive locking, which is asked for here, in
    every connection through this VFS: with one connection it changes nothing else.
    """

    _is_dead = True
    # A connection that the garbage collector ends after its VFS finds it so.

    def __init__(self, name: str, disk: SimDisk) -> None:
        self.name = name
        self._disk = disk
        self._is_dead = False
        super().__init__(name, base="")
        apsw.connection_hooks.append(self._connected)

    def _connected(self, connection: apsw.Connection) -> None:
        if connection.open_vfs == self.name:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")

    def die(self) -> None:
        """Touch no file any more: the process is gone."""
        self._is_dead = True
        apsw.connection_hooks.remove(self._connected)

    @override
    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        assert name is not None, "temporary files live in memory"
        flags[1] = flags[0]
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        return _Handle(self._disk, path)  # type: ignore[return-value]  # by shape

    @override
    def xAccess(self, pathname: str, flags: int) -> bool:
        return self._disk.exists(pathname)

    @override
    def xDelete(self, filename: str, syncdir: bool) -> None:
        # Where it can't be done nobody is told: SQLite deletes its log when it is about to go.
        if not self._is_dead and not self._disk.is_off:
            self._disk.delete(filename)

    @override
    def xFullPathname(self, name: str) -> str:
        return name


class VirtualDiskThread(Disk):
    """Does the jobs one after the other on virtual time, and keeps them waiting while it stalls."""

    def __init__(self) -> None:
        self._free = asyncio.Event()
        self._free.set()
        self._last: asyncio.Task[None] | None = None
        self._waiting = 0

    @property
    def is_stalled(self) -> bool:
        """Tell whether nobody gets an answer."""
        return not self._free.is_set()

    def stall(self) -> None:
        """Answer nobody any more."""
        self._free.clear()

    def resume(self) -> None:
        """Answer again."""
        self._free.set()

    @override
    async def call(self, job: Callable[[], T]) -> T:
        if self._waiting >= MAX_WAITING:
            raise JournalFull("too many requests wait for the disk")
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting += 1
        self._last = asyncio.get_running_loop().create_task(self._work(self._last, job, done))
        return await done

    async def _work(
        self, before: asyncio.Task[None] | None, job: Callable[[], T], done: "asyncio.Future[T]"
    ) -> None:
        if before is not None and not before.done():
            await before
        await self._free.wait()
        await asyncio.sleep(ANSWER_S)
        self._waiting -= 1
        try:
            answer = job()
        except Exception as error:  # noqa: BLE001 - handed to the caller
            if not done.done():
                done.set_exception(error)
        else:
            if not done.done():
                done.set_result(answer)

    @override
    def stop(self) -> None:
        return
