"""Who has stopped which house of this hub, and which of them with all the others."""

from typing import Final

import msgspec
import structlog

from tokkatot.domain.desired import DesiredDocument, HouseConfig
from tokkatot.domain.ids import HouseId
from tokkatot.hub.journal.port import JournalError, JournalPort
from tokkatot.wire.messages import EventRow, Row

CHANGED: Final = "stop.changed"
"""The event by which control tells of a stop that was pressed or lifted here."""

_TOGETHER: Final = "web.stopped_together"

log = structlog.get_logger(__name__)


class StopBook:
    """Knows of the stops that were pressed here; of one from the cloud it knows only that it is."""

    def __init__(self, journal: JournalPort) -> None:
        self._journal = journal
        self._pressed: dict[str, tuple[str | None, int]] = {}
        self._together: frozenset[HouseId] = frozenset()
        self._kept: frozenset[HouseId] = frozenset()

    async def recall(self) -> None:
        """Remember which houses were stopped together before the hub was started."""
        try:
            kept = await self._journal.state(_TOGETHER)
            self._together = frozenset() if kept is None else _decoder.decode(kept)
            self._kept = self._together
        except (JournalError, msgspec.DecodeError) as error:
            # They are then lifted one by one: rather that than one too many.
            log.warning("web.stops_not_known", reason=str(error))

    def take(self, row: EventRow) -> str | None:
        """Note a stop that was pressed or lifted; return its house."""
        house, stopped, by = (row.data.get(key) for key in ("house", "stopped", "by"))
        if not isinstance(house, str):
            return None
        if stopped:
            self._pressed[house] = (by if isinstance(by, str) else None, row.t)
        else:
            self._pressed.pop(house, None)
        return house

    def heed(self, row: Row) -> None:
        """Take a house out of those stopped together once it is lifted, by whatever word.

        Only what happens now counts: a lift from before may have been followed by another stop.
        """
        if isinstance(row, EventRow) and row.type == CHANGED and not row.data.get("stopped"):
            lifted = row.data.get("house")
            self._together = frozenset(one for one in self._together if str(one) != lifted)

    def pressed(self, house: HouseConfig) -> tuple[str | None, int] | None:
        """Return who pressed the stop of a house here, and when."""
        return self._pressed.get(str(house.id)) if house.software_stop else None

    @property
    def together(self) -> frozenset[HouseId]:
        """Return the houses that were stopped with one word; lifting that word lifts them alone."""
        return self._together

    async def keep_together(self, houses: frozenset[HouseId]) -> None:
        """Remember which houses are stopped with one word."""
        self._together = houses
        if houses == self._kept:
            return
        self._kept = houses
        try:
            await self._journal.keep_state(_TOGETHER, msgspec.json.encode(sorted(houses)))
        except JournalError as error:
            log.warning("web.stops_not_kept", reason=error.reason)

    async def follow(self, document: DesiredDocument) -> None:
        """Forget who pressed what is lifted by now: a later stop of the house is another one."""
        stopped = {house.id for house in document.houses if house.software_stop}
        names = {str(house) for house in stopped}
        self._pressed = {house: who for house, who in self._pressed.items() if house in names}
        await self.keep_together(self._together & stopped)


_decoder: Final = msgspec.json.Decoder(frozenset[HouseId])
