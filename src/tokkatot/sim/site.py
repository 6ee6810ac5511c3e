"""The farm of the simulation, whole: hub, nodes, lines, cloud, and what happens to them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final
from uuid import UUID

from msgspec import Struct
from typing_extensions import override

from tokkatot.domain.desired import DesiredDocument
from tokkatot.domain.devices import Level
from tokkatot.domain.houses import HouseKind
from tokkatot.domain.ids import DeviceId
from tokkatot.hub.drivers.mqtt_node.options import MqttNodeOptions
from tokkatot.hub.journal.port import JournalError
from tokkatot.kit.clock import from_ms
from tokkatot.sim.chance import Chance
from tokkatot.sim.check_orders import OrdersCheck
from tokkatot.sim.check_rows import CardNotes, RowsCheck
from tokkatot.sim.check_safety import SafetyCheck
from tokkatot.sim.cloud import Backup, SimCloud, SimStore
from tokkatot.sim.disk import SimDisk
from tokkatot.sim.houses import build_house
from tokkatot.sim.hub_process import Hookup, HubProcess, JournalListener, WatchedJournal
from tokkatot.sim.layout import FARM, NODES, START_MS
from tokkatot.sim.network import CloudBroker, Message
from tokkatot.sim.nodes import FarmBroker, LiveWorld, Node
from tokkatot.sim.time import LocalClock, VirtualLoop
from tokkatot.sim.trace import Trace
from tokkatot.sim.watch import Findings
from tokkatot.wire.messages import Ack, EventRow, Hello, ReadingRow, Row, Welcome, decode
from tokkatot.wire.topics import HubLeaf

RIGHT_WITHIN_S: Final = 12.0
"""A reading's time is right within this once the hub was told the time on however slow a line."""

SERVICE_RESTART_S: Final = 5.0
"""As long as systemd waits before it starts a service again that ended."""

IMAGE_FILES: Final = ("desired.a", "desired.b")


class _InSession(Struct, frozen=True):
    """What every message of a session names."""

    session: str


