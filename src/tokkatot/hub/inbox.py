"""Where drivers and people put what the loop is to know."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from typing_extensions import override

from tokkatot.automation.inputs import Loan
from tokkatot.domain.quantities import Quality
from tokkatot.domain.readings import Reading, RefusedReading
from tokkatot.hub.clock_sync import ClockQuality
from tokkatot.hub.drivers.port import DriverError, Inbox, Observation, Sampled
from tokkatot.hub.journal.port import JournalPort, JournalTimeout
from tokkatot.kit.clock import Clock
from tokkatot.kit.queue import BoundedQueue
from tokkatot.kit.waiting import Bell
from tokkatot.wire.messages import Command, EventRow, ReadingRow, Row

MAX_WAITING = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A person's order whose STARTED is on the disk."""

    command: Command


@dataclass(frozen=True, slots=True, kw_only=True)
class NotWritten:
    """A level that a driver could not ask its device for."""

    order: str
    error: DriverError


Item = Observation | Begun | NotWritten | Loan

AskClockQuality = Callable[[], ClockQuality]
"""Tells how far the wall clock can be trusted now."""


class HubInbox(Inbox):
    """Records every sample at once and lets the loop see those that steer.

    What is read while the wall clock is not known to be right is marked, and stays so.
    A source that can wait, such as a file, waits for the journal and never for control.
    """

    def __init__(
        self, journal: JournalPort, clock: Clock, *, clock_quality: AskClockQuality
    ) -> None:
        self.wake = Bell()
        self._journal = journal
        self._clock = clock
        self._clock_quality = clock_quality
        self._items: BoundedQueue[Item] = BoundedQueue(MAX_WAITING)

    @property
    def dropped(self) -> int:
        """Return how many items found no room."""
        return self._items.dropped

    @override
    def offer(self, item: Observation) -> bool:
        if isinstance(item, Sampled):
            item = self._marked(item)
            self._journal.offer(readings=self._rows(item), position=item.position)
        return self.tell(item)

    @override
    async def put(self, item: Observation) -> None:
        if isinstance(item, Sampled):
            item = self._marked(item)
            await self._record(item)
        if not isinstance(item, Sampled) or item.live:
            await self._items.put(item)
            self.wake.set()

    def tell(self, item: Item) -> bool:
        """Let the loop know; False where it is so far behind that there is no room."""
        if isinstance(item, Sampled) and not item.live:
            return True
        self.wake.set()
        return self._items.offer(item)

    def drain(self) -> list[Item]:
        """Take everything that is there now."""
        return self._items.drain()

    async def _record(self, item: Sampled) -> None:
        rows = self._rows(item)
        while True:
            try:
                await self._journal.record(readings=rows, position=item.position, urgent=False)
            except JournalTimeout:
                continue  # it had no room and took nothing; the source waits as long as it takes
            return

    def _marked(self, sampled: Sampled) -> Sampled:
        if self._clock_quality() is ClockQuality.GOOD:
            return sampled
        readings = (
            replace(reading, quality=max(reading.quality, Quality.ESTIMATED))
            for reading in sampled.readings
        )
        return replace(sampled, readings=tuple(readings))

    def _rows(self, sampled: Sampled) -> list[Row]:
        now_ms = self._clock.now_ms() if sampled.refused else 0
        return [
            *(_reading_row(reading) for reading in sampled.readings),
            *(_refused_row(refused, now_ms) for refused in sampled.refused),
        ]


def _reading_row(reading: Reading) -> ReadingRow:
    return ReadingRow(
        0,
        "r",
        str(reading.device_id),
        reading.quantity,
        reading.t_ms,
        reading.value,
        reading.quality,
    )


def _refused_row(refused: RefusedReading, now_ms: int) -> EventRow:
    return EventRow(
        0,
        "e",
        now_ms,
        "reading.refused",
        {
            "device": str(refused.device_id),
            "quantity": refused.quantity,
            "t": refused.t_ms,
            "raw": refused.raw,
            "reason": refused.reason,
        },
    )
