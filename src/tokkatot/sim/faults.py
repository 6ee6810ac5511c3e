"""What may go wrong on a farm: each begins, lasts for a while, and is over."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from tokkatot.domain.quantities import Quantity
from tokkatot.sim.chance import Chance
from tokkatot.sim.nodes import Node
from tokkatot.sim.site import Site
from tokkatot.sim.yard import Yard

TEN_YEARS_S: Final = 315_576_000.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where trouble strikes, and its luck."""

    site: Site
    yard: Yard
    chance: Chance

    def between(self, least: float, most: float) -> float:
        """Return a number in a range."""
        return least + (most - least) * self.chance.uniform()

    def pick(self, items: tuple[T, ...]) -> T:
        """Return one of them."""
        return items[int(self.chance.uniform() * len(items))]

    def node(self) -> Node:
        """Return one of the nodes."""
        return self.pick(tuple(self.yard.nodes))

    async def for_a_while(self, least_s: float, most_s: float) -> None:
        """Let the trouble last."""
        await asyncio.sleep(self.between(least_s, most_s))


Fault = Callable[[Spot], Awaitable[None]]


# -------------------------------------------------------------------------------------- the lines


async def _rough_line(at: Spot) -> None:
    mood = at.yard.line.mood
    mood.jitter_s = at.between(0.2, 20.0)
    mood.loss = at.between(0.0, 0.4)
    mood.doubles = at.between(0.0, 0.5)
    try:
        await at.for_a_while(20.0, 300.0)
    finally:
        mood.jitter_s = mood.loss = mood.doubles = 0.0


async def _straggling_line(at: Spot) -> None:
    """Let some messages come so late that an order outlives its lifetime on the way."""
    mood = at.yard.line.mood
    mood.straggles = at.between(0.05, 0.3)
    try:
        await at.for_a_while(60.0, 600.0)
    finally:
        mood.straggles = 0.0


async def _cut_line(at: Spot) -> None:
    line = at.yard.line
    line.mood.is_cut = True
    line.drop_lines()
    try:
        await at.for_a_while(1.0, 900.0)
    finally:
        line.mood.is_cut = False


async def _half_open_line(at: Spot) -> None:
    mood = at.yard.line.mood
    mood.is_mute = True
    try:
        await at.for_a_while(5.0, 300.0)
    finally:
        mood.is_mute = False


async def _sloppy_broker(at: Spot) -> None:
    line = at.yard.line
    line.is_sloppy = True
    try:
        for _ in range(6):
            await at.for_a_while(5.0, 40.0)
            line.drop_lines()
    finally:
        line.is_sloppy = False


async def _restarted_broker(at: Spot) -> None:
    line = at.yard.line
    line.restart()
    line.mood.is_cut = True
    try:
        await at.for_a_while(0.5, 10.0)
    finally:
        line.mood.is_cut = False


# -------------------------------------------------------------------------------------- the cloud


async def _crashed_cloud(at: Spot) -> None:
    cloud = at.site.cloud
    try:
        if at.chance.uniform() < 0.5:
            cloud.dies_after_commit = True
            await at.for_a_while(1.0, 20.0)
        cloud.crash()
        await at.for_a_while(1.0, 60.0)
    finally:
        cloud.start()


async def _restored_cloud(at: Spot) -> None:
    at.site.cloud.crash()
    try:
        await at.for_a_while(5.0, 60.0)
    finally:
        at.site.restore_cloud()


# ---------------------------------------------------------------------------------------- the hub


async def _killed_hub(at: Spot) -> None:
    at.yard.kill_hub()
    await _boot(at)


async def _power_cut(at: Spot) -> None:
    yard = at.yard
    # At one of the next writes: in the middle of a commit as likely as anywhere.
    yard.disk.fuse = yard.disk.points + 1 + int(at.between(0.0, 60.0))
    try:
        for _ in range(60):
            await asyncio.sleep(1.0)
            if yard.hub is None:
                break
        await at.for_a_while(0.5, 90.0)
    finally:
        yard.disk.fuse = None
        yard.start_hub()


async def _boot(at: Spot) -> None:
    """Be without power for a moment or a while, with a clock that may have lost its time."""
    yard = at.yard
    luck = at.chance.uniform()
    if luck < 0.2:
        yard.machine_wall_s = -1e12  # no clock: it begins in 1970
    elif luck < 0.4:
        yard.machine_wall_s = TEN_YEARS_S * (1 if luck < 0.3 else -1)
    else:
        yard.machine_wall_s = 0.0
    try:
        await at.for_a_while(0.5, 120.0)
    finally:
        yard.start_hub()