class Site(JournalListener):
    """Owns every part and tells the checkers what passes between them."""

    def __init__(
        self,
        seed: int,
        *,
        folder: Path,
        store: SimStore | None = None,
        options: MqttNodeOptions | None = None,
    ) -> None:
        self.loop = VirtualLoop()  # type: ignore[abstract]  # what it lacks, nobody here asks for
        self.trace = Trace()
        self.chance = Chance(seed)
        self.findings = Findings(now_s=self.loop.time)
        self.folder = folder
        self._options = options or MqttNodeOptions()
        self.disk = SimDisk()
        self.disk.on_power_cut = self._power_went
        self.machine_wall_s = 0.0
        """How far the hub's machine clock is off at its next start."""
        self.farm_broker = FarmBroker()
        house = build_house(HouseKind.COOP, seed=seed, options={"water_percent": 40.0})
        world = LiveWorld(house, self.loop, lambda: from_ms(self.wall_ms()))
        self.nodes = [
            Node(
                f"node{number}",
                devices,
                farm_id=FARM,
                broker=self.farm_broker,
                world=world,
                loop=self.loop,
                chance=Chance(seed * 31 + number),
                moved=self._moved,
            )
            for number, devices in enumerate(NODES)
        ]
        self.line = CloudBroker(
            self.loop, Chance(seed * 31 + 7), to_cloud=self._hear, passes=self._passes
        )
        self.cloud = SimCloud(
            self.loop,
            Chance(seed * 31 + 8),
            store=store or SimStore(),
            wall_ms=self.wall_ms,
            publish=self.line.publish,
        )
        self.cloud.answered = self._answered
        self.rows = RowsCheck(self.findings, self.cloud.store)
        self.orders = OrdersCheck(self.findings)
        self.safety = SafetyCheck(self.findings, self.nodes)
        self.cloud.ordered = self.orders.sent
        self.hub: HubProcess | None = None
        self._knows_time = False
        self._lives = 0
        self.start_hub()

    def close(self) -> None:
        """Take everything down."""
        self.kill_hub()
        self.loop.run_until(self.loop.time() + 5.0)

    def wall_ms(self) -> int:
        """Return the true time."""
        return START_MS + round(self.loop.time() * 1000)

    def note(self, what: str, detail: str = "") -> None:
        """Add to the trace."""
        self.trace.note(self.loop.time(), what, detail)

    # ------------------------------------------------------------------------------------ the hub

    def start_hub(self) -> None:
        """Let a process of the hub begin on what the card holds."""
        if self.hub is not None:
            return
        self._lives += 1
        self._knows_time = False
        self.note("hub.start")
        wall_ms = self.wall_ms() + round(self.machine_wall_s * 1000)
        self.hub = HubProcess(
            self.loop,
            Hookup(
                folder=self.folder,
                card=self.disk,
                keys=self.cloud.keys,
                clock=LocalClock(self.loop, wall_ms=max(wall_ms, 0)),
                chance=Chance(self._lives * 7919 + self.chance.state % 1000),
                connect=self.line.connect,
                farm_broker=self.farm_broker,
                listener=self,
                asked=self._asked,
                opened=self._opened,
                options=self._options,
            ),
        )
        self.orders.hub_started()
        self.safety.hub_started(self.cloud.documents.get(self.rows.card.held))

    def _gone(self) -> None:
        hub = self.hub
        assert hub is not None, "it was there a moment ago"
        if hub.journal is not None:
            self.rows.look(hub.journal.heads())
        hub.die()
        self.line.drop_lines()
        self.orders.hub_died()
        self.safety.hub_died()
        self.hub = None

    def kill_hub(self) -> None:
        """Kill the process; the machine and its disk go on."""
        if self.hub is None:
            return
        self.note("hub.kill")
        self._gone()
        self.disk.kill()

    def cut_power(self) -> None:
        """Take the power away from the hub, in the middle of whatever it writes."""
        if self.hub is None:
            return
        self.note("hub.power_cut")
        self._gone()
        self.disk.cut_power(self.chance)

    def _power_went(self) -> None:
        # The write that meets it fails; the process is gone before it can do anything about it.
        if self.hub is not None:
            self.loop.call_soon(self.cut_power)

    def card_image(self) -> tuple[dict[str, bytes], dict[str, bytes], CardNotes]:
        """Return a copy of the card, with what is known of it."""
        if self.hub is not None and self.hub.journal is not None:
            self.rows.look(self.hub.journal.heads())
        files = {
            name: (self.folder / name).read_bytes()
            for name in IMAGE_FILES
            if (self.folder / name).exists()
        }
        return self.disk.image(), files, self.rows.card.copy()

    def restore_card(self, image: tuple[dict[str, bytes], dict[str, bytes], CardNotes]) -> None:
        """Put an older image in the place of the card; the hub is off meanwhile."""
        assert self.hub is None, "nobody pulls the card of a running hub"
        self.note("card.restored")
        content, files, notes = image
        self.disk.restore(content)
        for name in IMAGE_FILES:
            (self.folder / name).unlink(missing_ok=True)
        for name, data in files.items():
            (self.folder / name).write_bytes(data)
        self.rows.card_restored(notes)
        self.orders.card_restored()

    def backup_cloud(self) -> Backup:
        """Return a backup of the cloud."""
        return self.cloud.backup()

    def restore_cloud(self, backup: Backup) -> None:
        """Take the cloud back to a backup."""
        self.note("cloud.restored")
        self.rows.check_cloud()
        self.cloud.restore(backup)
        self.rows.cloud_restored()
        self.orders.cloud_restored(len(self.cloud.store.kept.rows))

    def set_document(self, document: DesiredDocument) -> None:
        """Let people want something else."""
        self.note("document", str(document.version))
        self.cloud.set_document(document)

    # --------------------------------------------------------------------- what passes, is checked

    @override
    def offered(self, events: Sequence[Row], readings: Sequence[Row]) -> None:
        if readings:
            self.rows.offered(readings)
            self.safety.heard(readings)
            if self._knows_time:
                self._check_times(readings)
        for row in events:
            if isinstance(row, EventRow) and row.type == "desired.taken":
                version = row.data["version"]
                assert isinstance(version, int), "the hub names the version"
                self._holds(version)

    def _holds(self, version: int) -> None:
        self.rows.card.held = max(self.rows.card.held, version)
        self.safety.took(self.cloud.documents[version])

    def _check_times(self, rows: Sequence[Row]) -> None:
        now_ms = self.wall_ms()
        for row in rows:
            if isinstance(row, ReadingRow) and abs(row.t - now_ms) > RIGHT_WITHIN_S * 1000:
                self.findings.broken(
                    "a reading's time is right", f"{(row.t - now_ms) / 1000:.0f} s off"
                )

    @override
    def begun(self, command_id: UUID) -> None:
        self.note("order.begun", str(command_id))
        self.orders.started(command_id)

    def _opened(self, journal: WatchedJournal) -> None:
        self.rows.opened(journal.heads(), replaced=journal.replaced)

    def _asked(self, device_id: DeviceId, level: Level, order: str) -> None:
        self.note("asked", f"{device_id} {level:g}")
        self.orders.asked(device_id, level, order)
        self.safety.asked(device_id, level)

    def _moved(self, device_id: DeviceId, level: Level, order: str | None) -> None:
        self.note("moved", f"{device_id} {level:g} {order}")
        self.safety.moved(device_id)

    def _hear(self, message: Message) -> None:
        self.cloud.hear(message)

    def _answered(self, leaf: HubLeaf, payload: bytes) -> None:
        if leaf is HubLeaf.ACK:
            ack = decode(payload, Ack)
            self.rows.claimed(ack.stream, ack.epoch, ack.acked_through)

    def _passes(self, way: str, message: Message) -> None:
        leaf, payload = message
        self.note(way, f"{leaf} {len(payload)}")
        if leaf is HubLeaf.HELLO:
            version = decode(payload, Hello).desired_version
            if version > self.rows.card.held:
                # It was killed between keeping the document and saying so.
                self._holds(version)
            elif version < self.rows.card.held:
                self.findings.broken(
                    "the hub keeps its document", f"it holds {version} after {self.rows.card.held}"
                )
        elif leaf is HubLeaf.DESIRED and self.cloud.document.version > self.rows.card.held:
            self.safety.may_take()
        elif leaf is HubLeaf.WELCOME:
            self.orders.hub_welcomed(decode(payload, Welcome).session)
        elif leaf in {HubLeaf.UP, HubLeaf.LIVE}:
            # Whoever speaks in a session was told the time with its welcome.
            self._knows_time = True
            self.orders.hub_in_session(decode(payload, _InSession).session)

    # ------------------------------------------------------------------------------------ the ticks

    def tick(self) -> None:
        """Check everything that must always be so."""
        hub = self.hub
        if hub is not None and hub.journal is not None:
            self.rows.look(hub.journal.heads())
        self.rows.check_cloud()
        self.orders.tick()
        self.safety.tick()
        if self.loop.failures:
            self.findings.broken("no program fails", self.loop.failures[0])
        if hub is not None and hub.task.done():
            self._ended(hub)

    def _ended(self, hub: HubProcess) -> None:
        """Start a hub again that could not begin, as its machine does."""
        error = None if hub.task.cancelled() else hub.task.exception()
        if not isinstance(error, JournalError):
            self.findings.broken("no program fails", f"the hub ended: {error!r}")
        self.kill_hub()
        self.loop.call_later(SERVICE_RESTART_S, self.start_hub)

    def check_agreement(self) -> None:
        """Check what must be so 30 s after everything works again."""
        self.rows.check_arrived()
        self.orders.check_told(list(self.cloud.store.kept.rows))
        wanted = self.cloud.document.version
        if (self.rows.card.held, self.cloud.held_version) != (wanted, wanted):
            self.findings.broken(
                "hub and cloud agree on the document",
                f"wanted {wanted}, hub {self.rows.card.held}, cloud {self.cloud.held_version}",
            )
        self._check_live()

    def _check_live(self) -> None:
        live = next(iter(self.cloud.store.kept.live.values()), None)
        if live is None or self.wall_ms() - live.t > 15_000:
            self.findings.broken("the cloud sees the hub live", f"{live and live.t}")
            return
        shown = {device.device: device for device in live.devices}
        for node in self.nodes:
            for relay in node.relays.values():
                device = shown.get(str(relay.device.id))
                if device is None or not device.online or device.actual != relay.level:
                    self.findings.broken(
                        "hub and cloud agree on the state",
                        f"{relay.device.name} is at {relay.level:g} %, the cloud says {device}",
                    )
