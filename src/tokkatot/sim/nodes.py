"""The nodes of a simulated house, as their contract wants them, and the house around them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import msgspec

from tokkatot.domain.desired import DeviceConfig
from tokkatot.domain.devices import Level, is_actuator, level_of, rest_level
from tokkatot.domain.houses import HouseKind
from tokkatot.domain.ids import DeviceId
from tokkatot.domain.quantities import SPECS, Quantity
from tokkatot.sim.chance import Chance
from tokkatot.sim.farm_broker import FarmBroker, Said
from tokkatot.sim.houses import SimulatedHouse
from tokkatot.sim.layout import FARM
from tokkatot.sim.network import Mood, Path
from tokkatot.sim.time import VirtualLoop
from tokkatot.wire.messages import (
    NodeCommand,
    NodeHeartbeat,
    NodeSensor,
    NodeStatus,
    decode,
    encode,
)
from tokkatot.wire.topics import NodeLeaf, NodeTopic

HEARTBEAT_S: Final = 30.0
WILL_AFTER_S: Final = 20.0
"""So long after a node was last heard its broker speaks its last will."""

_MARK: Final = 1e-7
"""Each value is made unlike any other by its number, far below what a sensor can tell."""


@dataclass(slots=True)
class _Relay:
    """An actuator on a node: where it is, by whose order, and until when that holds."""

    device: DeviceConfig
    rest: Level
    level: Level
    order: str | None = None
    lease_until_s: float = 0.0
    n: int = 0


@dataclass(slots=True)
class _Probe:
    """A sensor on a node."""

    device: DeviceConfig
    n: int = 0
    offsets: dict[Quantity, float] = field(default_factory=dict)
    frozen: dict[Quantity, float] | None = None


Moved = Callable[[DeviceId, Level, str | None], None]
"""Is told of every relay that moves, with the order that moved it."""


class Node:
    """An ESP32 with one radio, sensors and relays, as the contract of the nodes wants it."""

    def __init__(
        self,
        name: str,
        devices: Sequence[DeviceConfig],
        *,
        kind: HouseKind,
        broker: FarmBroker,
        world: "LiveWorld",
        loop: VirtualLoop,
        chance: Chance,
        moved: Moved,
    ) -> None:
        self.name = name
        self.mood = Mood(delay_s=0.02)
        self.is_silent = False
        """Its sensors say nothing; all else works."""
        self.marks = 0
        self._farm = str(FARM)
        self._broker = broker
        self._world = world
        self._loop = loop
        self._chance = chance
        self._moved = moved
        self._boots = 0
        self._boot_s = 0.0
        self._is_on = False
        self._heard_s = 0.0
        self._up: Path[Said] = Path(loop, chance, self.mood, self._arrived)
        self._down: Path[tuple[str, bytes]] = Path(loop, chance, self.mood, self._commanded)
        self.probes = [_Probe(device) for device in devices if not is_actuator(device.role)]
        self.relays = {
            device.hardware_id: _Relay(device, rest := rest_level(device.role, kind), rest)
            for device in devices
            if is_actuator(device.role)
        }
        for hardware_id in self.relays:
            broker.attach(hardware_id, self._path_to(hardware_id))
        loop.call_later(chance.uniform() * 5.0, self._sense)
        loop.call_later(chance.uniform() * 5.0, self._beat)
        loop.call_later(WILL_AFTER_S, self._will)
        self.boot()

    def boot(self) -> None:
        """Start: everything rests, and says so."""
        self._boots += 1
        self._boot_s = self._loop.time()
        self._is_on = True
        for relay in self.relays.values():
            relay.order, relay.lease_until_s, relay.n = None, 0.0, 0
            self._move(relay, relay.rest)
            self._report(relay)
        for probe in self.probes:
            probe.n = 0

    def fail(self) -> None:
        """Lose power: relays fall to their rest by themselves."""
        self._is_on = False
        for relay in self.relays.values():
            self._move(relay, relay.rest)

    def reconnect(self) -> None:
        """Be on the air again: who connects says what it does, in the place of its last will."""
        if self._is_on:
            for relay in self.relays.values():
                self._report(relay)

    def _path_to(self, hardware_id: str) -> Callable[[bytes], None]:
        return lambda payload: self._down.send((hardware_id, payload))

    def _arrived(self, said: Said) -> None:
        self._heard_s = self._loop.time()
        self._broker.say(said)

    # --------------------------------------------------------------------------------- what it says

    def _sense(self) -> None:
        if not self.probes:
            return
        # No two of its periods are the same: a cheap oscillator, and what else it has to do.
        self._loop.call_later(
            self.probes[0].device.period_s - 0.2 * self._chance.uniform(), self._sense
        )
        if not self._is_on or self.is_silent:
            return
        for probe in self.probes:
            probe.n += 1
            values = {
                str(quantity): msgspec.Raw(msgspec.json.encode(self._value(probe, quantity)))
                for quantity in probe.device.quantities
            }
            self._say(
                probe.device,
                NodeLeaf.SENSOR,
                encode(
                    NodeSensor(boot=self._boot(), n=probe.n, up_ms=self._up_ms(), values=values)
                ),
            )

    def _value(self, probe: _Probe, quantity: Quantity) -> float:
        if probe.frozen is not None and quantity in probe.frozen:
            value = probe.frozen[quantity]
        else:
            channel = f"{probe.device.address['channel']}.{quantity}"
            value = self._world.read(channel) + probe.offsets.get(quantity, 0.0)
        self.marks += 1
        spec = SPECS[quantity]
        return min(max(value, spec.minimum), spec.maximum - 0.1) + self.marks * _MARK

    def freeze(self, quantity: Quantity) -> None:
        """Let a sensor show for ever what it shows now."""
        for probe in self.probes:
            if quantity in probe.device.quantities:
                channel = f"{probe.device.address['channel']}.{quantity}"
                probe.frozen = {quantity: self._world.read(channel)}

    def _beat(self) -> None:
        self._loop.call_later(HEARTBEAT_S, self._beat)
        if not self._is_on:
            return
        beat = encode(NodeHeartbeat(boot=self._boot(), up_ms=self._up_ms(), fw="sim"))
        for probe in self.probes:
            self._say(probe.device, NodeLeaf.HEARTBEAT, beat)
        for relay in self.relays.values():
            self._report(relay)

    def _report(self, relay: _Relay) -> None:
        relay.n += 1
        status = NodeStatus(
            boot=self._boot(),
            n=relay.n,
            online=True,
            actual="on" if relay.level == 100.0 else "off" if relay.level == 0.0 else relay.level,
            last_command=relay.order,
        )
        self._say(relay.device, NodeLeaf.STATUS, encode(status), retained=True)

    def _will(self) -> None:
        """What the broker says of a node that it does not hear any more."""
        self._loop.call_later(WILL_AFTER_S, self._will)
        if self._loop.time() - self._heard_s < 2 * HEARTBEAT_S:
            return
        for relay in self.relays.values():
            topic = NodeTopic(
                farm=self._farm, device=relay.device.hardware_id, leaf=NodeLeaf.STATUS
            )
            self._broker.say(Said(str(topic), encode(NodeStatus(online=False)), retained=True))

    def _say(
        self, device: DeviceConfig, leaf: NodeLeaf, payload: bytes, *, retained: bool = False
    ) -> None:
        topic = NodeTopic(farm=self._farm, device=device.hardware_id, leaf=leaf)
        self._up.send(Said(str(topic), payload, retained))

    def _boot(self) -> str:
        return f"{self.name}-{self._boots}"

    def _up_ms(self) -> int:
        return round((self._loop.time() - self._boot_s) * 1000)

    # ------------------------------------------------------------------------------ what it is told

    def _commanded(self, said: tuple[str, bytes]) -> None:
        hardware_id, payload = said
        relay = self.relays[hardware_id]
        if not self._is_on:
            return
        command = decode(payload, NodeCommand)
        relay.lease_until_s = self._loop.time() + command.lease_s
        self._loop.call_later(command.lease_s + 0.001, self._lapse, relay)
        is_new = relay.order != command.id
        relay.order = command.id
        if self._move(relay, level_of(command.set)) or is_new:
            self._report(relay)

    def _lapse(self, relay: _Relay) -> None:
        if self._is_on and self._loop.time() >= relay.lease_until_s and relay.level != relay.rest:
            relay.order = None
            self._move(relay, relay.rest)
            self._report(relay)

    def _move(self, relay: _Relay, level: Level) -> bool:
        if relay.level == level:
            return False
        relay.level = level
        self._world.write(str(relay.device.address["channel"]), level)
        self._moved(relay.device.id, level, relay.order)
        return True


class LiveWorld:
    """A house that is brought to now whenever somebody looks at it."""

    def __init__(
        self, house: SimulatedHouse, loop: VirtualLoop, now: Callable[[], datetime]
    ) -> None:
        self._house = house
        self._loop = loop
        self._now = now
        self._at_s = loop.time()

    def read(self, channel: str) -> float:
        """Return what a sensor shows."""
        self._advance()
        value = self._house.read(channel)
        assert value is not None, "the house has this sensor"
        return value

    def write(self, channel: str, level: Level) -> None:
        """Switch an output."""
        self._advance()
        self._house.write(channel, level)

    def _advance(self) -> None:
        elapsed_s = self._loop.time() - self._at_s
        if elapsed_s >= 0.5:
            self._at_s = self._loop.time()
            self._house.advance(elapsed_s, self._now())
