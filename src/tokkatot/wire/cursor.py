"""What the cloud does with a batch: one cursor a stream and epoch says which rows are new."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum, unique
from types import MappingProxyType

import msgspec

from tokkatot.wire.messages import (
    Ack,
    AckedThrough,
    GapRow,
    MessageError,
    ReadingRow,
    ReadingsUp,
    Row,
    StreamPosition,
    Up,
    decode_row,
)
from tokkatot.wire.streams import NOT_KEPT, mark_of

MAX_RAW_CHARS = 2048
"""How much of a refused row is kept for people to look at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """How far one stream of one hub is stored, in one epoch; the cloud keeps one for each epoch.

    Rows through `join_through` may have been stored under another epoch already (a card restored
    from an old image): they are joined against what is stored instead of simply added. `mark` tells
    the last row that is stored from another one with its number; None where nobody could tell.
    """

    epoch: str
    seq: int = 0
    join_through: int = 0
    mark: str | None = None


@unique
class Place(StrEnum):
    """Where a batch lies against the cursor."""

    BEHIND = "behind"
    NEXT = "next"
    AHEAD = "ahead"


@unique
class Verdict(StrEnum):
    """What the cloud does with a batch; each is followed by an ack of what is stored now."""

    ACK_AGAIN = "ack_again"
    STORE = "store"
    ASK_FOR_EARLIER = "ask_for_earlier"


