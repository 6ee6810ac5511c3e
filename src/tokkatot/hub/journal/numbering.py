"""Where a stream of the journal stands, in the local numbers of its file."""

from dataclasses import dataclass

from tokkatot.wire.streams import StreamHead


@dataclass(slots=True, kw_only=True)
class Stream:
    """A stream in local numbers; `unsent_from` is None once rows may have left the hub."""

    epoch: str
    base: int
    next: int
    acked: int
    unsent_from: int | None

    def head(self) -> StreamHead:
        """Return the same in the numbers of the wire."""
        unsent = self.next if self.unsent_from is None else self.unsent_from
        return StreamHead(
            epoch=self.epoch,
            next=self.next - self.base,
            acked=max(self.acked - self.base, 0),
            unsent_from=max(unsent - self.base, 1),
            before=self.base,
        )
