"""A small value that finds its room on a disk that is full."""

from contextlib import ExitStack
from pathlib import Path
from typing import Final

import apsw

from tokkatot.hub.journal.faults import translated

SIZE: Final = 3_072
"""Row and all, it stays on one page."""

_VERSION: Final = 1
_TABLE: Final = """
CREATE TABLE IF NOT EXISTS reserve (id INTEGER PRIMARY KEY CHECK (id = 1), value BLOB) STRICT
"""


class Reserve:
    """One row of one size in a file of its own, written anew where it lies: nothing has to grow.

    The log of the journal can't do that: what is added to it needs room. Here the pages that change
    are saved in a file that stays as long as it is. It is used on the disk's thread alone.

    Raises, from every method:
        JournalBroken: when the file is damaged.
        JournalError: for any other trouble of the disk; `JournalFull` where it was never made.
    """

    def __init__(self, connection: apsw.Connection) -> None:
        self._db = connection

    @classmethod
    def open(cls, path: Path, *, vfs: str | None) -> "Reserve":
        """Open the file, or take its room where there is none yet."""
        try:
            connection = apsw.Connection(str(path), vfs=vfs)
        except apsw.Error as error:
            raise translated(error) from error
        reserve = cls(connection)
        with ExitStack() as unless_opened:
            unless_opened.callback(reserve.close)
            try:
                reserve._prepare()
            except apsw.Error as error:
                raise translated(error) from error
            unless_opened.pop_all()
        return reserve

    def _prepare(self) -> None:
        self._db.execute("PRAGMA locking_mode = EXCLUSIVE").fetchall()
        self._db.execute("PRAGMA journal_mode = PERSIST").fetchall()
        self._db.execute("PRAGMA synchronous = FULL")
        if self._db.execute("PRAGMA user_version").get == _VERSION:
            return
        with self._db:
            self._db.execute(_TABLE)
            self._db.execute("INSERT OR REPLACE INTO reserve VALUES (1, ?)", (b" " * SIZE,))
        with self._db:
            # All pages that ever change do so at once: what saves them has its room from now on.
            self._write(b"")
            self._db.execute(f"PRAGMA user_version = {_VERSION}")

    def keep(self, value: bytes) -> None:
        """Put a value in the place of the one that is kept; it is on the disk when this returns."""
        try:
            with self._db:
                self._write(value)
        except apsw.Error as error:
            raise translated(error) from error

    def _write(self, value: bytes) -> None:
        assert len(value) <= SIZE, "it has its size from the start"
        self._db.execute("UPDATE reserve SET value = ?", (value.ljust(SIZE, b"\0"),))

    def value(self) -> bytes:
        """Return what is kept, but for zeros at its end; nothing where nothing ever was."""
        try:
            kept = self._db.execute("SELECT value FROM reserve").get
        except apsw.Error as error:
            raise translated(error) from error
        return kept.rstrip(b"\0") if isinstance(kept, bytes) else b""

    def close(self) -> None:
        """Close the file."""
        try:
            self._db.close()
        except apsw.Error:
            return  # the next to open takes over what was begun
