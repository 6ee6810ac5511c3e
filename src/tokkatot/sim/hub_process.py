"""One process of the real hub on simulated hardware: its disk, its line, its nodes, its clock."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from starlette.types import ASGIApp
from typing_extensions import override

from tokkatot.domain.ids import HubId
from tokkatot.hub.assembly import Surroundings
from tokkatot.hub.begun_runs import Dose, doses_in
from tokkatot.hub.config import BrokerAddress, CloudSettings, DriverSettings, HubConfig, WebSettings
from tokkatot.hub.drivers.mqtt_node.options import MqttNodeOptions
from tokkatot.hub.drivers.port import Driver, Position
from tokkatot.hub.journal.journal import Journal
from tokkatot.hub.journal.settings import JournalSettings
from tokkatot.hub.link import Connect, Link, LinkLost
from tokkatot.hub.main import Machine, run_hub
from tokkatot.kit.clock import Clock
from tokkatot.kit.ids import IdSource
from tokkatot.sim.chance import Chance
from tokkatot.sim.disk import DiskVfs, SimDisk, VirtualDiskThread
from tokkatot.sim.farm_broker import FarmBroker
from tokkatot.sim.farm_driver import Asked, FarmDriver
from tokkatot.sim.layout import DRIVER, FARM
from tokkatot.sim.phone import REPLY_WITHIN_S, Reply, Request, answer
from tokkatot.sim.time import LocalClock, VirtualLoop
from tokkatot.wire.messages import CommandRow, Row, ScheduleRunRow, StreamName
from tokkatot.wire.streams import StreamHead

_NOWHERE: Final = BrokerAddress(host="simulated", port=1, tls=False)
_PAGE: Final = WebSettings(host="127.0.0.1", port=1, pin="000000")

KEEP_ACKED_S: Final = 8 * 3600
"""No copy of the simulated cloud is as old, and each new epoch sends again all that is held."""

_PROCESSES: Final = count(1)
"""SQLite knows its file systems by name, and one that is gone may still be closing its files."""


class JournalListener:
    """Is told what a watched journal takes and promises."""

    def offered(self, events: Sequence[Row], readings: Sequence[Row]) -> None:
        """These rows are in the buffer."""

    def begun(self, command_id: UUID, row: CommandRow) -> None:
        """An order's STARTED is on the disk."""

    def begun_unkept(self, command_id: UUID, row: CommandRow) -> None:
        """An order begins though its STARTED waits for a disk in trouble."""

    def begun_request(self, request_id: str) -> None:
        """It is on the disk that a schedule runs because somebody asked."""

    def kept_aside(self, doses: Sequence[Dose]) -> None:
        """A disk that is full was told that these have begun."""

    def renumbering(self, stream: StreamName) -> None:
        """What is held of a stream is about to begin a new epoch."""


class WatchedJournal(Journal):
    """The real journal, with somebody who listens at its door."""

    listener: JournalListener = JournalListener()

    @override
    def offer(
        self,
        *,
        events: Sequence[Row] = (),
        readings: Sequence[Row] = (),
        position: Position | None = None,
        urgent: bool = False,
    ) -> bool:
        taken = super().offer(events=events, readings=readings, position=position, urgent=urgent)
        if taken:
            self.listener.offered(events, readings)
        return taken

    @override
    async def begin_order(self, command_id: UUID, row: CommandRow) -> bool:
        begun = await super().begin_order(command_id, row)
        if begun:
            self.listener.begun(command_id, row)
        return begun

    @override
    async def note_begun(self, row: CommandRow) -> None:
        await super().note_begun(row)
        self.listener.begun_unkept(UUID(row.command), row)

    @override
    async def begin_request(self, row: ScheduleRunRow) -> bool:
        begun = await super().begin_request(row)
        if begun:
            assert row.request is not None, "it names its request"
            self.listener.begun_request(row.request)
        return begun

    @override
    async def keep_aside(self, value: bytes) -> None:
        await super().keep_aside(value)
        self.listener.kept_aside(doses_in(value))

    @override
    async def new_epoch(self, stream: StreamName) -> StreamHead:
        self.listener.renumbering(stream)
        return await super().new_epoch(stream)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hookup:
    """What a process of the hub is connected to, and who listens at its doors."""

    hub_id: HubId
    folder: Path
    card: SimDisk
    keys: Mapping[str, Ed25519PublicKey]
    clock: LocalClock
    chance: Chance
    connect: Connect
    farm_broker: FarmBroker
    listener: JournalListener
    asked: Asked
    opened: Callable[[WatchedJournal], None]
    options: MqttNodeOptions


