"""What every journal must do; the real one and the fake both run these tests."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Literal
from uuid import UUID

import msgspec
import pytest

from tokkatot.hub.drivers.port import Position
from tokkatot.hub.journal.port import JournalPort
from tokkatot.wire.messages import (
    CommandRow,
    EventRow,
    ReadingRow,
    Row,
    ScheduleRunRow,
    decode_row,
)
from tokkatot.wire.streams import Stretch

ORDER = UUID("0190b5a0-0000-7000-8000-000000000001")
OTHER_ORDER = UUID("0190b5a0-0000-7000-8000-000000000002")
PUMP = "0190b5a0-0000-7000-8000-00000000000a"


def reading(t: int, value: float = 20.5) -> ReadingRow:
    return ReadingRow(0, "r", PUMP, "temperature", t, value, 0)


def event(number: int) -> EventRow:
    return EventRow(0, "e", number, "test", {"number": number})


def order_row(order: UUID, state: str = "executing") -> CommandRow:
    return msgspec.convert([0, "c", str(order), 5, state, None, PUMP, None, 100.0, 9], CommandRow)


def run_row(outcome: Literal["executed", "failed", "skipped"]) -> ScheduleRunRow:
    """Return the answer to a request whose id is `ORDER`."""
    return ScheduleRunRow(0, "x", PUMP, 5, 5, outcome, None, str(ORDER))


Reopen = Callable[[], Awaitable[JournalPort]]


class JournalSuite:
    """Subclasses give `reopen`: a journal over what the one before it has kept."""

    @pytest.fixture
    async def reopen(self) -> Reopen:
        pytest.fail("each subclass brings its own journal to reopen")

    @pytest.fixture
    async def journal(self, reopen: Reopen) -> AsyncIterator[JournalPort]:
        journal = await reopen()
        yield journal
        await journal.close()

    async def test_a_new_journal_begins_at_one_with_nothing_acknowledged(
        self, journal: JournalPort
    ) -> None:
        heads = journal.heads()
        assert {(head.next, head.acked, head.unsent_from) for head in heads.values()} == {(1, 0, 1)}
        assert await journal.positions() == {}
        assert await journal.interrupted() == []
        assert await journal.desired() is None
        assert await journal.stretch("events", 1, max_rows=10, max_bytes=9999) is None

    async def test_rows_come_out_as_they_went_in_and_are_numbered(
        self, journal: JournalPort
    ) -> None:
        await journal.record(events=[event(1)], readings=[reading(1), event(2)], urgent=True)
        await journal.record(readings=[reading(3, -0.125)], urgent=True)

        events = await journal.stretch("events", 1, max_rows=10, max_bytes=9999)
        readings = await journal.stretch("readings", 1, max_rows=10, max_bytes=9999)

        assert decoded(events) == [msgspec.structs.replace(event(1), seq=1)]
        assert decoded(readings) == [
            msgspec.structs.replace(reading(1), seq=1),
            msgspec.structs.replace(event(2), seq=2),
            msgspec.structs.replace(reading(3, -0.125), seq=3),
        ]
        assert journal.heads()["readings"].next == 4

    async def test_a_stretch_keeps_its_limits_but_holds_one_row_at_least(
        self, journal: JournalPort
    ) -> None:
        await journal.record(readings=[reading(t) for t in range(10)], urgent=True)

        by_rows = await journal.stretch("readings", 3, max_rows=4, max_bytes=9999)
        by_bytes = await journal.stretch("readings", 3, max_rows=100, max_bytes=200)
        tiny = await journal.stretch("readings", 10, max_rows=100, max_bytes=1)

        assert by_rows is not None
        assert (by_rows.first, by_rows.last) == (3, 6)
        assert by_bytes is not None
        assert sum(len(bytes(row)) + 1 for row in by_bytes.rows) <= 200
        assert tiny is not None
        assert (tiny.first, tiny.last, len(tiny.rows)) == (10, 10, 1)

    async def test_a_row_that_can_not_be_kept_spoils_no_other(self, journal: JournalPort) -> None:
        await journal.record(
            readings=[reading(1), reading(2, float("nan")), reading(-1), reading(3)], urgent=True
        )

        stretch = await journal.stretch("readings", 1, max_rows=10, max_bytes=9999)

        assert [row.t for row in decoded(stretch)] == [1, 3]

    async def test_a_position_is_kept_with_its_rows(
        self, journal: JournalPort, reopen: Reopen
    ) -> None:
        position = Position(source="file", value=7)
        await journal.record(readings=[reading(1)], position=position, urgent=True)
        await journal.close()

        journal = await reopen()

        assert await journal.positions() == {"file": 7}
        assert journal.heads()["readings"].next == 2
        await journal.close()

    async def test_what_was_buffered_is_kept_by_an_orderly_close(
        self, journal: JournalPort, reopen: Reopen
    ) -> None:
        await journal.record(readings=[reading(1)], urgent=False)
        assert journal.offer(events=[event(1)])
        await journal.keep_state("driver", b"\x00\x01")
        await journal.close()

        journal = await reopen()

        assert [head.next for head in journal.heads().values()] == [2, 2]
        assert await journal.state("driver") == b"\x00\x01"
        assert await journal.state("other") is None
        await journal.close()

    async def test_what_is_kept_aside_stands_in_the_place_of_what_was(
        self, journal: JournalPort, reopen: Reopen
    ) -> None:
        assert journal.aside() == b""
        await journal.keep_aside(b"[1, 2, 3]")
        await journal.keep_aside(b"[4]")
        await journal.close()

        journal = await reopen()

        assert journal.aside() == b"[4]"
        await journal.close()

    async def test_what_was_kept_before_an_order_is_on_the_disk_with_it(
        self, journal: JournalPort
    ) -> None:
        await journal.keep_state("key", b"tap")
        await journal.begin_order(ORDER, order_row(ORDER))
        assert await journal.state("key") == b"tap"

    async def test_an_order_begins_once_only(self, journal: JournalPort) -> None:
        assert await journal.begin_order(ORDER, order_row(ORDER))
        assert not await journal.begin_order(ORDER, order_row(ORDER))
        await journal.finish_order(order_row(ORDER, "completed"))
        assert not await journal.begin_order(ORDER, order_row(ORDER))
        await journal.record(urgent=True)

        rows = decoded(await journal.stretch("events", 1, max_rows=10, max_bytes=9999))

        assert [row.state for row in rows] == ["executing", "completed"]

    async def test_an_order_that_was_noted_as_begun_is_begun(self, journal: JournalPort) -> None:
        await journal.note_begun(order_row(ORDER))
        await journal.note_begun(order_row(ORDER))
        assert not await journal.begin_order(ORDER, order_row(ORDER))
        await journal.finish_order(order_row(ORDER, "completed"))
        await journal.note_begun(order_row(ORDER))
        await journal.record(urgent=True)

        rows = decoded(await journal.stretch("events", 1, max_rows=10, max_bytes=9999))

        assert [row.state for row in rows] == ["executing", "completed"]

    async def test_an_order_that_was_refused_can_not_begin_later(
        self, journal: JournalPort
    ) -> None:
        await journal.finish_order(order_row(ORDER, "refused"))
        assert not await journal.begin_order(ORDER, order_row(ORDER))

    async def test_a_refusal_says_nothing_of_an_order_that_began(
        self, journal: JournalPort
    ) -> None:
        await journal.begin_order(ORDER, order_row(ORDER))
        await journal.refuse_order(order_row(ORDER, "refused"))
        await journal.refuse_order(order_row(OTHER_ORDER, "refused"))
        await journal.refuse_order(order_row(OTHER_ORDER, "refused"))
        await journal.record(urgent=True)

        rows = decoded(await journal.stretch("events", 1, max_rows=10, max_bytes=9999))

        assert [row.state for row in rows] == ["executing", "refused"]
        assert not await journal.begin_order(OTHER_ORDER, order_row(OTHER_ORDER))

    async def test_what_has_its_answer_gets_no_other(self, journal: JournalPort) -> None:
        await journal.begin_order(ORDER, order_row(ORDER))
        await journal.finish_order(order_row(ORDER, "completed"))
        await journal.finish_order(order_row(ORDER, "refused"))
        await journal.finish_order(order_row(OTHER_ORDER, "refused"))
        await journal.finish_order(order_row(OTHER_ORDER, "failed"))
        await journal.record(urgent=True)

        rows = decoded(await journal.stretch("events", 1, max_rows=10, max_bytes=9999))

        assert [row.state for row in rows] == ["executing", "completed", "refused"]

    async def test_an_order_that_a_crash_cut_is_reported_once_and_not_begun_again(
        self, journal: JournalPort, reopen: Reopen
    ) -> None:
        await journal.begin_order(ORDER, order_row(ORDER))
        await journal.begin_order(OTHER_ORDER, order_row(OTHER_ORDER))
        await journal.finish_order(order_row(OTHER_ORDER, "completed"))
        await journal.close()

        journal = await reopen()
        interrupted = await journal.interrupted()
        assert [
            (row.command, row.state, row.reason)
            for row in interrupted
            if isinstance(row, CommandRow)
        ] == [(str(ORDER), "interrupted", "restarted")]
        assert not await journal.begin_order(ORDER, order_row(ORDER))
        rows = decoded(await journal.stretch("events", 4, max_rows=10, max_bytes=9999))
        assert [row.state for row in rows] == ["interrupted"]
        await journal.close()

        journal = await reopen()
        assert await journal.interrupted() == []
        await journal.close()

    async def test_a_request_begins_once_only_and_is_answered_by_the_run_alone(
        self, journal: JournalPort
    ) -> None:
        assert await journal.begin_request(run_row("failed"))
        assert not await journal.begin_request(run_row("failed"))
        await journal.refuse_order(run_row("skipped"))
        await journal.finish_order(run_row("executed"))
        assert not await journal.begin_request(run_row("failed"))
        await journal.record(urgent=True)

        rows = decoded(await journal.stretch("events", 1, max_rows=10, max_bytes=9999))

        assert [(row.outcome, row.request) for row in rows] == [("executed", str(ORDER))]

    async def test_a_request_that_a_crash_cut_is_answered_once_and_not_begun_again(
        self, journal: JournalPort, reopen: Reopen
    ) -> None:
        await journal.begin_request(run_row("failed"))
        await journal.close()

        journal = await reopen()
        (row,) = await journal.interrupted()
        assert isinstance(row, ScheduleRunRow)
        assert (row.outcome, row.reason, row.request) == ("failed", "restarted", str(ORDER))
        assert not await journal.begin_request(run_row("failed"))
        await journal.close()

        journal = await reopen()
        assert await journal.interrupted() == []
        assert [head.next for head in journal.heads().values()] == [2, 1]
        await journal.close()

    async def test_who_watches_sees_what_is_taken_in_its_order(self, journal: JournalPort) -> None:
        seen: list[Row] = []
        journal.watch(seen.append)
        journal.offer(events=[event(1)], readings=[reading(2)])
        await journal.record(events=[event(3)], urgent=True)
        await journal.begin_order(ORDER, order_row(ORDER))
        await journal.begin_order(ORDER, order_row(ORDER))
        await journal.refuse_order(order_row(OTHER_ORDER, "refused"))
        await journal.finish_order(order_row(ORDER, "completed"))
        assert seen == [
            event(1),
            reading(2),
            event(3),
            order_row(ORDER),
            order_row(ORDER, "completed"),
        ]

    async def test_the_newest_desired_document_is_kept_and_the_one_before_it(
        self, journal: JournalPort, reopen: Reopen
    ) -> None:
        for version in (1, 2, 3):
            await journal.keep_desired(b"document %d" % version, version)
        await journal.close()

        journal = await reopen()

        assert await journal.desired() == b"document 3"
        assert await journal.older_desired() == b"document 2"
        await journal.close()

    async def test_acks_move_forward_and_back_but_never_beyond_what_is_there(
        self, journal: JournalPort
    ) -> None:
        await journal.record(readings=[reading(t) for t in range(5)], urgent=True)
        epoch = journal.heads()["readings"].epoch

        await journal.acked("readings", epoch, 4)
        await journal.acked("readings", "another", 1)
        await journal.acked("readings", epoch, 9)
        assert journal.heads()["readings"].acked == 4

        await journal.acked("readings", epoch, 2)
        assert journal.heads()["readings"].acked == 2

    async def test_a_new_epoch_numbers_all_rows_that_are_held_from_one(
        self, journal: JournalPort, reopen: Reopen
    ) -> None:
        await journal.record(readings=[reading(t) for t in range(5)], urgent=True)
        before = journal.heads()["readings"]
        await journal.acked("readings", before.epoch, 3)

        after = await journal.new_epoch("readings")

        assert after.epoch != before.epoch
        assert (after.next, after.acked, after.unsent_from) == (6, 0, 1)
        rows = decoded(await journal.stretch("readings", 1, max_rows=10, max_bytes=9999))
        assert [(row.seq, row.t) for row in rows] == [(t + 1, t) for t in range(5)]
        await journal.close()
        journal = await reopen()
        assert journal.heads()["readings"].epoch == after.epoch
        assert journal.heads()["readings"].next == 6
        await journal.close()

    async def test_rows_that_never_left_are_known_after_a_life_without_contact(
        self, journal: JournalPort, reopen: Reopen
    ) -> None:
        await journal.record(readings=[reading(1), reading(2)], urgent=True)
        await journal.contacted()
        assert journal.heads()["readings"].unsent_from == 3
        await journal.close()

        journal = await reopen()
        await journal.record(readings=[reading(3)], urgent=True)
        assert journal.heads()["readings"].unsent_from == 3
        await journal.close()

        journal = await reopen()
        assert journal.heads()["readings"].unsent_from == 3
        assert journal.heads()["readings"].next == 4
        await journal.close()

    async def test_rows_that_left_in_a_later_epoch_are_known_after_a_restart(
        self, journal: JournalPort, reopen: Reopen
    ) -> None:
        await journal.record(readings=[reading(t) for t in range(5)], urgent=True)
        await journal.acked("readings", journal.heads()["readings"].epoch, 3)
        await journal.new_epoch("readings")
        await journal.contacted()
        await journal.close()

        journal = await reopen()
        await journal.record(readings=[reading(6)], urgent=True)
        assert journal.heads()["readings"].unsent_from == 6
        await journal.close()

    async def test_who_waits_is_told_that_rows_were_committed(self, journal: JournalPort) -> None:
        journal.grown.clear()
        await journal.record(events=[event(1)], urgent=True)
        assert journal.grown.is_set()


def decoded(stretch: Stretch | None) -> list:  # type: ignore[type-arg]  # rows of every kind
    assert stretch is not None
    rows = [decode_row(row) for row in stretch.rows]
    assert [row.seq for row in rows] == list(range(stretch.first, stretch.last + 1))
    return rows
