"""One hub of the farm with its card, its nodes and its line, and who watches over it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Struct
from typing_extensions import override

from tokkatot.cloud.sync.memory import MemoryStore
from tokkatot.domain.desired import DesiredDocument
from tokkatot.domain.devices import Level
from tokkatot.domain.houses import HouseKind
from tokkatot.domain.ids import DeviceId
from tokkatot.hub.begun_runs import Dose
from tokkatot.hub.drivers.mqtt_node.options import MqttNodeOptions
from tokkatot.hub.journal.port import JournalError
from tokkatot.kit.clock import from_ms
from tokkatot.sim.chance import Chance
from tokkatot.sim.check_orders import OrdersCheck
from tokkatot.sim.check_requests import RequestsCheck
from tokkatot.sim.check_rows import CardNotes, RowsCheck
from tokkatot.sim.check_safety import SafetyCheck
from tokkatot.sim.check_schedules import SchedulesCheck
from tokkatot.sim.desk import Desk
from tokkatot.sim.disk import SimDisk
from tokkatot.sim.farm_broker import FarmBroker
from tokkatot.sim.houses import Option, build_house
from tokkatot.sim.hub_process import Hookup, HubProcess, JournalListener, WatchedJournal
from tokkatot.sim.layout import Layout
from tokkatot.sim.network import CloudBroker, Message
from tokkatot.sim.nodes import LiveWorld, Node
from tokkatot.sim.phone import Phone, Reply, Request
from tokkatot.sim.time import LocalClock, VirtualLoop
from tokkatot.sim.trace import Trace
from tokkatot.sim.watch import Findings
from tokkatot.wire.messages import (
    Ack,
    CommandRow,
    EventRow,
    Hello,
    ReadingRow,
    Row,
    StreamName,
    Welcome,
    decode,
)
from tokkatot.wire.topics import HubLeaf

RIGHT_WITHIN_S: Final = 12.0
"""A reading's time is right within this once the hub was told the time on however slow a line."""

SERVICE_RESTART_S: Final = 5.0
"""As long as systemd waits before it starts a service again that ended."""

SETTLES_S: Final = 3.0
"""So long after its start a hub has recalled what its card holds."""

NOTICES_WITHIN_S: Final = 47.0
"""45 s of silence as promised, and two for the turn that notices."""

SHOWS_WITHIN_S: Final = 2.0
"""On a good line the cloud shows a relay that moved within this."""

IMAGE_FILES: Final = ("desired.a", "desired.b")

WORLDS: Final[Mapping[HouseKind, Mapping[str, Option]]] = {
    HouseKind.COOP: {"water_percent": 40.0},
    HouseKind.GREENHOUSE: {},
}
"""How a house of each kind is when its story begins."""


class _InSession(Struct, frozen=True):
    """What every message of a session names."""

    session: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CardImage:
    """A copy of a hub's card, and what is known of it."""

    taken_ms: int
    journal: dict[str, bytes]
    files: dict[str, bytes]
    notes: CardNotes


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """What all hubs of the farm have in common."""

    seed: int
    loop: VirtualLoop
    trace: Trace
    findings: Findings
    wall_ms: Callable[[], int]
    options: MqttNodeOptions
    store: MemoryStore
    keys: Mapping[str, Ed25519PublicKey]

    def chance(self, number: int, use: int) -> Chance:
        """Return the randomness of one part of one hub."""
        return Chance(self.seed * 31 + use + number * 1_000_003)


