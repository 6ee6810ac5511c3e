"""The people of the farm: they tap through the cloud and on the hub's page, and change plans."""

import asyncio
from typing import Final, TypeVar

from tokkatot.domain.houses import MODES, HouseMode
from tokkatot.sim.chance import Chance
from tokkatot.sim.layout import PERSON, STRANGER, changed, rescheduled
from tokkatot.sim.site import Site
from tokkatot.sim.yard import Yard
from tokkatot.wire.messages import OrderAction

TAP_EVERY_S: Final = 60.0
WANTS: Final = 0.12
EXECUTES: Final = 0.12
AT_THE_FARM: Final = 0.3
MINUTES: Final = ("*/10", "*/15", "*/12")
ACTIONS: Final[tuple[OrderAction, ...]] = ("on",) * 12 + ("off",) * 6 + ("auto", "auto", "reset")
ENDS_S: Final = (5.0, 60.0, 300.0, 900.0, 3600.0, 7200.0)

T = TypeVar("T")


class People:
    """Taps at a time of its own; while they rest, the farm is looked at."""

    def __init__(self, site: Site, chance: Chance) -> None:
        self._site = site
        self._chance = chance
        self.is_resting = False

    async def live(self) -> None:
        """Go on for ever."""
        async with asyncio.TaskGroup() as taps:
            while True:
                await asyncio.sleep(1.0 + (2 * TAP_EVERY_S - 1.0) * self._chance.uniform())
                if self.is_resting:
                    continue
                yard = self._pick(self._site.yards)
                if self._chance.uniform() < AT_THE_FARM:
                    taps.create_task(self._tap_here(yard), name="tap")
                elif self._site.cloud.is_down:
                    continue
                elif self._chance.uniform() < WANTS:
                    self._want(yard)
                elif self._chance.uniform() < EXECUTES:
                    self._execute(yard)
                else:
                    self._tap(yard)

    def _tap(self, yard: Yard) -> None:
        device = self._pick(yard.layout.actuators)
        action = self._pick(ACTIONS)
        end_s = int(self._pick(ENDS_S))
        by = STRANGER if self._chance.uniform() < 0.05 else PERSON
        yard.note("tap", f"{device.name} {action} {end_s}")
        yard.desk.order(device.id, action, end_s=end_s, by=by)
        self._site.cloud.dispatch()

    def _execute(self, yard: Yard) -> None:
        session = self._site.cloud.session(yard.layout.hub_id)
        if session is None:
            return
        schedule = self._pick(yard.desk.document.schedules)
        yard.note("execute", schedule.name)
        yard.desk.execute(schedule.id, session, by=PERSON)

    async def _tap_here(self, yard: Yard) -> None:
        device = self._pick(yard.layout.actuators)
        action = self._pick(ACTIONS)
        body: dict[str, object] = {"action": action}
        if action == "on":
            body["duration_s"] = int(self._pick(ENDS_S))
        await yard.tap_here(device.id, body, times=1 + int(self._chance.uniform() * 1.3))

    def _want(self, yard: Yard) -> None:
        document = yard.desk.document
        house = document.houses[0]
        luck = self._chance.uniform()
        if house.software_stop or luck < 0.3:
            document = changed(document, stop=not house.software_stop)
        elif house.mode is HouseMode.EMPTY or luck < 0.45:
            # An empty house does nothing that could go wrong: something grows there soon again.
            others = tuple(mode for mode in MODES[house.kind] if mode is not house.mode)
            document = changed(document, mode=self._pick(others))
        elif luck < 0.6:
            document = changed(document, shift_c=self._pick((-4.0, 0.0, 3.0)))
        else:
            place = int(self._chance.uniform() * len(document.schedules))
            document = rescheduled(document, place, minutes=self._pick((*MINUTES, None)))
        yard.want(document)
        self._site.cloud.dispatch()

    def _pick(self, items: tuple[T, ...]) -> T:
        return items[int(self._chance.uniform() * len(items))]
