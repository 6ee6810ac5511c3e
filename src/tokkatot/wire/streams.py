"""A hub's two streams of numbered rows, as the journal keeps them and the session sends them."""

from dataclasses import dataclass

import msgspec

from tokkatot.wire.messages import StreamName

STREAMS: tuple[StreamName, ...] = ("events", "readings")


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamHead:
    """Where a stream stands: `next` is the number that the next row gets, `acked` the last stored.

    No row at or beyond `unsent_from` has ever left this hub. A cloud that has stored such rows
    heard them from a later life of this memory card, before the card was restored from an image.
    """

    epoch: str
    next: int
    acked: int
    unsent_from: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Committed rows of one stream, `first` to `last`, as they go on the wire."""

    stream: StreamName
    epoch: str
    first: int
    last: int
    rows: list[msgspec.Raw]