class Yard(JournalListener):
    """Owns every part and tells the checkers what passes between them."""

    def __init__(
        self,
        layout: Layout,
        grounds: Grounds,
        *,
        folder: Path,
        hear: Callable[[Message], None],
        phone_pass: Callable[[], str],
    ) -> None:
        self.layout = layout
        self._grounds = grounds
        self.loop = grounds.loop
        self.findings = grounds.findings
        self.folder = folder
        folder.mkdir()
        self._chance = grounds.chance(layout.number, 0)
        self.disk = SimDisk()
        self.disk.on_power_cut = self._power_went
        self.machine_wall_s = 0.0
        """How far the hub's machine clock is off at its next start."""
        self.farm_broker = FarmBroker()
        self.nodes = self._wire()
        self.line = CloudBroker(
            self.loop, grounds.chance(layout.number, 7), to_cloud=hear, passes=self._passes
        )
        self._phone = Phone(self._ask, pass_for=phone_pass)
        self.hub: HubProcess | None = None
        self._started_s = 0.0
        self._knows_time = False
        self._offered_version = 0
        self._lives = 0
        self._moved_s: dict[DeviceId, float] = {}

    def _wire(self) -> list[Node]:
        grounds, number = self._grounds, self.layout.number
        kind = self.layout.kind
        house = build_house(kind, seed=grounds.seed + number - 1, options=WORLDS[kind])
        world = LiveWorld(house, self.loop, lambda: from_ms(grounds.wall_ms()))
        return [
            Node(
                f"node{number}-{place}",
                devices,
                kind=kind,
                broker=self.farm_broker,
                world=world,
                loop=self.loop,
                chance=grounds.chance(number, 10 + place),
                moved=self._moved,
            )
            for place, devices in enumerate(self.layout.nodes)
        ]

    def begin(self, desk: Desk, zone: str) -> None:
        """Put the checkers to their places and start the hub."""
        findings = self.findings
        self.desk = desk
        self.rows = RowsCheck(findings, self._grounds.store, self.layout.hub_id)
        self.orders = OrdersCheck(findings, self.layout)
        self.requests = RequestsCheck(findings)
        self.safety = SafetyCheck(
            findings,
            self.layout,
            self.nodes,
            is_held=self.orders.is_held,
            is_card_silent=lambda: self.hub is not None and self.hub.disk.is_stalled,
        )
        self.schedules = SchedulesCheck(findings, zone=zone, wall_ms=self._grounds.wall_ms)
        self.schedules.wanted(desk.document)
        desk.ordered = self.orders.sent
        desk.requested = self.requests.sent
        self.start_hub()

    def note(self, what: str, detail: str = "") -> None:
        """Add to the trace."""
        self._grounds.trace.note(self.loop.time(), what, f"{self.layout.number} {detail}")

    # ------------------------------------------------------------------------------------ the hub

    def start_hub(self) -> None:
        """Let a process of the hub begin on what the card holds."""
        if self.hub is not None:
            return
        self._lives += 1
        self._knows_time = False
        self._started_s = self.loop.time()
        self.note("hub.start")
        wall_ms = self._grounds.wall_ms() + round(self.machine_wall_s * 1000)
        self.hub = HubProcess(
            self.loop,
            Hookup(
                hub_id=self.layout.hub_id,
                folder=self.folder,
                card=self.disk,
                keys=self._grounds.keys,
                clock=LocalClock(self.loop, wall_ms=max(wall_ms, 0)),
                chance=Chance(self._lives * 7919 + self._chance.state % 1000),
                connect=self.line.connect,
                farm_broker=self.farm_broker,
                listener=self,
                asked=self._asked,
                opened=self._opened,
                options=self._grounds.options,
            ),
        )
        self.orders.hub_started()
        self.schedules.hub_started()
        self.safety.hub_started(self.desk.documents.get(self.rows.card.held))

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
        self.disk.cut_power(self._chance)

    def _power_went(self) -> None:
        # The write that meets it fails; the process is gone before it can do anything about it.
        if self.hub is not None:
            self.loop.call_soon(self.cut_power)

    def card_image(self) -> CardImage:
        """Return a copy of the card, with what is known of it."""
        if self.hub is not None and self.hub.journal is not None:
            self.rows.look(self.hub.journal.heads())
        return CardImage(
            taken_ms=self._grounds.wall_ms(),
            journal=self.disk.image(),
            files={
                name: (self.folder / name).read_bytes()
                for name in IMAGE_FILES
                if (self.folder / name).exists()
            },
            notes=self.rows.card.copy(),
        )

    def restore_card(self, image: CardImage) -> None:
        """Put an older image in the place of the card; the hub is off meanwhile."""
        assert self.hub is None, "nobody pulls the card of a running hub"
        self.note("card.restored")
        self.disk.restore(image.journal)
        for name in IMAGE_FILES:
            (self.folder / name).unlink(missing_ok=True)
        for name, data in image.files.items():
            (self.folder / name).write_bytes(data)
        self.rows.card_restored(image.notes)
        self.orders.card_restored()
        self.requests.card_restored()
        self.schedules.card_restored(image.taken_ms)

    def want(self, document: DesiredDocument) -> None:
        """Let people want something else."""
        self.note("document", str(document.version))
        self.schedules.wanted(document)
        self.desk.want(document)

    # --------------------------------------------------------------------------------- the phones

    async def tap_here(self, device_id: DeviceId, body: dict[str, object], *, times: int) -> None:
        """Order something on the hub's own page, so often under the same key."""
        self.note("tap.here", f"{device_id} {body} {times}")
        hub = self.hub
        if hub is None:
            return
        self.orders.tapped_here()
        for reply in await self._phone.tap(device_id, body, times=times):
            self.note("tap.answer", str(reply.status))
            is_begun = reply.status == 202 and reply.body["state"] != "refused"
            if is_begun and self.hub is hub:
                self.orders.promised_here(str(reply.body["id"]))

    async def _ask(self, request: Request) -> Reply | None:
        return None if self.hub is None else await self.hub.ask(request)

    # --------------------------------------------------------------------- what passes, is checked

    @override
    def offered(self, events: Sequence[Row], readings: Sequence[Row]) -> None:
        if readings:
            self.rows.offered(readings)
            self.safety.heard(readings)
            if self._knows_time:
                self._check_times(readings)
        self.schedules.says(events)
        for row in events:
            if isinstance(row, EventRow) and row.type == "desired.taken":
                version = row.data["version"]
                assert isinstance(version, int), "the hub names the version"
                self._holds(version)

    def _holds(self, version: int) -> None:
        self.rows.card.held = max(self.rows.card.held, version)
        self.safety.took(self.desk.documents[version])

    def _check_times(self, rows: Sequence[Row]) -> None:
        now_ms = self._grounds.wall_ms()
        for row in rows:
            if isinstance(row, ReadingRow) and abs(row.t - now_ms) > RIGHT_WITHIN_S * 1000:
                self.findings.broken(
                    "a reading's time is right", f"{(row.t - now_ms) / 1000:.0f} s off"
                )

    @override
    def begun(self, command_id: UUID, row: CommandRow) -> None:
        self.note("order.begun", str(command_id))
        self.orders.started(command_id, row)

    @override
    def begun_unkept(self, command_id: UUID, row: CommandRow) -> None:
        self.note("order.begun_unkept", str(command_id))
        self.orders.started_unkept(command_id, row)

    @override
    def begun_request(self, request_id: str) -> None:
        self.note("request.begun", request_id)
        self.requests.begun(request_id)

    @override
    def kept_aside(self, doses: Sequence[Dose]) -> None:
        self.schedules.kept_aside((str(dose.schedule_id), dose.due_ms) for dose in doses)

    @override
    def renumbering(self, stream: StreamName) -> None:
        self.rows.renumbering(stream)

    def _opened(self, journal: WatchedJournal) -> None:
        self.rows.opened(journal.heads(), replaced=journal.replaced)

    def _asked(self, device_id: DeviceId, level: Level, order: str) -> None:
        self.note("asked", f"{device_id} {level:g}")
        self.orders.asked(device_id, level, order)
        self.safety.asked(device_id, level)

    def _moved(self, device_id: DeviceId, level: Level, order: str | None) -> None:
        self.note("moved", f"{device_id} {level:g} {order}")
        self._moved_s[device_id] = self.loop.time()
        self.safety.moved(device_id)

    def answered(self, leaf: HubLeaf, payload: bytes) -> None:
        """The cloud answers this hub."""
        if leaf is HubLeaf.ACK:
            ack = decode(payload, Ack)
            self.rows.claimed(ack.stream, ack.epoch, ack.acked_through)

    def told(self, rows: Sequence[Row]) -> None:
        """Rows of this hub have come to the cloud."""
        self.orders.told(rows)
        self.requests.told(rows)
        self.schedules.told(rows)

    def _passes(self, way: str, message: Message) -> None:
        leaf, payload = message
        self.note(way, f"{leaf} {len(payload)}")
        if leaf is HubLeaf.HELLO:
            self._greets(decode(payload, Hello).desired_version)
        elif leaf is HubLeaf.DESIRED and self.desk.document.version > self.rows.card.held:
            self._offered_version = self.desk.document.version
            self.safety.may_take(self.desk.document)
            self.schedules.may_change()
        elif leaf is HubLeaf.WELCOME:
            self.orders.hub_welcomed(decode(payload, Welcome).session)
        elif leaf in {HubLeaf.UP, HubLeaf.LIVE}:
            # Whoever speaks in a session was told the time with its welcome.
            self._knows_time = True
            self.orders.hub_in_session(decode(payload, _InSession).session)

    def _greets(self, version: int) -> None:
        if version > self.rows.card.held:
            # It was killed between keeping the document and saying so.
            self._holds(version)
        elif version < self.rows.card.held:
            self.findings.broken(
                "the hub keeps its document", f"it holds {version} after {self.rows.card.held}"
            )

    # ------------------------------------------------------------------------------------ the ticks

    def tick(self) -> None:
        """Check everything that must always be so."""
        hub = self.hub
        if hub is not None and hub.journal is not None:
            self.rows.look(hub.journal.heads())
            if not self.schedules.is_steady:
                self._look_at_schedules(hub.journal)
        self.orders.tick()
        self.safety.tick()
        silent_s = self.line.unanswered_s()
        if silent_s > NOTICES_WITHIN_S:
            self.findings.broken("a half-open line is noticed", f"{silent_s:.0f} s of silence")
        if hub is not None and hub.task.done():
            self._ended(hub)

    def _look_at_schedules(self, journal: WatchedJournal) -> None:
        held = self.desk.documents.get(self.rows.card.held)
        is_settled = self.loop.time() - self._started_s > SETTLES_S and not journal.waiting
        if held is not None and is_settled and held.version >= self._offered_version:
            self.schedules.held(held)

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
        self.orders.check_told()
        self.requests.check()
        self.schedules.check()
        wanted = self.desk.document.version
        if (self.rows.card.held, self.desk.held_version) != (wanted, wanted):
            self.findings.broken(
                "hub and cloud agree on the document",
                f"wanted {wanted}, hub {self.rows.card.held}, cloud {self.desk.held_version}",
            )
        self._check_live()

    def _check_live(self) -> None:
        live = self._grounds.store.kept.live.get(self.layout.hub_id)
        if live is None or self._grounds.wall_ms() - live.t > 15_000:
            self.findings.broken("the cloud sees the hub live", f"{live and live.t}")
            return
        shown = {device.device: device for device in live.devices}
        for node in self.nodes:
            for relay in node.relays.values():
                if self.loop.time() - self._moved_s.get(relay.device.id, -inf) < SHOWS_WITHIN_S:
                    continue
                device = shown.get(str(relay.device.id))
                if device is None or not device.online or device.actual != relay.level:
                    self.findings.broken(
                        "hub and cloud agree on the state",
                        f"{relay.device.name} is at {relay.level:g} %, the cloud says {device}",
                    )
