"""The nodes' protocol without a socket: messages go in, observations and messages come out."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from msgspec import Struct

from tokkatot.domain.desired import DeviceConfig
from tokkatot.domain.devices import DeviceRole, Level, is_actuator, level_of, state_of
from tokkatot.domain.ids import DeviceId, FarmId
from tokkatot.domain.quantities import Quality, Quantity, Refusal, check_value
from tokkatot.domain.readings import Reading, RefusedReading
from tokkatot.hub.drivers.mqtt_node.options import MqttNodeOptions
from tokkatot.hub.drivers.port import (
    Observation,
    Position,
    Presence,
    Reported,
    Sampled,
    Stranger,
)
from tokkatot.wire.messages import (
    MessageError,
    NodeCommand,
    NodeHeartbeat,
    NodeSensor,
    NodeStatus,
    decode,
    encode,
)
from tokkatot.wire.topics import (
    DROPPED_TOPIC,
    FacilityTopic,
    NodeLeaf,
    NodeTopic,
    parse_facility_topic,
    parse_node_topic,
)

MISSED_HEARTBEATS = 3
UNNUMBERED = "?"
"""A status without `boot` comes from a node that does not number what it says."""

MAX_STRANGERS = 256
STRANGER_AGAIN_S = 3600.0
MAX_RAW = 64

FRESH_MS = 60_000
"""A value that says it is older than this is kept as history and does not steer."""

OLDEST_MS = 30 * 86_400_000
AHEAD_MS = 60_000
"""A node's clock is believed up to a month back (it may have buffered) and a minute ahead."""

MAX_RUSH_MS = 1_000
"""So far ahead of the clock goes a node that says more than one value a millisecond."""


class _FacilityValue(Struct, frozen=True):
    """A third-party gateway's reading with its own time."""

    value: msgspec.Raw
    t: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Publish:
    """A message to send."""

    topic: str
    payload: bytes


@dataclass(slots=True, kw_only=True)
class _Wanted:
    """The level that a node is to hold; it is said again until it is replaced."""

    level: Level
    order: str
    due_s: float


@dataclass(slots=True, kw_only=True)
class _Node:
    """A registered device as it was heard."""

    device: DeviceConfig
    topic_name: str | None = None
    heard_s: float | None = None
    online: bool = False
    boot: str | None = None
    dated_ms: int = 0
    seen: dict[NodeLeaf, int] = field(default_factory=dict)
    wanted: _Wanted | None = None

    def change_box(self) -> None:
        """Forget how the box that was there is called and counts; the new one is told at once."""
        self.topic_name = self.boot = None
        self.seen.clear()
        if self.wanted is not None:
            self.wanted.due_s = -math.inf


