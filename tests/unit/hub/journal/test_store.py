"""What the file does where it is old, full, damaged or restored."""

from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

import apsw
import pytest

from tokkatot.hub.journal import store as store_module
from tokkatot.hub.journal.faults import JournalBroken
from tokkatot.hub.journal.port import JournalError, JournalFull
from tokkatot.hub.journal.rows import Entry, PackedReading, pack_tail
from tokkatot.hub.journal.settings import JournalSettings
from tokkatot.hub.journal.store import JournalStore
from tokkatot.wire.messages import EventRow, GapRow, Row, StreamName, decode_row
from tokkatot.wire.streams import NOT_KEPT

MIB = 1024 * 1024


class Shelf:
    """Opens the same file again and again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._epochs = count(1)
        self.opened: list[JournalStore] = []

    def open(self, size_limit_bytes: int = 64 * MIB) -> JournalStore:
        for store in self.opened:
            store.close()
        self.opened = [
            JournalStore.open(
                self.path,
                new_epoch=lambda: f"epoch-{next(self._epochs)}",
                size_limit_bytes=size_limit_bytes,
            )
        ]
        return self.opened[0]


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    shelf = Shelf(tmp_path / "journal.sqlite")
    yield shelf
    for store in shelf.opened:
        store.close()


def readings(first: int, last: int) -> Entry:
    rows = [PackedReading("device", "temperature", t, t / 8, 0) for t in range(first, last + 1)]
    return Entry(readings=tuple(rows))


def event(number: int) -> Entry:
    return Entry(events=(pack_tail(EventRow(0, "e", number, "test", {})),))


def fill(store: JournalStore) -> None:
    for written in range(0, 1_000_000, 1_000):
        store.apply([readings(written + 1, written + 1_000)], uptime_s=0)


def rows_from(store: JournalStore, stream: StreamName, first: int) -> list[Row]:
    stretch = store.stretch(stream, first, max_rows=500, max_bytes=MIB, t_ms=77)
    return [] if stretch is None else [decode_row(raw) for raw in stretch.rows]


def test_thinning_takes_acknowledged_rows_first_and_declares_nothing(shelf: Shelf) -> None:
    store = shelf.open()
    store.apply([readings(1, 10)], uptime_s=0)
    store.note_acked("readings", store.heads()["readings"].epoch, 4)

    removed = store.thin(max_rows=3, t_ms=5, reason="disk_full")

    assert removed == 3
    assert rows_from(store, "events", 1) == []
    assert [row.seq for row in rows_from(store, "readings", 4)] == [4, 5, 6, 7, 8, 9, 10]


def test_thinning_takes_the_oldest_unsent_readings_and_declares_the_gap(shelf: Shelf) -> None:
    store = shelf.open()
    store.apply([readings(1, 10), event(1)], uptime_s=0)

    store.thin(max_rows=3, t_ms=5, reason="disk_full")
    store.thin(max_rows=3, t_ms=6, reason="disk_full")

    assert rows_from(store, "events", 2) == [
        GapRow(2, "g", 5, 1, 3, "disk_full"),
        GapRow(3, "g", 6, 4, 6, "disk_full"),
    ]
    first, *others = rows_from(store, "readings", 1)
    assert first == GapRow(6, "g", 77, 1, 6, NOT_KEPT)
    assert [row.seq for row in others] == [7, 8, 9, 10]


def test_three_days_of_four_readings_a_second_fit_beside_a_week_that_the_cloud_has(
    shelf: Shelf,
) -> None:
    limits, hour = JournalSettings(), 4 * 3600
    store = shelf.open(limits.size_limit_bytes)
    for first in range(1, hour + 1, 1_200):
        store.apply([readings(first, first + 1_199)], uptime_s=0)
    shown = store.stretch("readings", 1, max_rows=hour, max_bytes=64 * MIB, t_ms=77)
    assert shown is not None
    assert len(shown.rows) == hour
    store.close()
    hours = 72 + limits.keep_acked_s / 3600
    assert shelf.path.stat().st_size * hours < limits.size_limit_bytes / 2


def test_events_are_never_thinned_before_the_cloud_has_them(shelf: Shelf) -> None:
    store = shelf.open()
    store.apply([event(1), event(2)], uptime_s=0)

    assert store.thin(max_rows=10, t_ms=5, reason="disk_full") == 0
    assert len(rows_from(store, "events", 1)) == 2


def test_numbers_go_on_after_all_rows_were_deleted_and_the_hub_started_again(shelf: Shelf) -> None:
    store = shelf.open()
    store.apply([readings(1, 5)], uptime_s=0)
    store.note_acked("readings", store.heads()["readings"].epoch, 5)
    store.thin(max_rows=100, t_ms=5, reason="disk_full")

    store = shelf.open()

    assert store.heads()["readings"].next == 6
    assert rows_from(store, "readings", 1) == [GapRow(5, "g", 77, 1, 5, NOT_KEPT)]
    store.apply([readings(6, 6)], uptime_s=0)
    assert [row.seq for row in rows_from(store, "readings", 6)] == [6]


def test_rows_are_forgotten_only_when_they_were_acknowledged_long_ago(shelf: Shelf) -> None:
    store = shelf.open()
    epoch = store.heads()["readings"].epoch
    store.apply([readings(1, 10)], uptime_s=0)
    store.note_acked("readings", epoch, 6)
    store.keep_acks(uptime_s=100, mark_every_s=10)
    store.note_acked("readings", epoch, 8)
    store.keep_acks(uptime_s=200, mark_every_s=10)

    assert store.prune(acked_before_uptime_s=99, max_rows=100) == 0
    assert store.prune(acked_before_uptime_s=150, max_rows=4) == 4
    assert store.prune(acked_before_uptime_s=150, max_rows=4) == 2
    assert store.prune(acked_before_uptime_s=150, max_rows=4) == 0
    assert [row.seq for row in rows_from(store, "readings", 7)] == [7, 8, 9, 10]


def test_rows_that_a_restored_cloud_asks_for_again_are_not_forgotten(shelf: Shelf) -> None:
    store = shelf.open()
    epoch = store.heads()["readings"].epoch
    store.apply([readings(1, 10)], uptime_s=0)
    store.note_acked("readings", epoch, 10)
    store.keep_acks(uptime_s=100, mark_every_s=10)
    store.note_acked("readings", epoch, 3)

    store.prune(acked_before_uptime_s=1_000, max_rows=100)

    assert [row.seq for row in rows_from(store, "readings", 4)] == [4, 5, 6, 7, 8, 9, 10]


def test_a_failed_transaction_leaves_numbers_and_rows_as_they_were(shelf: Shelf) -> None:
    store = shelf.open(size_limit_bytes=300_000)
    with pytest.raises(JournalFull):
        fill(store)

    written = store.heads()["readings"].next - 1
    assert [row.seq for row in rows_from(store, "readings", written)] == [written]
    store.thin(max_rows=5_000, t_ms=5, reason="disk_full")
    store.apply([readings(written + 1, written + 1_000)], uptime_s=0)
    assert store.heads()["readings"].next == written + 1_001


def test_more_series_than_the_table_takes_are_kept_all_the_same(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "MAX_SERIES", 1)
    store = shelf.open()
    rows = (PackedReading("a", "co2", 1, 1.0, 0), PackedReading("b", "co2", 2, 2.5, 1))

    store.apply([Entry(readings=rows)], uptime_s=0)

    assert [row[2:] for row in map(_fields, rows_from(store, "readings", 1))] == [
        ("a", "co2", 1, 1.0, 0),
        ("b", "co2", 2, 2.5, 1),
    ]


def _fields(row: Row) -> tuple[object, ...]:
    return tuple(getattr(row, name) for name in row.__struct_fields__)


def test_a_file_that_is_no_journal_is_not_touched(shelf: Shelf) -> None:
    connection = apsw.Connection(str(shelf.path))
    connection.execute("CREATE TABLE hens (name)")
    connection.close()

    with pytest.raises(JournalBroken):
        shelf.open()


def test_a_new_epoch_after_a_restored_card_renumbers_all_that_is_held_by_one_row(
    shelf: Shelf,
) -> None:
    store = shelf.open()
    epoch = store.heads()["readings"].epoch
    store.apply([readings(1, 10)], uptime_s=0)
    store.note_acked("readings", epoch, 6)
    store.thin(max_rows=6, t_ms=0, reason="disk_full")
    store.note_acked("readings", epoch, 8)
    store.new_epoch("readings", "second")
    store.note_acked("readings", epoch, 9)

    store = shelf.open()

    head = store.heads()["readings"]
    assert (head.epoch, head.next, head.acked) == ("second", 5, 0)
    assert [(row.seq, _fields(row)[4]) for row in rows_from(store, "readings", 1)] == [
        (1, 7),
        (2, 8),
        (3, 9),
        (4, 10),
    ]


class LyingConnection:
    """Keeps what it is told to commit, and says that it could not."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> object:
        return getattr(self._connection, name)

    def execute(self, sql: str, *bindings: Sequence[str | int]) -> apsw.Cursor:
        answer = self._connection.execute(sql, *bindings)
        if sql == "COMMIT":
            raise apsw.IOError("the card did not answer in time")
        return answer


def test_rows_that_were_kept_by_a_commit_that_failed_keep_their_numbers(shelf: Shelf) -> None:
    store = shelf.open()
    honest = store._db
    store._db = LyingConnection(honest)  # type: ignore[assignment]
    with pytest.raises(JournalError):
        store.apply([event(1), readings(1, 2)], uptime_s=0)
    store._db = honest
    store.apply([event(2), readings(3, 4)], uptime_s=0)
    assert [store.heads()[name].next for name in ("events", "readings")] == [3, 5]
