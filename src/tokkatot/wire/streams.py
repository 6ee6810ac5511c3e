"""A hub's two streams of numbered rows, as the journal keeps them and the session sends them."""

from dataclasses import dataclass
from hashlib import blake2b

import msgspec

from tokkatot.wire.messages import GapRow, MessageError, StreamName, decode_row

STREAMS: tuple[StreamName, ...] = ("events", "readings")


NOT_KEPT = "not_kept"
"""The reason of a gap row that stands in a stream for rows that the hub no longer holds."""

_MARK_BYTES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamHead:
    """Where a stream stands: `next` is the number that the next row gets, `acked` the last stored.

    No row at or beyond `unsent_from` has ever left this hub. A cloud that has stored such rows
    heard them from a later life of this memory card, before the card was restored from an image.
    `before` counts the rows that the card had numbered when the epoch began.
    """

    epoch: str
    next: int
    acked: int
    unsent_from: int
    before: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Committed rows of one stream, `first` to `last`, as they go on the wire."""

    stream: StreamName
    epoch: str
    first: int
    last: int
    rows: list[msgspec.Raw]


def mark_of(row: bytes | msgspec.Raw) -> str:
    """Return what tells a row, as it goes on the wire, from any other with its number."""
    return blake2b(row, digest_size=_MARK_BYTES).hexdigest()


def is_another(row: msgspec.Raw, mark: str) -> bool:
    """Tell whether a row is not the one that bears this mark; one that is not kept may be."""
    if mark_of(row) == mark:
        return False
    try:
        kept = decode_row(row)
    except MessageError:
        return True
    return not (isinstance(kept, GapRow) and kept.reason == NOT_KEPT)
