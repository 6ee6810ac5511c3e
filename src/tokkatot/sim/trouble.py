"""Makes trouble, ends it, and has it checked that nothing of it is left; people tap meanwhile."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from tokkatot.sim.chance import Chance
from tokkatot.sim.faults import FAULTS, Spot
from tokkatot.sim.people import People
from tokkatot.sim.site import Site

QUIET_S: Final = 30.0
"""So long after everything works again, hub and cloud must agree."""

FAULT_EVERY_S: Final = 45.0
ROUGH_LEAST_S: Final = 600.0
ROUGH_MOST_S: Final = 3000.0
SHARE: Final = 0.35
COPY_EVERY_S: Final = 1500.0


class Trouble:
    """Rough times and quiet ones, for ever."""

    def __init__(
        self, site: Site, chance: Chance, *, kinds: Sequence[str] = (), has_people: bool = True
    ) -> None:
        self._site = site
        self._chance = chance
        self._kinds = tuple(kinds)
        self._people = People(site, chance) if has_people else None
        self._running: dict[str, asyncio.Task[None]] = {}
        self._copied_s = 0.0

    async def make(self) -> None:
        """Go on for ever: rough times, then a quiet one."""
        people = None
        if self._people is not None:
            people = asyncio.get_running_loop().create_task(self._people.live(), name="people")
        try:
            while True:
                await self._rough()
                await self._heal()
        finally:
            if people is not None:
                people.cancel()

    def _spot(self) -> Spot:
        yards = self._site.yards
        yard = yards[int(self._chance.uniform() * len(yards))]
        return Spot(site=self._site, yard=yard, chance=self._chance)

    async def _rough(self) -> None:
        loop, chance = self._site.loop, self._chance
        until_s = loop.time() + ROUGH_LEAST_S + (ROUGH_MOST_S - ROUGH_LEAST_S) * chance.uniform()
        # Each time some kinds of trouble only: where everything fails, nothing lives long enough to
        # get into trouble of its own ("swarm testing", Groce et al., ISSTA 2012).
        some = tuple(name for name in FAULTS if chance.uniform() < SHARE)
        kinds = self._kinds or some or tuple(FAULTS)
        while loop.time() < until_s:
            spot = self._spot()
            await spot.for_a_while(5.0, 2 * FAULT_EVERY_S)
            kind = spot.pick(kinds)
            name = f"{spot.yard.layout.number} {kind}"
            if name not in self._running:
                self._site.note("fault", name)
                self._running[name] = loop.create_task(self._one(name, kind, spot), name=name)

    async def _one(self, name: str, kind: str, spot: Spot) -> None:
        await FAULTS[kind](spot)
        self._running.pop(name, None)

    async def _heal(self) -> None:
        """End every trouble, wait, and look."""
        site = self._site
        if self._people is not None:
            self._people.is_resting = True
        running, self._running = self._running, {}
        for task in running.values():
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        for yard in site.yards:
            yard.line.mood.healings += 1
            yard.start_hub()
        site.note("healed")
        await asyncio.sleep(QUIET_S)
        site.check_agreement()
        site.note("agreed")
        if site.loop.time() - self._copied_s >= COPY_EVERY_S:
            self._copied_s = site.loop.time()
            site.renew_copies()
        if self._people is not None:
            self._people.is_resting = False
