"""What goes wrong on a farm, one thing after another and several at once, until all is healed."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final, TypeVar

from tokkatot.domain.devices import OFF, ON
from tokkatot.domain.quantities import Quantity
from tokkatot.sim.chance import Chance
from tokkatot.sim.layout import ACTUATORS, PERSON, STRANGER, changed
from tokkatot.sim.nodes import Node
from tokkatot.sim.site import Site

QUIET_S: Final = 30.0
"""So long after everything works again, hub and cloud must agree."""

FAULT_EVERY_S: Final = 45.0
TAP_EVERY_S: Final = 60.0
ROUGH_LEAST_S: Final = 600.0
ROUGH_MOST_S: Final = 3000.0
SHARE: Final = 0.35
TEN_YEARS_S: Final = 315_576_000.0
BACKUP_EVERY_S: Final = 1500.0

T = TypeVar("T")

Fault = Callable[["Trouble"], Awaitable[None]]


class Trouble:
    """Makes trouble, ends it, and has it checked that nothing of it is left."""

    def __init__(
        self, site: Site, chance: Chance, *, kinds: Sequence[str] = (), has_people: bool = True
    ) -> None:
        self.site = site
        self._has_people = has_people
        self._kinds = tuple(kinds)
        self.chance = chance
        self._running: dict[str, asyncio.Task[None]] = {}
        self._is_quiet = False
        self._image = site.card_image()
        self._backup = site.backup_cloud()
        self._kept_at_s = 0.0

    async def make(self) -> None:
        """Go on for ever: rough times, then a quiet one."""
        people = asyncio.get_running_loop().create_task(self._people(), name="people")
        try:
            while True:
                await self._rough()
                await self._heal()
        finally:
            people.cancel()

    async def _rough(self) -> None:
        site = self.site
        until_s = site.loop.time() + self.between(ROUGH_LEAST_S, ROUGH_MOST_S)
        # Each time some kinds of trouble only: where everything fails, nothing lives long enough to
        # get into trouble of its own ("swarm testing", Groce et al., ISSTA 2012).
        some = tuple(name for name in FAULTS if self.chance.uniform() < SHARE)
        kinds = self._kinds or some or tuple(FAULTS)
        while site.loop.time() < until_s:
            await asyncio.sleep(self.between(5.0, 2 * FAULT_EVERY_S))
            name = self.pick(kinds)
            if name not in self._running:
                site.note("fault", name)
                task = asyncio.get_running_loop().create_task(self._one(name), name=name)
                self._running[name] = task

    async def _one(self, name: str) -> None:
        await FAULTS[name](self)
        self._running.pop(name, None)

    async def _heal(self) -> None:
        """End every trouble, wait, and look."""
        self._is_quiet = True
        running, self._running = self._running, {}
        for task in running.values():
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        site = self.site
        site.line.mood.healings += 1
        site.start_hub()
        site.note("healed")
        await asyncio.sleep(QUIET_S)
        site.check_agreement()
        site.note("agreed")
        self._keep_copies()
        self._is_quiet = False

    def _keep_copies(self) -> None:
        """Make an image of the card and a backup of the cloud, for a later restore."""
        if self.site.loop.time() - self._kept_at_s >= BACKUP_EVERY_S:
            self._kept_at_s = self.site.loop.time()
            self._image = self.site.card_image()
            self._backup = self.site.backup_cloud()

    # ------------------------------------------------------------------------------------ people

    async def _people(self) -> None:
        while True:
            await asyncio.sleep(self.between(1.0, 2 * TAP_EVERY_S))
            if self._is_quiet or self.site.cloud.is_down or not self._has_people:
                continue
            if self.chance.uniform() < 0.12:
                self._want()
            else:
                self._tap()

    def _tap(self) -> None:
        device = self.pick(ACTUATORS)
        level = ON if self.chance.uniform() < 0.65 else OFF
        end_s = int(self.pick((5.0, 60.0, 300.0, 900.0, 3600.0, 7200.0)))
        by = STRANGER if self.chance.uniform() < 0.05 else PERSON
        self.site.note("tap", f"{device.name} {level:g} {end_s}")
        self.site.cloud.order(device.id, level, end_s=end_s, by=by)

    def _want(self) -> None:
        document = self.site.cloud.document
        is_stopped = document.houses[0].software_stop
        if is_stopped or self.chance.uniform() < 0.4:
            self.site.set_document(changed(document, stop=not is_stopped))
        else:
            shift_c = self.pick((-4.0, 0.0, 3.0))
            self.site.set_document(changed(document, shift_c=shift_c))

    # ------------------------------------------------------------------------------------ chances

    def between(self, least: float, most: float) -> float:
        """Return a number in a range."""
        return least + (most - least) * self.chance.uniform()

    def pick(self, items: tuple[T, ...]) -> T:
        """Return one of them."""
        return items[int(self.chance.uniform() * len(items))]

    def node(self) -> Node:
        """Return one of the nodes."""
        return self.pick(tuple(self.site.nodes))

    async def for_a_while(self, least_s: float, most_s: float) -> None:
        """Let the trouble last."""
        await asyncio.sleep(self.between(least_s, most_s))

    def restore_card(self) -> None:
        """Put the newest image of the card in its place."""
        self.site.restore_card(self._image)

    def restore_cloud(self) -> None:
        """Take the cloud back to its newest backup."""
        self.site.restore_cloud(self._backup)


# -------------------------------------------------------------------------------------- the lines


async def _rough_line(trouble: Trouble) -> None:
    mood = trouble.site.line.mood
    mood.jitter_s = trouble.between(0.2, 20.0)
    mood.loss = trouble.between(0.0, 0.4)
    mood.doubles = trouble.between(0.0, 0.5)
    try:
        await trouble.for_a_while(20.0, 300.0)
    finally:
        mood.jitter_s = mood.loss = mood.doubles = 0.0


async def _straggling_line(trouble: Trouble) -> None:
    """Let some messages come so late that an order outlives its lifetime on the way."""
    mood = trouble.site.line.mood
    mood.straggles = trouble.between(0.05, 0.3)
    try:
        await trouble.for_a_while(60.0, 600.0)
    finally:
        mood.straggles = 0.0


async def _cut_line(trouble: Trouble) -> None:
    line = trouble.site.line
    line.mood.is_cut = True
    line.drop_lines()
    try:
        await trouble.for_a_while(1.0, 900.0)
    finally:
        line.mood.is_cut = False


async def _half_open_line(trouble: Trouble) -> None:
    mood = trouble.site.line.mood
    mood.is_mute = True
    try:
        await trouble.for_a_while(5.0, 300.0)
    finally:
        mood.is_mute = False


async def _sloppy_broker(trouble: Trouble) -> None:
    line = trouble.site.line
    line.is_sloppy = True
    try:
        for _ in range(6):
            await trouble.for_a_while(5.0, 40.0)
            line.drop_lines()
    finally:
        line.is_sloppy = False


async def _restarted_broker(trouble: Trouble) -> None:
    line = trouble.site.line
    line.restart()
    line.mood.is_cut = True
    try:
        await trouble.for_a_while(0.5, 10.0)
    finally:
        line.mood.is_cut = False


# -------------------------------------------------------------------------------------- the cloud


async def _crashed_cloud(trouble: Trouble) -> None:
    cloud = trouble.site.cloud
    try:
        if trouble.chance.uniform() < 0.5:
            cloud.dies_after_commit = True
            await trouble.for_a_while(1.0, 20.0)
        cloud.crash()
        await trouble.for_a_while(1.0, 60.0)
    finally:
        cloud.start()


async def _restored_cloud(trouble: Trouble) -> None:
    trouble.site.cloud.crash()
    try:
        await trouble.for_a_while(5.0, 60.0)
    finally:
        trouble.restore_cloud()


# ---------------------------------------------------------------------------------------- the hub


async def _killed_hub(trouble: Trouble) -> None:
    trouble.site.kill_hub()
    await _boot(trouble)


async def _power_cut(trouble: Trouble) -> None:
    site = trouble.site
    # At one of the next writes: in the middle of a commit as likely as anywhere.
    site.disk.fuse = site.disk.points + 1 + int(trouble.between(0.0, 60.0))
    try:
        for _ in range(60):
            await asyncio.sleep(1.0)
            if site.hub is None:
                break
        await trouble.for_a_while(0.5, 90.0)
    finally:
        site.disk.fuse = None
        site.start_hub()


async def _boot(trouble: Trouble) -> None:
    """Be without power for a moment or a while, with a clock that may have lost its time."""
    site = trouble.site
    luck = trouble.chance.uniform()
    if luck < 0.2:
        site.machine_wall_s = -1e12  # no clock: it begins in 1970
    elif luck < 0.4:
        site.machine_wall_s = TEN_YEARS_S * (1 if luck < 0.3 else -1)
    else:
        site.machine_wall_s = 0.0
    try:
        await trouble.for_a_while(0.5, 120.0)
    finally:
        site.start_hub()


async def _jumping_clock(trouble: Trouble) -> None:
    hub = trouble.site.hub
    if hub is not None:
        hub.clock.jump(trouble.pick((TEN_YEARS_S, -TEN_YEARS_S, 3600.0, -3600.0)))
    await trouble.for_a_while(10.0, 100.0)


async def _full_disk(trouble: Trouble) -> None:
    disk = trouble.site.disk
    disk.is_full = True
    try:
        await trouble.for_a_while(5.0, 240.0)
    finally:
        disk.is_full = False


async def _slow_disk(trouble: Trouble) -> None:
    hub = trouble.site.hub
    if hub is None:
        return
    hub.disk.stall()
    try:
        await trouble.for_a_while(0.5, 20.0)
    finally:
        hub.disk.resume()


async def _restored_card(trouble: Trouble) -> None:
    site = trouble.site
    site.kill_hub()
    trouble.restore_card()
    await _boot(trouble)


# -------------------------------------------------------------------------------------- the nodes


async def _rough_radio(trouble: Trouble) -> None:
    mood = trouble.node().mood
    mood.jitter_s = trouble.between(0.1, 3.0)
    mood.loss = trouble.between(0.0, 0.3)
    mood.doubles = trouble.between(0.0, 0.5)
    try:
        await trouble.for_a_while(30.0, 400.0)
    finally:
        mood.jitter_s = mood.loss = mood.doubles = 0.0


async def _lost_radio(trouble: Trouble) -> None:
    mood = trouble.node().mood
    mood.is_mute = True
    try:
        await trouble.for_a_while(5.0, 200.0)
    finally:
        mood.is_mute = False


async def _failed_node(trouble: Trouble) -> None:
    node = trouble.node()
    node.fail()
    try:
        await trouble.for_a_while(0.5, 150.0)
    finally:
        node.boot()


async def _silent_sensors(trouble: Trouble) -> None:
    nodes = trouble.site.nodes[:2] if trouble.chance.uniform() < 0.7 else trouble.site.nodes[2:3]
    for node in nodes:
        node.is_silent = True
    try:
        await trouble.for_a_while(60.0, 600.0)
    finally:
        for node in nodes:
            node.is_silent = False


async def _hot_house(trouble: Trouble) -> None:
    await _shown_off(trouble, trouble.between(8.0, 14.0))


async def _cold_house(trouble: Trouble) -> None:
    await _shown_off(trouble, -trouble.between(6.0, 14.0))


async def _shown_off(trouble: Trouble, offset_c: float) -> None:
    """Let both thermometers show another air than there is."""
    probes = [probe for node in trouble.site.nodes[:2] for probe in node.probes]
    for probe in probes:
        probe.offsets[Quantity.TEMPERATURE] = offset_c
    try:
        await trouble.for_a_while(60.0, 5400.0 if offset_c < 0 else 600.0)
    finally:
        for probe in probes:
            probe.offsets.pop(Quantity.TEMPERATURE, None)


async def _dry_well(trouble: Trouble) -> None:
    """Let the tank show for a while that it is low and stays so, whatever the pump does."""
    probe = trouble.site.nodes[2].probes[0]
    probe.frozen = {Quantity.WATER_LEVEL: trouble.between(5.0, 15.0)}
    try:
        await trouble.for_a_while(300.0, 1500.0)
    finally:
        probe.frozen = None


async def _slow_filling(trouble: Trouble) -> None:
    """Let the tank fill so slowly that the pump would run for an hour."""
    probe = trouble.site.nodes[2].probes[0]
    began_s = trouble.site.loop.time()
    until_s = began_s + trouble.between(1900.0, 2900.0)
    try:
        while (now_s := trouble.site.loop.time()) < until_s:
            probe.frozen = {Quantity.WATER_LEVEL: 10.0 + (now_s - began_s) * 0.02}
            await asyncio.sleep(10.0)
    finally:
        probe.frozen = None


async def _restarted_farm_broker(trouble: Trouble) -> None:
    site = trouble.site
    site.farm_broker.is_down = True
    if site.hub is not None and site.hub.driver is not None:
        site.hub.driver.break_off()
    try:
        await trouble.for_a_while(0.5, 20.0)
    finally:
        site.farm_broker.is_down = False


FAULTS: Final[Mapping[str, Fault]] = {
    "rough line": _rough_line,
    "straggling line": _straggling_line,
    "cut line": _cut_line,
    "half-open line": _half_open_line,
    "sloppy broker": _sloppy_broker,
    "restarted broker": _restarted_broker,
    "crashed cloud": _crashed_cloud,
    "restored cloud": _restored_cloud,
    "killed hub": _killed_hub,
    "power cut": _power_cut,
    "jumping clock": _jumping_clock,
    "full disk": _full_disk,
    "slow disk": _slow_disk,
    "restored card": _restored_card,
    "rough radio": _rough_radio,
    "lost radio": _lost_radio,
    "failed node": _failed_node,
    "silent sensors": _silent_sensors,
    "hot house": _hot_house,
    "cold house": _cold_house,
    "dry well": _dry_well,
    "slow filling": _slow_filling,
    "restarted farm broker": _restarted_farm_broker,
}
