"""The hub as one program: control at its core, everything else supervised around it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from tokkatot.domain.ids import FarmId, HubId
from tokkatot.hub.announcer import Announcer
from tokkatot.hub.assembly import Surroundings, build_drivers
from tokkatot.hub.autopilot.process import PoliciesProcess
from tokkatot.hub.autopilot.rounds import Rounds
from tokkatot.hub.camera.originals import Originals
from tokkatot.hub.camera.process import ModelsProcess
from tokkatot.hub.camera.watch import Watch
from tokkatot.hub.clock_sync import ClockQuality, SyncedClock
from tokkatot.hub.config import (
    BrokerAddress,
    CloudSettings,
    EmbeddedBroker,
    HubConfig,
    PictureSettings,
    WebSettings,
)
from tokkatot.hub.desired import DesiredRefused, open_desired
from tokkatot.hub.drivers.port import Driver
from tokkatot.hub.drivers.simulated.source import World
from tokkatot.hub.inbound import Inbound
from tokkatot.hub.journal.journal import Journal
from tokkatot.hub.journal.port import JournalError, JournalPort
from tokkatot.hub.lan import is_loopback, page_addresses, ways_to
from tokkatot.hub.link import Connect, mqtt
from tokkatot.hub.loop import ControlLoop
from tokkatot.hub.node_broker import NodeBroker
from tokkatot.hub.supervisor import GaveUp, Service, supervise
from tokkatot.hub.uplink import Own, Uplink
from tokkatot.kit.clock import Clock
from tokkatot.kit.ids import IdSource
from tokkatot.wire.passes import lan_name
from tokkatot.wire.session_hub import HubSession

if TYPE_CHECKING:
    from tokkatot.hub.web.server import Serve

LAST_WORDS_S: Final = 0.1
"""How long drivers go on after the actuators were told to rest, so that it reaches the relays."""

log = structlog.get_logger(__name__)


async def _open_journal(path: Path, clock: Clock, ids: IdSource) -> Journal:
    return await Journal.open(path, clock=clock, ids=ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What a hub is handed from the machine that it runs on, and the worlds that it simulates.

    `beside` runs as long as the hub does, and is the last to be ended. The last four are where a
    hub meets its disk, its cloud, its devices and people's phones: a simulation hands in its own.
    """

    clock: Clock
    is_clock_synchronised: Callable[[], bool]
    random: Callable[[], float]
    random_bytes: Callable[[int], bytes]
    software: str
    worlds: Mapping[str, World]
    beside: Sequence[Service] = ()
    open_journal: Callable[[Path, Clock, IdSource], Awaitable[Journal]] = _open_journal
    line: Callable[[BrokerAddress, FarmId, HubId], Connect] = mqtt
    drivers: Callable[[HubConfig, Surroundings], Sequence[Driver]] = build_drivers
    serve: "Serve | None" = None


async def run_hub(config: HubConfig, machine: Machine) -> None:
    """Run a hub until cancelled; it then brings its actuators to rest.

    Raises:
        DriverRefused: when the options of a driver are wrong.
        JournalError: when the data folder's disk can't be used; a full one only can't keep rows.
        GaveUp: when control broke too often; the actuators are at rest.
    """
    clock = SyncedClock(machine.clock, is_machine_synchronised=machine.is_clock_synchronised)
    ids = IdSource(clock, partial(_random_bits, machine.random_bytes))
    journal = await machine.open_journal(config.data_dir / "journal.sqlite", clock, ids)
    try:
        broker = _node_broker(config, machine)
        if isinstance(broker, NodeBroker):
            broker.end_stale()
        drivers = machine.drivers(
            config,
            Surroundings(
                worlds=machine.worlds,
                node_broker=broker.address if isinstance(broker, NodeBroker) else broker,
                positions=await journal.positions(),
                clock=clock,
                random=machine.random,
            ),
        )
        control = ControlLoop(
            farm_id=config.farm_id,
            hub_id=config.hub_id,
            journal=journal,
            drivers=drivers,
            clock=clock,
            ids=ids,
            clock_quality=lambda: clock.quality,
        )
        await control.recall()
        await _configure(config, journal, control)
        control.note("hub.started", software=machine.software)
        around = _Around(config=config, machine=machine, journal=journal, control=control, ids=ids)
        services = [*around.services(clock), *machine.beside]
        if isinstance(broker, NodeBroker):
            services.append(Service(name="node_broker", run=broker.run))
        await _supervised(control, drivers, services, clock=clock, random=machine.random)
    finally:
        try:
            await journal.close()
        except JournalError as error:
            log.warning("journal.not_closed", reason=error.reason)