class NodeBook:
    """Knows the registered devices, what they last said, and what they are to hold."""

    def __init__(
        self,
        *,
        driver: str,
        farm_id: FarmId,
        options: MqttNodeOptions,
        positions: Mapping[str, int],
    ) -> None:
        self.dropped: Counter[str] = Counter()
        self._driver = driver
        self._farm = str(farm_id)
        self._options = options
        self._positions = dict(positions)
        self._nodes: dict[DeviceId, _Node] = {}
        self._by_name: dict[str, _Node] = {}
        self._strangers: dict[str, float] = {}
        self._broker_dropped: int | None = None

    @property
    def subscriptions(self) -> Mapping[str, int]:
        """Return the topics to listen to, and the QoS of the way from the broker to the hub.

        Values take one packet each where an acknowledgement would double the work of a rush. None
        is lost for it: the way is a TCP connection, and the broker keeps nothing for a session that
        has ended, whatever the QoS. What it has no room for it counts.
        """
        devices = f"farm/{self._farm}/devices/+"
        return {
            f"{devices}/{NodeLeaf.SENSOR}": 0,
            f"{devices}/{NodeLeaf.STATUS}": 1,
            f"{devices}/{NodeLeaf.HEARTBEAT}": 0,
            "facility/+/sensors/+": 0,
            DROPPED_TOPIC: 0,
        }

    def adopt(self, devices: Sequence[DeviceConfig]) -> None:
        """Take over exactly these devices; what is known of those that stay is kept."""
        nodes: dict[DeviceId, _Node] = {}
        for device in devices:
            node = self._nodes.get(device.id) or _Node(device=device)
            if node.device.hardware_id != device.hardware_id:
                node.change_box()
            node.device = device
            nodes[device.id] = node
        self._nodes = nodes
        self._by_name = {
            name: node
            for node in nodes.values()
            for name in (node.device.hardware_id, str(node.device.id))
        }
        for name in self._by_name:
            self._strangers.pop(name, None)

    def knows(self, device_id: DeviceId) -> bool:
        """Tell whether a device was adopted."""
        return device_id in self._nodes

    def want(self, device_id: DeviceId, level: Level, order: str, now_s: float) -> list[Publish]:
        """Remember what a device is to hold, and return the order to send now."""
        node = self._nodes[device_id]
        due_s = now_s + self._options.repeat_s
        node.wanted = _Wanted(level=level, order=order, due_s=due_s)
        return list(self._orders(node, node.wanted))

    def due(self, now_s: float) -> Iterator[Publish]:
        """Yield the orders that are to be said again, so that their lease goes on.

        Each is what is wanted when it is asked for: while one is sent, another may be given.
        """
        for node in tuple(self._nodes.values()):
            wanted = node.wanted
            if wanted is None or now_s < wanted.due_s:
                continue
            wanted.due_s = now_s + self._options.repeat_s
            for message in self._orders(node, wanted):
                if node.wanted is wanted:
                    yield message

    def silent(self, now_s: float) -> list[Observation]:
        """Return the devices that have missed their heartbeats."""
        longest_s = MISSED_HEARTBEATS * self._options.heartbeat_s
        gone = [
            node
            for node in self._nodes.values()
            if node.online and node.heard_s is not None and now_s - node.heard_s > longest_s
        ]
        return [self._presence(node, online=False) for node in gone]

    def lost(self) -> list[Observation]:
        """Return all devices as gone: without the broker nothing is known of any."""
        return [self._presence(node, online=False) for node in self._nodes.values() if node.online]

    def note_broker(self, payload: bytes) -> None:
        """Count what the broker had no room for; what it says first was before our time."""
        if not payload.isdigit():
            return
        dropped, before = int(payload), self._broker_dropped
        if before is not None and dropped > before:
            self.dropped["broker"] += dropped - before
        self._broker_dropped = dropped

    def receive(
        self, topic: str, payload: bytes, *, retained: bool, now_s: float, now_ms: int
    ) -> list[Observation]:
        """Return what a message tells; what can't be understood is counted and dropped."""
        facility = parse_facility_topic(topic)
        if facility is not None:
            return self._facility(facility, payload, now_s, now_ms, retained=retained)
        address = parse_node_topic(topic)
        if address is None or address.farm != self._farm:
            return self._drop("topic")
        node = self._by_name.get(address.device)
        if node is None:
            return self._stranger(address.device, str(address.leaf), now_s)
        try:
            match address.leaf:
                case NodeLeaf.STATUS:
                    status = decode(payload, NodeStatus)
                    return self._status(node, address, status, now_s, retained=retained)
                case NodeLeaf.SENSOR if not retained:
                    sensor = decode(payload, NodeSensor)
                    return self._sensor(node, address, sensor, now_s, now_ms)
                case NodeLeaf.HEARTBEAT if not retained:
                    decode(payload, NodeHeartbeat)
                    return self._heard(node, address, now_s)
                case NodeLeaf.SENSOR | NodeLeaf.HEARTBEAT:
                    # The contract never retains these: nobody knows how old it is.
                    return self._drop("retained")
                case NodeLeaf.COMMAND | NodeLeaf.FW_UPDATE:
                    return self._drop("topic")
        except MessageError:
            return self._drop(str(address.leaf))

    # ------------------------------------------------------------------------ what nodes say

    def _status(
        self, node: _Node, address: NodeTopic, status: NodeStatus, now_s: float, *, retained: bool
    ) -> list[Observation]:
        if not status.online:
            # The last will carries no numbers of its own, so it is never taken for a repetition.
            return [self._presence(node, online=False)] if node.online else []
        rebooted = node.boot is not None and status.boot != node.boot
        if self._repeated(node, NodeLeaf.STATUS, status.boot, status.n):
            if not retained:
                return self._drop("repeated")
            return self._heard(node, address, now_s)
        # A retained status of a node that is online stands for its presence until the heartbeats
        # that are then due fail to come: the broker would hold the last will otherwise.
        observations = self._heard(node, address, now_s)
        if not is_actuator(node.device.role) and node.device.role is not DeviceRole.STOP_BUTTON:
            return observations
        level = None if status.actual is None else level_of(status.actual)
        observations.append(
            Reported(
                device_id=node.device.id,
                level=level,
                error=None if status.error is None else status.error[:MAX_RAW],
                last_command=None if retained else status.last_command,
            )
        )
        if node.wanted is not None and (rebooted or retained):
            node.wanted.due_s = now_s  # it rests after a start: tell it at once
        return observations

    def _sensor(
        self, node: _Node, address: NodeTopic, sensor: NodeSensor, now_s: float, now_ms: int
    ) -> list[Observation]:
        if self._repeated(node, NodeLeaf.SENSOR, sensor.boot, sensor.n):
            return self._drop("repeated")
        observations = self._heard(node, address, now_s)
        t_ms, quality = _time(node, sensor.t, now_ms)
        readings: list[Reading] = []
        refused: list[RefusedReading] = []
        for quantity, raw in sensor.values.items():
            taken = _take(node.device.id, quantity, raw, t_ms, quality)
            if isinstance(taken, Reading):
                readings.append(taken)
            else:
                refused.append(taken)
        observations.append(
            Sampled(
                readings=tuple(readings),
                refused=tuple(refused),
                live=abs(now_ms - t_ms) <= FRESH_MS,
            )
        )
        return observations

    def _facility(
        self, topic: FacilityTopic, payload: bytes, now_s: float, now_ms: int, *, retained: bool
    ) -> list[Observation]:
        node = self._gateway(topic)
        if node is None:
            name = f"facility/{topic.house_id}/{topic.quantity}"
            return self._stranger(name, "sensors", now_s)
        try:
            raw, said_ms = _facility_value(payload)
        except MessageError:
            return self._drop("facility")
        position: Position | None = None
        is_believable = said_ms is None or _is_believable(said_ms, now_ms)
        if said_ms is not None and retained and not is_believable:
            refusal = _refused(node.device.id, topic.quantity, raw, said_ms, Refusal.BAD_TIME)
            return [Sampled(refused=(refusal,), live=False)]
        if said_ms is not None and is_believable:
            # Retained values come again at every connection; the time tells which are known.
            source = f"{self._driver}:facility/{topic.house_id}/{topic.quantity}"
            if said_ms <= self._positions.get(source, -1):
                return self._drop("repeated")
            self._positions[source] = said_ms
            position = Position(source=source, value=said_ms)
        elif retained:
            return self._drop("retained")  # a bare number that may be of any age
        t_ms, quality = _time(node, said_ms, now_ms)
        taken = _take(node.device.id, topic.quantity, raw, t_ms, quality)
        observations: list[Observation] = []
        if not node.online:
            observations.append(self._presence(node, online=True))
        observations.append(
            Sampled(
                readings=(taken,) if isinstance(taken, Reading) else (),
                refused=() if isinstance(taken, Reading) else (taken,),
                position=position,
                live=abs(now_ms - t_ms) <= FRESH_MS,
            )
        )
        return observations

    # --------------------------------------------------------------------------- small steps

    def _gateway(self, topic: FacilityTopic) -> _Node | None:
        fitting = [
            node
            for node in self._nodes.values()
            if node.device.house_id == topic.house_id
            and topic.quantity in node.device.quantities
            and not is_actuator(node.device.role)
        ]
        # A device that was registered for the gateway goes before a node of the same quantity.
        fitting.sort(key=_facility_first)
        return fitting[0] if fitting else None

    def _heard(self, node: _Node, address: NodeTopic, now_s: float) -> list[Observation]:
        node.heard_s = now_s
        node.topic_name = address.device
        if node.online:
            return []
        if node.wanted is not None:
            node.wanted.due_s = now_s
        return [self._presence(node, online=True)]

    def _presence(self, node: _Node, *, online: bool) -> Presence:
        node.online = online
        return Presence(device_id=node.device.id, online=online)

    def _repeated(self, node: _Node, leaf: NodeLeaf, boot: str, n: int) -> bool:
        if boot == UNNUMBERED:
            return False
        if node.boot != boot:
            node.boot = boot
            node.seen.clear()
        if n <= node.seen.get(leaf, -1):
            return True
        node.seen[leaf] = n
        return False

    def _stranger(self, name: str, leaf: str, now_s: float) -> list[Observation]:
        self.dropped["stranger"] += 1
        name = name[:MAX_RAW]
        told_s = self._strangers.get(name)
        if told_s is not None and now_s - told_s < STRANGER_AGAIN_S:
            return []
        if told_s is None and len(self._strangers) >= MAX_STRANGERS:
            oldest = next(iter(self._strangers))
            if now_s - self._strangers[oldest] < STRANGER_AGAIN_S:
                return []
            del self._strangers[oldest]
        self._strangers.pop(name, None)  # told again, it is the youngest
        self._strangers[name] = now_s
        return [Stranger(hardware_id=name, driver=self._driver, detail=leaf)]

    def _drop(self, why: str) -> list[Observation]:
        self.dropped[why] += 1
        return []

    def _orders(self, node: _Node, wanted: _Wanted) -> Iterator[Publish]:
        state = state_of(wanted.level)
        assert state in {"on", "off"} or isinstance(state, float), "as the contract writes levels"
        payload = encode(
            NodeCommand(
                id=wanted.order,
                set="on" if state == "on" else "off" if state == "off" else wanted.level,
                lease_s=self._options.lease_s,
            )
        )
        # Until a node was heard nobody knows by which of its two names it listens.
        names = (
            (node.device.hardware_id, str(node.device.id))
            if node.topic_name is None
            else (node.topic_name,)
        )
        for name in names:
            topic = NodeTopic(farm=self._farm, device=name, leaf=NodeLeaf.COMMAND)
            yield Publish(topic=str(topic), payload=payload)