class HubProcess:
    """Runs the whole hub until it is killed."""

    def __init__(self, loop: VirtualLoop, hookup: Hookup) -> None:
        self.clock = hookup.clock
        self.disk = VirtualDiskThread()
        self.journal: WatchedJournal | None = None
        self.driver: FarmDriver | None = None
        self.is_alive = True
        self._page: ASGIApp | None = None
        self._requests: set[asyncio.Task[Reply]] = set()
        self._loop = loop
        self._hookup = hookup
        self._vfs = DiskVfs(f"tokkatot-sim-{next(_PROCESSES)}", hookup.card)
        config = HubConfig(
            folder=hookup.folder,
            hub_id=hookup.hub_id,
            farm_id=FARM,
            data_dir=hookup.folder,
            cloud=CloudSettings(broker=_NOWHERE, keys=hookup.keys),
            web=_PAGE,
            nodes=_NOWHERE,
            drivers=(DriverSettings(name=DRIVER, kind="mqtt_node", options={}),),
        )
        machine = Machine(
            clock=hookup.clock,
            is_clock_synchronised=lambda: False,  # nobody but the cloud tells it the time
            random=hookup.chance.uniform,
            random_bytes=self._random_bytes,
            software="simulated",
            worlds={},
            open_journal=self._open_journal,
            line=lambda _broker, _farm, _hub: self._connect,
            drivers=self._drivers,
            serve=self._serve,
        )
        self.task = loop.create_task(run_hub(config, machine), name="hub")

    def die(self) -> None:
        """Be gone at once: what the program still does on its way reaches nobody.

        Whoever calls has put copies in the place of the files that it has open.
        """
        self.is_alive = False
        self.disk.resume()
        self._vfs.die()
        if self.driver is not None:
            self.driver.is_dead = True
        if self.journal is not None:
            self.journal.listener = JournalListener()
        self._page = None
        for request in self._requests:
            request.cancel()
        self.task.add_done_callback(self._ended)
        self.task.cancel()

    async def ask(self, request: Request) -> Reply | None:
        """Return what the hub's page answers; None where it is not there, or goes meanwhile."""
        if self._page is None:
            return None
        task: asyncio.Task[Reply] = self._loop.create_task(
            answer(self._page, request), name="request"
        )
        self._requests.add(task)
        task.add_done_callback(self._requests.discard)
        await asyncio.wait([task], timeout=REPLY_WITHIN_S)
        if not task.done() or task.cancelled() or task.exception() is not None:
            return None  # what failed in it is in the log
        return task.result()

    @asynccontextmanager
    async def _connect(self) -> AsyncIterator[Link]:
        async with self._hookup.connect() as link:
            if not self.is_alive:
                raise LinkLost("the process is gone")
            yield link

    async def _serve(self, app: ASGIApp, _settings: WebSettings) -> None:
        if self.is_alive:
            self._page = app
        await asyncio.Event().wait()

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Take note of how a killed process ended, so that nobody else has to."""
        if not task.cancelled():
            task.exception()
        self._vfs.unregister()

    def _random_bytes(self, count: int) -> bytes:
        return bytes(int(self._hookup.chance.uniform() * 256) for _ in range(count))

    async def _open_journal(self, path: Path, clock: Clock, ids: IdSource) -> Journal:
        journal = await WatchedJournal.open(
            path,
            clock=clock,
            ids=ids,
            disk=self.disk,
            free_bytes=lambda _: 1 << 40,
            vfs=self._vfs.name,
            settings=JournalSettings(keep_acked_s=KEEP_ACKED_S),
        )
        assert isinstance(journal, WatchedJournal), "it is made by its own class"
        if self.is_alive:
            journal.listener = self._hookup.listener
            self.journal = journal
            self._hookup.opened(journal)
        return journal

    def _drivers(self, _config: HubConfig, around: Surroundings) -> Sequence[Driver]:
        self.driver = FarmDriver(
            DRIVER,
            broker=self._hookup.farm_broker,
            farm_id=FARM,
            options=self._hookup.options,
            positions=dict(around.positions),
            clock=around.clock,
            asked=self._hookup.asked,
        )
        self.driver.is_dead = not self.is_alive
        return [self.driver]