def _random_bits(random_bytes: Callable[[int], bytes], bits: int) -> int:
    return int.from_bytes(random_bytes((bits + 7) // 8)) >> (-bits % 8)


async def _configure(config: HubConfig, journal: JournalPort, control: ControlLoop) -> None:
    """Take up the newest document that was kept, so that control needs no cloud to begin."""
    if config.cloud is None:
        return
    for envelope in (await journal.desired(), await journal.older_desired()):
        if envelope is None:
            continue
        try:
            document = open_desired(
                envelope, config.cloud.keys, farm_id=config.farm_id, hub_id=config.hub_id
            )
            await control.configure(document, document.version)
        except DesiredRefused as refused:
            log.warning("desired.refused", reason=refused.reason)
            continue
        return


def _node_broker(config: HubConfig, machine: Machine) -> NodeBroker | BrokerAddress | None:
    if isinstance(config.nodes, EmbeddedBroker):
        return NodeBroker(
            config.nodes,
            farm_id=config.farm_id,
            folder=config.data_dir / "nodes",
            random_bytes=machine.random_bytes,
        )
    return config.nodes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Around:
    """What runs around control and may break without harm to it."""

    config: HubConfig
    machine: Machine
    journal: Journal
    control: ControlLoop
    ids: IdSource

    def services(self, clock: SyncedClock) -> list[Service]:
        """Return the line to the cloud and the local web, where they are configured."""
        services: list[Service] = []
        pictures = self.config.pictures
        watch = None if pictures is None else self._watch(pictures, clock)
        cloud = self.config.cloud
        uplink = None if cloud is None else self._uplink(cloud, clock, watch)
        if uplink is not None:
            services.append(Service(name="uplink", run=uplink.run))
        services.append(Service(name="autopilot", run=self._rounds(clock).run))
        if watch is not None:
            services.append(Service(name="pictures", run=watch.run))
        if self.config.web is not None:
            # Imported only where it is served: a hub without a web carries none.
            from tokkatot.hub.web.assembly import build_web  # noqa: PLC0415

            web = build_web(
                self.config,
                self.config.web,
                control=self.control,
                journal=self.journal,
                clock=clock,
                ids=self.ids,
                random_bytes=self.machine.random_bytes,
                software=self.machine.software,
                figures=lambda: self._figures(uplink, clock),
                watch=watch,
                serve=self.machine.serve,
            )
            services.append(Service(name="web", run=web.run))
            if self.config.web.announce and not is_loopback(self.config.web.host):
                services.append(Service(name="name", run=self._announcer(self.config.web).run))
        return services

    def _announcer(self, web: WebSettings) -> Announcer:
        return Announcer(
            lan_name(self.config.hub_id),
            interfaces=partial(ways_to, web),
            clock=self.machine.clock,
        )

    @property
    def _pictures(self) -> Path:
        return self.config.data_dir / "pictures"

    def _watch(self, pictures: PictureSettings, clock: SyncedClock) -> Watch:
        return Watch(
            pictures,
            folder=self._pictures,
            judging=ModelsProcess(),
            journal=self.journal,
            clock=clock,
            is_time_good=lambda: clock.quality is ClockQuality.GOOD,
            new_id=self.ids.new,
        )

    def _rounds(self, clock: SyncedClock) -> Rounds:
        return Rounds(
            view=self.control.view,
            inbox=self.control.inbox,
            deciding=PoliciesProcess(),
            journal=self.journal,
            clock=clock,
            is_time_known=lambda: clock.quality is not ClockQuality.UNSET,
        )

    def _uplink(self, cloud: CloudSettings, clock: SyncedClock, watch: Watch | None) -> Uplink:
        config = self.config
        return Uplink(
            HubSession(
                hub_id=config.hub_id,
                boot=self.machine.random_bytes(4).hex(),
                software=self.machine.software,
                heads=self.journal.heads(),
                random=self.machine.random,
            ),
            connect=self.machine.line(cloud.broker, config.farm_id, config.hub_id),
            journal=self.journal,
            inbound=Inbound(
                farm_id=config.farm_id,
                hub_id=config.hub_id,
                keys=cloud.keys,
                journal=self.journal,
                doer=self.control,
                clock=clock,
                document=self.control.view.document,
                photographer=watch,
            ),
            screen=self.control,
            clock=clock,
            random=self.machine.random,
            own=Own(
                addresses=lambda: page_addresses(config.web, config.hub_id),
                originals=None
                if watch is None
                else Originals(self._pictures, untold=lambda: watch.untold),
            ),
        )

    def _figures(self, uplink: Uplink | None, clock: SyncedClock) -> Mapping[str, object]:
        return {
            "hub_id": self.config.hub_id,
            "farm_id": self.config.farm_id,
            "software": self.machine.software,
            "t": clock.now_ms(),
            "clock": clock.quality,
            "sync": None if uplink is None else asdict(uplink.status()),
            "journal": {
                "waiting_for_disk": self.journal.waiting,
                "refused": self.journal.refused,
                "replaced": self.journal.replaced,
                "trouble": self.journal.trouble,
            },
            "dropped": self.control.losses.counts(),
        }


async def _supervised(
    control: ControlLoop,
    drivers: Sequence[Driver],
    around: Sequence[Service],
    *,
    clock: Clock,
    random: Callable[[], float],
) -> None:
    core = [
        Service(name="control", run=control.run, essential=True),
        Service(name="acting", run=control.acting.run, essential=True),
    ]
    edge = [
        Service(
            name=f"driver {driver.name}",
            run=partial(driver.run, control.inbox),
            on_failure=partial(control.lost, driver),
        )
        for driver in drivers
    ]
    given_up: list[GaveUp] = []
    ended = asyncio.Event()

    async def watch(service: Service) -> None:
        try:
            await supervise(service, clock=clock, random=random)
        except GaveUp as gave_up:
            given_up.append(gave_up)
            ended.set()

    async with asyncio.TaskGroup() as group:
        outer = [group.create_task(watch(service)) for service in (*edge, *around)]
        inner = [group.create_task(watch(service)) for service in core]
        try:
            await ended.wait()
        finally:
            # First nobody decides any more, then everything rests, and only then is it let go.
            for task in inner:
                task.cancel()
            await control.rest()
            control.note("hub.stopped", reason=given_up[0].service if given_up else None)
            control.flush()
            await clock.sleep(LAST_WORDS_S)
            for task in outer:
                task.cancel()
    if given_up:
        raise given_up[0]