VERDICTS: Mapping[Place, Verdict] = MappingProxyType(
    {
        Place.BEHIND: Verdict.ACK_AGAIN,
        Place.NEXT: Verdict.STORE,
        Place.AHEAD: Verdict.ASK_FOR_EARLIER,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRow:
    """A row that is not acceptable: it is kept aside, counted, and counts as received."""

    seq: int
    raw: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What to do with a batch; nothing else of the batch may be stored.

    Under `Verdict.STORE` the caller stores `readings`, `rows`, `refused` and `cursor` in one
    transaction and sends the ack after the commit, never before. Otherwise nothing is stored.
    `own_gaps` are numbers of this stream that will never come, their rows being gone at the hub.
    """

    verdict: Verdict
    cursor: Cursor
    readings: Sequence[ReadingRow] = ()
    rows: Sequence[Row] = ()
    refused: Sequence[RefusedRow] = ()
    own_gaps: Sequence[GapRow] = ()
    skipped: int = 0
    join: bool = False
    """Some of these rows lie within `cursor.join_through`: add only what is not stored yet."""


def open_cursor(
    known: Cursor | None, position: StreamPosition, *, newest_epoch: str | None
) -> Cursor:
    """Return the cursor of the epoch that a hello names; `known` is the stored one of this epoch.

    `newest_epoch` is the stream's one that was opened last. Where the hub names another, new or one
    that it was in before, what it has recorded until now may be stored already, under that one.
    """
    assert known is None or known.epoch == position.epoch, "the cursor belongs to this epoch"
    cursor = known or Cursor(epoch=position.epoch)
    if newest_epoch in {None, position.epoch}:
        return cursor
    return replace(cursor, join_through=max(cursor.join_through, position.next - 1))


def acked_through(cursor: Cursor) -> AckedThrough:
    """Return what a welcome says of a stream."""
    return AckedThrough(epoch=cursor.epoch, seq=cursor.seq, mark=cursor.mark)


def ack(receipt: Receipt, batch: Up | ReadingsUp) -> Ack:
    """Return the answer to a batch, to be sent once the receipt is committed."""
    return Ack(
        session=batch.session,
        stream=batch.stream,
        epoch=receipt.cursor.epoch,
        acked_through=receipt.cursor.seq,
        quarantined=len(receipt.refused),
    )


def receive(cursor: Cursor, batch: Up | ReadingsUp) -> Receipt:
    """Judge a batch against the locked cursor of its stream and epoch.

    An epoch that no hello has opened is passed as a fresh `Cursor(epoch=batch.epoch)`.
    """
    assert cursor.epoch == batch.epoch, "the cursor belongs to the epoch of the batch"
    if batch.first > cursor.seq + 1:
        return Receipt(verdict=VERDICTS[Place.AHEAD], cursor=cursor)
    if isinstance(batch, ReadingsUp):
        fast = _receive_readings(cursor, batch)
        if fast is not None:
            return fast
        raws = [msgspec.Raw(msgspec.json.encode(row)) for row in batch.rows]
    else:
        raws = batch.rows
    return _receive_rows(cursor, batch.first, raws)


def _receive_readings(cursor: Cursor, batch: ReadingsUp) -> Receipt | None:
    """Take a batch of good readings whole; None where its numbers are not consecutive."""
    first, rows = batch.first, batch.rows
    if [row.seq for row in rows] != list(range(first, first + len(rows))):
        return None
    skipped = min(cursor.seq + 1 - first, len(rows))
    if skipped == len(rows):
        return Receipt(verdict=VERDICTS[Place.BEHIND], cursor=cursor, skipped=skipped)
    return Receipt(
        verdict=VERDICTS[Place.NEXT],
        cursor=replace(
            cursor, seq=first + len(rows) - 1, mark=mark_of(msgspec.json.encode(rows[-1]))
        ),
        readings=rows[skipped:] if skipped else rows,
        skipped=skipped,
        join=cursor.seq < cursor.join_through,
    )


def _receive_rows(cursor: Cursor, first: int, raws: Sequence[msgspec.Raw]) -> Receipt:
    """Judge row by row; one that can't be read or has a wrong number takes the number due to it."""
    readings: list[ReadingRow] = []
    rows: list[Row] = []
    refused: list[RefusedRow] = []
    own_gaps: list[GapRow] = []
    skipped = 0
    seq = first - 1
    for raw in raws:
        row = _read(raw, due=seq + 1)
        seq = row.seq if not isinstance(row, RefusedRow) else seq + 1
        if seq <= cursor.seq:
            skipped += 1
        elif isinstance(row, RefusedRow):
            refused.append(row)
        elif isinstance(row, ReadingRow):
            readings.append(row)
        elif isinstance(row, GapRow) and row.reason == NOT_KEPT:
            own_gaps.append(row)
        else:
            rows.append(row)
    if seq <= cursor.seq:
        return Receipt(verdict=VERDICTS[Place.BEHIND], cursor=cursor, skipped=skipped)
    return Receipt(
        verdict=VERDICTS[Place.NEXT],
        cursor=replace(cursor, seq=seq, mark=_mark_of_last(raws[-1], own_gaps, seq)),
        readings=readings,
        rows=rows,
        refused=refused,
        own_gaps=own_gaps,
        skipped=skipped,
        join=cursor.seq < cursor.join_through,
    )


def _mark_of_last(raw: msgspec.Raw, own_gaps: Sequence[GapRow], seq: int) -> str | None:
    """Return the mark of a batch's last row; a gap is made anew each time that it is read."""
    return None if own_gaps and own_gaps[-1].seq == seq else mark_of(raw)


def _read(raw: msgspec.Raw, *, due: int) -> Row | RefusedRow:
    """Return the row that bears the number `due`, or that stands for a gap which starts there."""
    try:
        row = decode_row(raw)
    except MessageError as error:
        return _refused(raw, due, error.reason)
    if isinstance(row, GapRow) and row.reason == NOT_KEPT:
        if row.first <= due and row.last == row.seq >= due:
            return row
    elif row.seq == due:
        return row
    return _refused(raw, due, f"row {row.seq} stands where row {due} is due")


def _refused(raw: msgspec.Raw, seq: int, reason: str) -> RefusedRow:
    text = bytes(raw).decode(errors="replace")
    return RefusedRow(seq=seq, raw=text[:MAX_RAW_CHARS], reason=reason)
