"""The journal's SQLite file, spoken to from one thread and without a clock of its own."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import apsw
import msgspec

from tokkatot.hub.journal import schema
from tokkatot.hub.journal.faults import JournalBroken, JournalUnmade, translated
from tokkatot.hub.journal.numbering import Stream
from tokkatot.hub.journal.port import Answer
from tokkatot.hub.journal.rows import (
    Entry,
    Packed,
    PackedReading,
    Tail,
    interrupted,
    pack_tail,
    unpack,
    unpack_reading,
)
from tokkatot.wire.messages import EventRow, GapRow, StreamName
from tokkatot.wire.streams import NOT_KEPT, STREAMS, StreamHead, Stretch

MAX_SERIES = 4096
"""Readings of further series are kept too, but as JSON: nothing outside may grow a table."""


class JournalStore:
    """Every method is one transaction, or reads only; a failed one leaves everything as it was.

    Raises, from every method:
        JournalBroken: when the file is damaged.
        JournalFull: when there is no room.
        JournalError: for any other trouble of the disk.
    """

    def __init__(self, connection: apsw.Connection) -> None:
        self._db = connection
        self._streams: dict[StreamName, Stream] = {}
        self._series: dict[tuple[str, str], int] = {}
        self._doubtful = False

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        new_epoch: Callable[[], str],
        size_limit_bytes: int,
        vfs: str | None = None,
    ) -> "JournalStore":
        """Open the file, or make it where there is none.

        Raises:
            JournalUnmade: when there is none, and no room for one.
        """
        try:
            connection = apsw.Connection(str(path), vfs=vfs)
        except apsw.Error as error:
            raise translated(error) from error
        store = cls(connection)
        with ExitStack() as unless_opened:
            unless_opened.callback(store.close)
            store._prepare(new_epoch, size_limit_bytes)
            unless_opened.pop_all()
        return store

    def close(self) -> None:
        """Close the file; what is committed stays."""
        try:
            self._db.close()
        except apsw.Error:
            return  # a disk that refuses even this: the next to open takes over what is in the log

    def _prepare(self, new_epoch: Callable[[], str], size_limit_bytes: int) -> None:
        with self._disk():
            self._db.set_busy_timeout(2000)
            try:
                # To the end: a statement that answers with a row holds up those behind it.
                self._db.execute(schema.PRAGMAS).fetchall()
                page_bytes = self._number("PRAGMA page_size")
                self._db.execute(f"PRAGMA max_page_count = {size_limit_bytes // page_bytes}")
                if not self._is_made():
                    with self._transaction():
                        self._make(new_epoch)
            except apsw.FullError as error:
                raise JournalUnmade("the disk has no room for a journal") from error
            self._load()

    def _is_made(self) -> bool:
        """Tell whether there are tables, which are then those of a journal."""
        found = self._number("PRAGMA application_id"), self._number("PRAGMA user_version")
        if found == (0, 0) and not self._number("SELECT count(*) FROM sqlite_schema"):
            return False
        if found != (schema.APPLICATION_ID, schema.VERSION):
            raise JournalBroken(f"no journal of version {schema.VERSION}")
        return True

    def _make(self, new_epoch: Callable[[], str]) -> None:
        self._db.execute(schema.TABLES)
        self._db.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        self._db.execute(f"PRAGMA user_version = {schema.VERSION}")
        self._db.executemany(
            "INSERT INTO streams VALUES (?, ?, 0, 1, 0, 1)",
            [(name, new_epoch()) for name in STREAMS],
        )

    def _load(self) -> None:
        """Learn where the streams stand; rows of an earlier life may have been sent."""
        for name in STREAMS:
            row = self._db.execute(
                "SELECT epoch, base, next, acked, unsent_from FROM streams WHERE name = ?", (name,)
            ).get
            if row is None:
                raise JournalBroken(f"the stream {name} is missing")
            epoch, base, floor, acked, unsent_from = row
            last = self._number(f"SELECT coalesce(max(n), 0) FROM {name}")  # noqa: S608 - of STREAMS
            stream = Stream(
                epoch=epoch,
                base=base,
                next=max(floor, last + 1),
                acked=acked,
                unsent_from=unsent_from,
            )
            if stream.unsent_from is None:
                stream.unsent_from = stream.next
            self._streams[name] = stream
        self._series = self._known_series()

    # -------------------------------------------------------------------------------- writing

    def apply(self, entries: Sequence[Entry], *, uptime_s: int) -> list[bool]:
        """Commit entries in order; False, with no row, for what was begun or answered before."""
        with self._writing():
            return [self._apply(entry, uptime_s) for entry in entries]

    def _apply(self, entry: Entry, uptime_s: int) -> bool:
        if entry.begins is not None and not self._begin(entry, uptime_s):
            return False
        if entry.finishes is not None and not self._finish(entry.finishes, uptime_s):
            return False
        self._append_events(entry.events)
        self._append_readings(entry.readings)
        if entry.position is not None:
            self._db.execute(
                "INSERT OR REPLACE INTO positions VALUES (?, ?)",
                (entry.position.source, entry.position.value),
            )
        if entry.state is not None:
            self._db.execute(
                "INSERT OR REPLACE INTO states VALUES (?, ?)",
                entry.state,
            )
        return True

    def _begin(self, entry: Entry, uptime_s: int) -> bool:
        self._db.execute(
            "INSERT INTO orders (id, begun_uptime_s, tail, finished) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (id) DO NOTHING",
            (str(entry.begins), uptime_s, entry.open_tail, int(entry.over)),
        )
        return self._db.changes() == 1

    def _finish(self, asked: UUID, uptime_s: int) -> bool:
        """Note that something has its answer; False where it has one already, which stands."""
        self._db.execute(
            "INSERT INTO orders (id, begun_uptime_s, finished) VALUES (?, ?, 1)"
            " ON CONFLICT (id) DO UPDATE SET finished = 1 WHERE finished = 0",
            (str(asked), uptime_s),
        )
        return self._db.changes() == 1

    def _append_events(self, tails: Sequence[Tail]) -> None:
        stream = self._streams["events"]
        numbers = range(stream.next, stream.next + len(tails))
        self._db.executemany("INSERT INTO events VALUES (?, ?)", zip(numbers, tails, strict=True))
        stream.next = numbers.stop

    def _append_readings(self, rows: Sequence[Packed]) -> None:
        stream = self._streams["readings"]
        numbers = range(stream.next, stream.next + len(rows))
        self._db.executemany(
            "INSERT INTO readings VALUES (?, ?, ?, ?, ?, ?)",
            [(n, *self._columns(row)) for n, row in zip(numbers, rows, strict=True)],
        )
        stream.next = numbers.stop

    def _columns(
        self, row: Packed
    ) -> tuple[int | None, int | None, float | None, int | None, bytes | None]:
        if isinstance(row, bytes):
            return (None, None, None, None, row)
        series = self._series.get((row.device, row.quantity)) or self._new_series(row)
        if series is None:
            return (None, None, None, None, unpack_reading(0, row).removeprefix(b"[0,"))
        return (series, row.t, row.value, row.quality, None)

    def _new_series(self, row: PackedReading) -> int | None:
        if len(self._series) >= MAX_SERIES:
            return None
        self._db.execute(
            "INSERT INTO series (device, quantity) VALUES (?, ?)", (row.device, row.quantity)
        )
        key = self._db.last_insert_rowid()
        self._series[row.device, row.quantity] = key
        return key

    def begin_life(self) -> None:
        """Commit from where on rows were never sent, as it was learned at opening."""
        self._change(self._streams)

    def append(self, row: EventRow) -> None:
        """Commit an event of the journal itself."""
        with self._writing():
            self._append_events([pack_tail(row)])

    def interrupt_orders(self, t_ms: int) -> list[Answer]:
        """Answer what was begun and never finished, and finish it so."""
        with self._disk():
            begun = [
                tail
                for (tail,) in self._db.execute(
                    "SELECT tail FROM orders WHERE NOT finished ORDER BY id"
                )
                if isinstance(tail, bytes)
            ]
        rows = [interrupted(tail, t_ms) for tail in begun]
        with self._writing():
            self._append_events([pack_tail(row) for row in rows])
            self._db.execute("UPDATE orders SET finished = 1 WHERE NOT finished")
        return rows

    # -------------------------------------------------------------------------------- reading

    def heads(self) -> dict[StreamName, StreamHead]:
        """Return where both streams stand, in the numbers of the wire."""
        return {name: stream.head() for name, stream in self._streams.items()}

    def positions(self) -> dict[str, int]:
        """Return how far each source was read."""
        with self._disk():
            return {
                str(source): int(value)
                for source, value in self._db.execute("SELECT source, value FROM positions")
            }

    def state(self, name: str) -> bytes | None:
        """Return the value that is kept under a name."""
        with self._disk():
            row = self._db.execute("SELECT value FROM states WHERE name = ?", (name,)).get
        return None if row is None else bytes(row)

    def uptime_s(self) -> int:
        """Return for how many seconds this journal was in use, over all its lives."""
        with self._disk():
            return self._number("SELECT seconds FROM uptime")

    def stretch(
        self, name: StreamName, first: int, *, max_rows: int, max_bytes: int, t_ms: int
    ) -> Stretch | None:
        """Return committed rows from `first` on; a gap row stands for what is no longer kept."""
        stream = self._streams[name]
        start = max(first, 1) + stream.base
        if start >= stream.next:
            return None
        rows: list[bytes] = []
        size = 0
        due = start
        with self._disk():
            for n, row in self._read(name, start, max_rows, base=stream.base):
                size += len(row) + 1
                if n > due:
                    gap = GapRow(
                        n - 1 - stream.base,
                        "g",
                        t_ms,
                        due - stream.base,
                        n - 1 - stream.base,
                        NOT_KEPT,
                    )
                    before = unpack(gap.seq, pack_tail(gap))
                    size += len(before) + 1
                    added = [before, row]
                else:
                    added = [row]
                if rows and (size > max_bytes or len(rows) + len(added) > max_rows):
                    break
                rows += added
                due = n + 1
        if not rows:
            last = stream.next - 1 - stream.base
            gap = GapRow(last, "g", t_ms, start - stream.base, last, NOT_KEPT)
            rows, due = [unpack(last, pack_tail(gap))], stream.next
        return Stretch(
            stream=name,
            epoch=stream.epoch,
            first=start - stream.base,
            last=due - 1 - stream.base,
            rows=[msgspec.Raw(row) for row in rows],
        )

    def _read(
        self, name: StreamName, start: int, limit: int, *, base: int
    ) -> Iterator[tuple[int, bytes]]:
        if name == "events":
            for n, tail in self._db.execute(
                "SELECT n, tail FROM events WHERE n >= ? ORDER BY n LIMIT ?", (start, limit)
            ):
                yield n, unpack(n - base, tail)
            return
        for n, device, quantity, t, value, quality, tail in self._db.execute(
            "SELECT n, device, quantity, t, value, quality, tail FROM readings"
            " LEFT JOIN series ON series.id = readings.series"
            " WHERE n >= ? ORDER BY n LIMIT ?",
            (start, limit),
        ):
            if tail is not None:
                yield n, unpack(n - base, tail)
            else:
                packed = PackedReading(device, quantity, t, value, quality)
                yield n, unpack_reading(n - base, packed)

    # -------------------------------------------------------------------------------- streams

    def contacted(self) -> None:
        """Commit that rows may leave the hub from now on."""
        self._change({name: replace(s, unsent_from=None) for name, s in self._streams.items()})

    def new_epoch(self, name: StreamName, epoch: str) -> None:
        """Number all rows that are held anew, from 1."""
        stream = self._streams[name]
        with self._disk():
            start = self._lowest(name) or stream.next
        self._change(
            {name: replace(stream, epoch=epoch, base=start - 1, acked=start - 1, unsent_from=start)}
        )

    def note_acked(self, name: StreamName, epoch: str, through: int) -> None:
        """Note in memory what the cloud has stored; `keep_acks` makes it durable now and then.

        Losing it costs no more than sending some rows again, which the cloud then skips.
        """
        stream = self._streams[name]
        if stream.epoch == epoch and 0 <= through < stream.next - stream.base:
            stream.acked = through + stream.base

    def keep_acks(self, *, uptime_s: int, mark_every_s: int) -> None:
        """Commit what was acknowledged until now, and that so much was by this time."""
        slot_end_s = uptime_s - uptime_s % mark_every_s + mark_every_s
        with self._disk(), self._transaction():
            for name, stream in self._streams.items():
                self._save_stream(name, stream)
                self._db.execute(
                    "INSERT INTO marks VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                    (name, slot_end_s, stream.acked),
                )
            self._db.execute("UPDATE uptime SET seconds = max(seconds, ?)", (uptime_s,))

    def _change(self, changed: dict[StreamName, Stream]) -> None:
        with self._disk(), self._transaction():
            for name, stream in changed.items():
                self._save_stream(name, stream)
        self._streams.update(changed)

    def _save_stream(self, name: StreamName, stream: Stream) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO streams VALUES (?, ?, ?, ?, ?, ?)",
            (name, stream.epoch, stream.base, stream.next, stream.acked, stream.unsent_from),
        )

    # --------------------------------------------------------------------------------- upkeep

    def room(self) -> tuple[int, int]:
        """Return the bytes in use inside the file, and those that are free inside it."""
        with self._disk():
            page_bytes = self._number("PRAGMA page_size")
            free = self._number("PRAGMA freelist_count")
            return (self._number("PRAGMA page_count") - free) * page_bytes, free * page_bytes

    def prune(self, *, acked_before_uptime_s: int, max_rows: int) -> int:
        """Delete some of the rows that were acknowledged before a time; return how many."""
        removed = 0
        with self._disk(), self._transaction():
            for name, stream in self._streams.items():
                known = self._number(
                    "SELECT coalesce(max(acked), 0) FROM marks WHERE stream = ? AND uptime_s <= ?",
                    (name, acked_before_uptime_s),
                )
                # Rows of an earlier epoch can't be asked for any more.
                through = max(min(known, stream.acked), stream.base)
                removed += self._delete_first(name, through, max_rows)
                self._db.execute(
                    "DELETE FROM marks WHERE stream = ? AND uptime_s <= ? AND acked < ?",
                    (name, acked_before_uptime_s, known),
                )
            self._db.execute(
                "DELETE FROM orders WHERE finished AND begun_uptime_s < ?", (acked_before_uptime_s,)
            )
        return removed

    def thin(self, *, max_rows: int, t_ms: int, reason: str) -> int:
        """Make room: rows that the cloud has first, then the oldest readings that it has not.

        What the cloud will never get is declared in the events, in the same transaction.
        """
        readings, events = self._streams["readings"], self._streams["events"]
        with self._writing():
            removed = self._delete_first("readings", readings.acked, max_rows)
            removed = removed or self._delete_first("events", events.acked, max_rows)
            if removed:
                return removed
            first = self._lowest("readings")
            removed = self._delete_first("readings", readings.next - 1, max_rows)
            if removed:
                last = first + removed - 1
                gap = GapRow(0, "g", t_ms, first - readings.base, last - readings.base, reason)
                self._append_events([pack_tail(gap)])
            return removed

    def _lowest(self, name: StreamName) -> int:
        return self._number(f"SELECT coalesce(min(n), 0) FROM {name}")  # noqa: S608 - of STREAMS

    def _delete_first(self, name: StreamName, through: int, max_rows: int) -> int:
        """Delete the first rows of a table, which `next` in the streams' table must outlive."""
        lowest = self._lowest(name)
        if not 0 < lowest <= through:
            return 0
        self._save_stream(name, self._streams[name])
        self._db.execute(
            f"DELETE FROM {name} WHERE n <= ?",  # noqa: S608 - of STREAMS
            (min(through, lowest + max_rows - 1),),
        )
        return self._db.changes()

    # ------------------------------------------------------------------------------- plumbing

    def _number(self, sql: str, bindings: Sequence[str | int] = ()) -> int:
        value = self._db.execute(sql, bindings).get
        if not isinstance(value, int):
            raise JournalBroken(f"{sql} answers {value!r}")
        return value

    @contextmanager
    def _disk(self) -> Iterator[None]:
        try:
            yield
        except apsw.Error as error:
            raise translated(error) from error

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            if self._doubtful:
                self._recount()
            yield
            self._db.execute("COMMIT")
        except BaseException:  # whatever it was: it is rolled back and raised again
            # Whether a commit that failed has kept its rows only the file can tell.
            self._doubtful = True
            # SQLite has rolled back by itself after some errors (a full disk, for one).
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def _recount(self) -> None:
        """Count again from the file; what is acknowledged or sent is known better in memory."""
        for name, stream in self._streams.items():
            kept = self._db.execute("SELECT epoch, base, next FROM streams WHERE name = ?", (name,))
            epoch, floor_base, floor = kept.get
            last = self._number(f"SELECT coalesce(max(n), 0) FROM {name}")  # noqa: S608 - of STREAMS
            stream.epoch, stream.base, stream.next = epoch, floor_base, max(floor, last + 1)
        self._series = self._known_series()
        self._doubtful = False

    def _known_series(self) -> dict[tuple[str, str], int]:
        return {
            (device, quantity): key
            for key, device, quantity in self._db.execute("SELECT id, device, quantity FROM series")
        }

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Hold one transaction; when it fails, what was counted in memory is taken back too."""
        nexts = {name: stream.next for name, stream in self._streams.items()}
        known_series = len(self._series)
        try:
            with self._disk(), self._transaction():
                yield
        except BaseException:  # whatever it was: it is taken back and raised again
            for name, value in nexts.items():
                self._streams[name].next = value
            for key in list(self._series)[known_series:]:
                del self._series[key]
            raise
