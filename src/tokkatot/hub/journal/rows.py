"""Rows of the journal as they lie on the disk, between the wire's structs and SQLite's columns."""

import math
from uuid import UUID

import msgspec

from tokkatot.domain.commands import Reason
from tokkatot.hub.drivers.port import Position
from tokkatot.hub.journal.port import Answer, JournalError
from tokkatot.wire.messages import CommandRow, ReadingRow, Row, ScheduleRunRow, decode_row

MAX_ROW_BYTES = 16 * 1024
"""A longer row is refused: sixteen of them still fit into one batch."""

_TIME_LIMIT_MS = 2**53
_PREFIX = b"[0,"

_encoder = msgspec.json.Encoder()


class PackedReading(msgspec.Struct, frozen=True):
    """A reading by its columns."""

    device: str
    quantity: str
    t: int
    value: float
    quality: int


Tail = bytes
"""Any other row: its JSON behind the number."""

Packed = PackedReading | Tail


class RowRefused(JournalError):
    """A row that can't be kept at all."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What one call wants committed, all of it or nothing."""

    events: tuple[Tail, ...] = ()
    readings: tuple[Packed, ...] = ()
    position: Position | None = None
    begins: UUID | None = None
    open_tail: Tail | None = None
    """What is made the answer to what begins, should a crash keep it from one of its own."""
    over: bool = False
    """What begins is at its end with this: it was refused."""
    finishes: UUID | None = None
    state: tuple[str, bytes] | None = None

    @property
    def size(self) -> int:
        """Return how much room the entry takes in a buffer that is limited in rows."""
        return len(self.events) + len(self.readings) + 1


def pack(row: Row) -> Packed:
    """Return a row as it is kept, without its number.

    Raises:
        RowRefused: when SQLite or the cloud could not take it.
    """
    if isinstance(row, ReadingRow):
        if not math.isfinite(row.value):
            raise RowRefused("the value is no finite number")
        if not 0 <= row.t <= _TIME_LIMIT_MS:
            raise RowRefused("the time is out of range")
        return PackedReading(row.device, row.quantity, row.t, float(row.value), row.quality)
    return pack_tail(row)


def pack_tail(row: Row) -> Tail:
    """Return any row as its JSON behind the number.

    Raises:
        RowRefused: when it is too long or holds what JSON can't say.
    """
    try:
        encoded = _encoder.encode(msgspec.structs.replace(row, seq=0))
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise RowRefused(str(error)) from error
    if len(encoded) > MAX_ROW_BYTES:
        raise RowRefused(f"longer than {MAX_ROW_BYTES} bytes")
    return encoded[len(_PREFIX) :]


def unpack(seq: int, tail: Tail) -> bytes:
    """Return a row as it goes on the wire."""
    return b"[%d,%b" % (seq, tail)


def unpack_reading(seq: int, packed: PackedReading) -> bytes:
    """Return a reading as it goes on the wire."""
    return _encoder.encode(
        ReadingRow(seq, "r", packed.device, packed.quantity, packed.t, packed.value, packed.quality)
    )


def asked_in(row: Answer) -> UUID:
    """Return the id of what a row answers."""
    asked = row.command if isinstance(row, CommandRow) else row.request
    assert asked is not None, "only what was asked is answered"
    return UUID(asked)


def interrupted(tail: Tail, t_ms: int) -> Answer:
    """Return the answer to what was begun with this tail, and cut short by a crash."""
    row = decode_row(msgspec.Raw(_PREFIX + tail))
    if isinstance(row, CommandRow):
        return msgspec.structs.replace(row, t=t_ms, state="interrupted", reason=Reason.RESTARTED)
    assert isinstance(row, ScheduleRunRow), "nothing else is asked"
    return msgspec.structs.replace(row, t=t_ms, outcome="failed", reason=Reason.RESTARTED)
