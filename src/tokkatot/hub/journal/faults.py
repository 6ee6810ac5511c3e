"""What a journal's file can suffer, and what SQLite's errors mean for it."""

import apsw

from tokkatot.hub.journal.port import JournalError, JournalFull


class JournalBroken(Exception):
    """The file is damaged or no journal; it is to be moved aside."""


class JournalUnmade(JournalFull):
    """There is no room to make the file: nothing is kept yet."""


def translated(error: apsw.Error) -> Exception:
    """Return what an error of SQLite means for who uses the journal."""
    if isinstance(error, (apsw.CorruptError, apsw.NotADBError, apsw.FormatError)):
        return JournalBroken(str(error))
    if isinstance(error, apsw.FullError):
        return JournalFull("the disk or the journal's size limit is full")
    return JournalError(f"the disk refuses: {error}")
