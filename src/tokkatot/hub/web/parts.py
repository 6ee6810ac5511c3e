"""What the routes of the page stand on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from tokkatot.domain.desired import DesiredDocument, HouseConfig
from tokkatot.domain.ids import FarmId, HubId
from tokkatot.hub.camera.watch import Watch
from tokkatot.hub.journal.port import JournalPort
from tokkatot.hub.loop import ControlLoop
from tokkatot.hub.web.feed import Feed
from tokkatot.hub.web.key_book import KeyBook
from tokkatot.hub.web.notebook import Notebook
from tokkatot.hub.web.past import Past
from tokkatot.hub.web.people import People
from tokkatot.hub.web.problems import HubProblem
from tokkatot.hub.web.schedules import Schedules
from tokkatot.hub.web.screens import Screens
from tokkatot.hub.web.taps import Taps
from tokkatot.kit.clock import Clock

Figures = Callable[[], Mapping[str, object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Made once, with the page."""

    farm_id: FarmId
    hub_id: HubId
    names: frozenset[str]
    """What people may call the page, beside its number."""
    software: str
    control: ControlLoop
    journal: JournalPort
    people: People
    notes: Notebook
    past: Past
    screens: Screens
    schedules: Schedules
    feed: Feed
    taps: Taps
    keys: KeyBook
    clock: Clock
    new_id: Callable[[], UUID]
    figures: Figures
    watch: Watch | None = None
    """Who takes photographs, where there are cameras."""

    async def recall(self) -> None:
        """Know what an earlier run of the hub has left."""
        await self.people.recall()
        await self.notes.stops.recall()
        await self.keys.recall()

    def document(self) -> DesiredDocument:
        """Return the document that is in force.

        Raises:
            HubProblem: while there is none.
        """
        document = self.control.view.document
        if document is None:
            raise HubProblem("unavailable", "The hub has not heard from the cloud yet.")
        return document

    def house(self, house_id: UUID) -> HouseConfig:
        """Return a house of this hub.

        Raises:
            HubProblem: when it has no such house.
        """
        for house in self.document().houses:
            if house.id == house_id:
                return house
        raise HubProblem("not_found", "There is no such house here.")