def _facility_first(node: _Node) -> tuple[bool, DeviceId]:
    return not node.device.address.get("facility", False), node.device.id


def _time(node: _Node, said_ms: int | None, now_ms: int) -> tuple[int, Quality]:
    """Return the time of a node's values: its own where it can be believed, else their arrival."""
    if said_ms is None:
        return _arrival(node, now_ms), Quality.GOOD
    if _is_believable(said_ms, now_ms):
        return said_ms, Quality.GOOD
    return _arrival(node, now_ms), Quality.ESTIMATED


def _is_believable(said_ms: int, now_ms: int) -> bool:
    return now_ms - OLDEST_MS <= said_ms <= now_ms + AHEAD_MS


def _arrival(node: _Node, now_ms: int) -> int:
    """Return when a node's message came: never twice the same, or one would hide the other."""
    if now_ms <= node.dated_ms < now_ms + MAX_RUSH_MS:
        now_ms = node.dated_ms + 1
    node.dated_ms = now_ms
    return now_ms


def _facility_value(payload: bytes) -> tuple[msgspec.Raw, int | None]:
    if payload.lstrip()[:1] == b"{":
        message = decode(payload, _FacilityValue)
        return message.value, message.t
    if len(payload) > MAX_RAW:
        raise MessageError("no number")
    return msgspec.Raw(payload), None


def _take(
    device_id: DeviceId, quantity: str, raw: msgspec.Raw, t_ms: int, quality: Quality
) -> Reading | RefusedReading:
    value = _number(raw)
    reason = check_value(quantity, value)
    if reason is None and isinstance(value, (int, float)):
        return Reading(
            device_id=device_id,
            quantity=Quantity(quantity),
            t_ms=t_ms,
            value=float(value),
            quality=quality,
        )
    return _refused(device_id, quantity, raw, t_ms, reason or Refusal.NOT_A_NUMBER)


def _number(raw: msgspec.Raw) -> object:
    try:
        value: object = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        text = bytes(raw).strip().lower()
        # JSON has no word for these, but gateways write them all the same.
        return {b"nan": math.nan, b"inf": math.inf, b"infinity": math.inf, b"": None}.get(
            text, "garbage"
        )
    return value


def _refused(
    device_id: DeviceId, quantity: str, raw: msgspec.Raw, t_ms: int, reason: Refusal
) -> RefusedReading:
    return RefusedReading(
        device_id=device_id,
        quantity=quantity[:MAX_RAW],
        t_ms=t_ms,
        raw=bytes(raw)[:MAX_RAW].decode("utf-8", errors="replace"),
        reason=reason,
    )