async def _jumping_clock(at: Spot) -> None:
    hub = at.yard.hub
    if hub is not None:
        hub.clock.jump(at.pick((TEN_YEARS_S, -TEN_YEARS_S, 3600.0, -3600.0)))
    await at.for_a_while(10.0, 100.0)


async def _full_disk(at: Spot) -> None:
    disk = at.yard.disk
    disk.is_full = True
    try:
        await at.for_a_while(5.0, 240.0)
    finally:
        disk.is_full = False


async def _slow_disk(at: Spot) -> None:
    hub = at.yard.hub
    if hub is None:
        return
    hub.disk.stall()
    try:
        await at.for_a_while(0.5, 20.0)
    finally:
        hub.disk.resume()


async def _restored_card(at: Spot) -> None:
    yard = at.yard
    yard.kill_hub()
    yard.restore_card(at.site.copies.cards[yard.layout.hub_id])
    await _boot(at)


# -------------------------------------------------------------------------------------- the nodes


async def _rough_radio(at: Spot) -> None:
    mood = at.node().mood
    mood.jitter_s = at.between(0.1, 3.0)
    mood.loss = at.between(0.0, 0.3)
    mood.doubles = at.between(0.0, 0.5)
    try:
        await at.for_a_while(30.0, 400.0)
    finally:
        mood.jitter_s = mood.loss = mood.doubles = 0.0


async def _lost_radio(at: Spot) -> None:
    node = at.node()
    node.mood.is_mute = True
    try:
        await at.for_a_while(5.0, 200.0)
    finally:
        node.mood.is_mute = False
        node.reconnect()


async def _failed_node(at: Spot) -> None:
    node = at.node()
    node.fail()
    try:
        await at.for_a_while(0.5, 150.0)
    finally:
        node.boot()


async def _silent_sensors(at: Spot) -> None:
    nodes = at.yard.nodes[:2] if at.chance.uniform() < 0.7 else at.yard.nodes[2:3]
    for node in nodes:
        node.is_silent = True
    try:
        await at.for_a_while(60.0, 600.0)
    finally:
        for node in nodes:
            node.is_silent = False


async def _hot_house(at: Spot) -> None:
    await _shown_off(at, at.between(8.0, 14.0))


async def _cold_house(at: Spot) -> None:
    await _shown_off(at, -at.between(6.0, 14.0))


async def _shown_off(at: Spot, offset_c: float) -> None:
    """Let both thermometers show another air than there is."""
    probes = [probe for node in at.yard.nodes[:2] for probe in node.probes]
    for probe in probes:
        probe.offsets[Quantity.TEMPERATURE] = offset_c
    try:
        await at.for_a_while(60.0, 5400.0 if offset_c < 0 else 600.0)
    finally:
        for probe in probes:
            probe.offsets.pop(Quantity.TEMPERATURE, None)


async def _dry_well(at: Spot) -> None:
    """Let the tank show for a while that it is low and stays so, whatever the pump does."""
    probe = at.yard.nodes[2].probes[0]
    probe.frozen = {Quantity.WATER_LEVEL: at.between(5.0, 15.0)}
    try:
        await at.for_a_while(300.0, 1500.0)
    finally:
        probe.frozen = None


async def _slow_filling(at: Spot) -> None:
    """Let the tank fill so slowly that the pump would run for an hour."""
    probe = at.yard.nodes[2].probes[0]
    began_s = at.site.loop.time()
    until_s = began_s + at.between(1900.0, 2900.0)
    try:
        while (now_s := at.site.loop.time()) < until_s:
            probe.frozen = {Quantity.WATER_LEVEL: 10.0 + (now_s - began_s) * 0.02}
            await asyncio.sleep(10.0)
    finally:
        probe.frozen = None


async def _restarted_farm_broker(at: Spot) -> None:
    yard = at.yard
    yard.farm_broker.is_down = True
    if yard.hub is not None and yard.hub.driver is not None:
        yard.hub.driver.break_off()
    try:
        await at.for_a_while(0.5, 20.0)
    finally:
        yard.farm_broker.is_down = False


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
