"""A hub's control with a driver and a journal in memory, and a clock that is pushed."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from itertools import count
from uuid import UUID

import pytest

from tests.support.engine import FARM, HUB, IDS, TANK, THERMOMETER, document
from tests.support.fake_driver import FakeDriver
from tests.support.fake_journal import FakeJournal
from tokkatot.domain.desired import DesiredDocument
from tokkatot.domain.devices import OFF, DeviceRole
from tokkatot.domain.ids import DeviceId
from tokkatot.domain.quantities import Quality, Quantity
from tokkatot.domain.readings import Reading
from tokkatot.hub.clock_sync import ClockQuality
from tokkatot.hub.drivers.port import Sampled
from tokkatot.hub.loop import ControlLoop
from tokkatot.kit.clock import ManualClock
from tokkatot.kit.ids import IdSource
from tokkatot.wire.messages import Command, CommandRow, OrderAction, Row

BY = UUID(int=77)


class Hub:
    """Control in a test's hand: `turn` lets a second pass and everything that follows from it."""

    def __init__(self) -> None:
        self.clock = ManualClock(datetime(2026, 6, 1, tzinfo=UTC))
        self.journal = FakeJournal()
        self.driver = FakeDriver()
        self.ids = IdSource(self.clock)
        self.clock_quality = ClockQuality.GOOD
        self.control = self._control()
        self._numbers = count(1)

    def restart(self) -> None:
        """Begin again with what the journal has kept, as after a power cut."""
        self.journal = FakeJournal(self.journal.card)
        self.control = self._control()

    def _control(self) -> ControlLoop:
        return ControlLoop(
            farm_id=FARM,
            hub_id=HUB,
            journal=self.journal,
            drivers=[self.driver],
            clock=self.clock,
            ids=self.ids,
            clock_quality=lambda: self.clock_quality,
        )

    async def configure(self, desired: DesiredDocument | None = None) -> None:
        await self.control.configure(desired or document(), 1)

    async def turn(self, after_s: float = 1.0) -> None:
        self.clock.advance(after_s)
        for _ in range(3):
            await self.control.turn()
            for _ in range(10):
                await asyncio.sleep(0)
            if not self.control.inbox.wake.is_set():
                return

    def command(
        self,
        role: DeviceRole,
        value: float,
        *,
        end_s: int = 600,
        device: UUID | None = None,
        action: OrderAction | None = None,
    ) -> Command:
        return Command(
            hub=HUB,
            id=UUID(int=10_000 + next(self._numbers)),
            session="s",
            device=device or IDS[role],
            action=action or ("on" if value else "off"),
            value=value,
            issued=self.clock.now_ms(),
            ttl_ms=30_000,
            end_s=end_s,
            by=BY,
        )

    async def order(self, role: DeviceRole, value: float, *, end_s: int = 600) -> Command:
        command = self.command(role, value, end_s=end_s)
        await self.control.order(command)
        await self.turn(0.01)
        return command

    async def give(self, action: OrderAction, role: DeviceRole) -> Command:
        """Give an order that is done with at once."""
        command = self.command(role, OFF, end_s=1, action=action)
        await self.control.order(command)
        await self.turn(0.01)
        return command

    def sense(self, *, celsius: float = 26.0, percent: float = 60.0) -> None:
        for device, quantity, value in (
            (THERMOMETER, Quantity.TEMPERATURE, celsius),
            (TANK, Quantity.WATER_LEVEL, percent),
        ):
            self.driver.observe(Sampled(readings=(self.reading(device, quantity, value),)))

    def reading(self, device: DeviceId, quantity: Quantity, value: float) -> Reading:
        return Reading(
            device_id=device,
            quantity=quantity,
            t_ms=self.clock.now_ms(),
            value=value,
            quality=Quality.GOOD,
        )

    def events(self, kind: str) -> list[Row]:
        return [row for row in self.journal.recorded("events") if row.kind == kind]

    def told(self, command: Command) -> list[tuple[str, str | None]]:
        """Return the states and reasons of an order, in their order."""
        return [
            (row.state, row.reason)
            for row in self.journal.recorded("events")
            if isinstance(row, CommandRow) and row.command == str(command.id)
        ]


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    """A configured hub whose devices are online and whose sensors have spoken."""
    hub = Hub()
    await hub.configure()
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(hub.control.acting.run()),
            group.create_task(hub.driver.run(hub.control.inbox)),
        ]
        await asyncio.sleep(0)
        hub.sense()
        await hub.turn()
        yield hub
        for task in tasks:
            task.cancel()
