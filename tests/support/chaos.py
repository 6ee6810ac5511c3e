"""Kills and broken lines in an order that a seed decides, and how each is done."""

import asyncio
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum, unique
from random import Random  # noqa: TID251 - seeded, to place what goes wrong
from signal import SIGKILL
from typing import assert_never

from tests.support.fault_proxy import FaultLine
from tests.support.people import eventually
from tests.support.plant import Plant

NOTICED_WITHIN_S = 75.0
"""A half-open line is noticed within 45 s, and the next attempt comes at most 15 s later."""


@unique
class Victim(StrEnum):
    """What is killed."""

    HUB = "hub"
    BROKER = "broker"
    CLOUD = "cloud"
    POSTGRES = "postgres"


@unique
class Break(StrEnum):
    """What is done to a line."""

    CUT = "cut"
    HALF_OPEN = "half_open"
    DELAY = "delay"
    THROTTLE = "throttle"


@unique
class Where(StrEnum):
    """Which line to the broker it is."""

    HUB = "hub"
    CLOUD = "cloud"
    BOTH = "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong for so long; `at_once` does not wait until the last is over."""

    what: Victim | Break
    where: Where
    for_s: float
    at_once: bool


def plan(random: Random, counts: dict[Victim | Break, int]) -> list[Fault]:
    """Return as many faults of each kind, shuffled."""
    kinds = [kind for kind, count in counts.items() for _ in range(count)]
    random.shuffle(kinds)
    places = tuple(Where)
    return [
        Fault(
            what=kind,
            where=places[number % len(places)],
            for_s=random.uniform(0.0, 2.0),
            # Storms: some things go wrong before the last one is over. Two half-open lines in a row
            # would be one.
            at_once=kind is not Break.HALF_OPEN and random.random() < 0.65,
        )
        for number, kind in enumerate(kinds)
    ]


@dataclass(slots=True)
class Chaos:
    """Does one fault after the other to a plant, spread over all that is to be stored."""

    plant: Plant
    faults: Sequence[Fault]
    done: Counter[str] = field(default_factory=Counter)
    noticed_s: list[float] = field(default_factory=list)
    """How long each half-open line was held for whole."""

    async def run(self, total: int) -> None:
        """Come to an end with the last fault, before the last of `total` readings is stored."""
        share = total / (len(self.faults) + 1)
        with (self.plant.servers.folder / "chaos.log").open("w", buffering=1) as log:
            for number, fault in enumerate(self.faults, start=1):
                if not fault.at_once:
                    await self._stored(number * share)
                    self.plant.check_running()
                log.write(f"{datetime.now(UTC)} {fault}\n")  # noqa: TID251 - beside other logs
                await self._do(fault)
                self.done[fault.what] += 1
        for line in self._lines(Where.BOTH):
            line.mend()

    async def _stored(self, count: float) -> None:
        async def enough() -> bool:
            return await self.plant.stored() >= count

        await eventually(f"{count:.0f} readings are stored", enough, within_s=400, poll_s=0.1)

    async def _do(self, fault: Fault) -> None:
        match fault.what:
            case Victim():
                await self._kill(fault.what, fault.for_s)
            case Break.CUT:
                await self._while(fault, FaultLine.cut)
            case Break.HALF_OPEN:
                async with asyncio.TaskGroup() as group:
                    for line in self._lines(fault.where):
                        group.create_task(self._half_open(line))
            case Break.DELAY:
                await self._while(fault, lambda line: line.slow(delay_s=0.3 + fault.for_s / 2))
            case Break.THROTTLE:
                await self._while(fault, lambda line: line.slow(bytes_per_s=50_000))
            case _:
                assert_never(fault.what)

    async def _kill(self, victim: Victim, down_s: float) -> None:
        servers, hub = self.plant.servers, self.plant.hub
        match victim:
            case Victim.HUB:
                await asyncio.to_thread(hub.kill)
                await asyncio.sleep(down_s)
                await asyncio.to_thread(hub.start)
            case Victim.CLOUD:
                await asyncio.to_thread(servers.cloud.kill)
                await asyncio.sleep(down_s)
                servers.cloud.start()
            case Victim.BROKER:
                await _killed(servers.broker.pid, servers.broker.wait)
                await asyncio.sleep(down_s)
                await servers.broker.start()
            case Victim.POSTGRES:
                await _killed(servers.postgres.pid, servers.postgres.wait)
                await asyncio.sleep(down_s)
                await servers.postgres.start()
            case _:
                assert_never(victim)

    async def _while(self, fault: Fault, spoil: Callable[[FaultLine], None]) -> None:
        lines = self._lines(fault.where)
        for line in lines:
            spoil(line)
        await asyncio.sleep(fault.for_s)
        for line in lines:
            line.mend()

    async def _half_open(self, line: FaultLine) -> None:
        """Return once whoever used the line has come back over a new connection."""

        async def whole() -> bool:
            return line.connections > 0

        await eventually("the line is used", whole, within_s=NOTICED_WITHIN_S)
        line.half_open()
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        await eventually("a half-open line is noticed", whole, within_s=NOTICED_WITHIN_S)
        self.noticed_s.append(loop.time() - began_s)

    def _lines(self, where: Where) -> list[FaultLine]:
        servers = self.plant.servers
        return {
            Where.HUB: [servers.hub_line],
            Where.CLOUD: [servers.cloud_line],
            Where.BOTH: [servers.hub_line, servers.cloud_line],
        }[where]


async def _killed(pid: int | None, ended: Callable[[], Awaitable[int]]) -> None:
    assert pid is not None, "it runs"
    os.kill(pid, SIGKILL)
    await ended()
