"""What has changed, numbered, for every open page; one that was away catches up or looks anew."""

from collections import deque
from typing import Final, Protocol

import msgspec

from tokkatot.domain.ids import FarmId
from tokkatot.kit.clock import Clock

MAX_KEPT: Final = 512

Json = dict[str, object]


class Viewer(Protocol):
    """An open page."""

    def offer(self, text: str) -> None:
        """Queue a frame without waiting; a viewer that is too slow is cut off."""
        ...


class Feed:
    """Numbers go on from the time of the start, so that none is met again after a restart."""

    def __init__(self, farm_id: FarmId, *, clock: Clock) -> None:
        self._farm = str(farm_id)
        self._clock = clock
        self._kept: deque[tuple[int, Json]] = deque(maxlen=MAX_KEPT)
        self._viewers: set[Viewer] = set()
        self.seq = clock.now_ms()

    @property
    def watched(self) -> bool:
        """Tell whether any page is open."""
        return bool(self._viewers)

    def tell(self, kind: str, data: Json) -> None:
        """Tell a change to everybody, and keep it for a while."""
        self.seq += 1
        frame = self._frame(kind, data, seq=self.seq)
        self._kept.append((self.seq, frame))
        self._offer(frame)

    def show(self, kind: str, data: Json) -> None:
        """Tell what holds only until it is told again: it has no number and is not kept."""
        if self._viewers:
            self._offer(self._frame(kind, data))

    def since(self, seq: int) -> list[Json] | None:
        """Return the changes above a number; None where they are not all there any more."""
        oldest = self._kept[0][0] - 1 if self._kept else self.seq
        if not oldest <= seq <= self.seq:
            return None
        return [frame for number, frame in self._kept if number > seq]

    def join(self, viewer: Viewer, *, since: int | None, snapshot: Json) -> None:
        """Hand over what was missed, how things stand, and from now on all that follows."""
        missed = [] if since is None else self.since(since)
        if missed is None:
            missed = [{"type": "reload", "farm": self._farm, "t": self._clock.now_ms()}]
        for frame in (*missed, self._frame("snapshot", snapshot)):
            viewer.offer(encoded(frame))
        self._viewers.add(viewer)

    def leave(self, viewer: Viewer) -> None:
        """Hand nothing more to a viewer."""
        self._viewers.discard(viewer)

    def _frame(self, kind: str, data: Json, **number: int) -> Json:
        return {"type": kind, "farm": self._farm, **number, "t": self._clock.now_ms(), "data": data}

    def _offer(self, frame: Json) -> None:
        if not self._viewers:
            return
        text = encoded(frame)
        for viewer in tuple(self._viewers):
            viewer.offer(text)


def encoded(frame: Json) -> str:
    """Return a frame as it goes over the wire."""
    return msgspec.json.encode(frame).decode()
