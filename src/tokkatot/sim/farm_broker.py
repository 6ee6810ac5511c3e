"""The broker on the simulated farm, between its nodes and its hub."""

from collections.abc import Callable
from dataclasses import dataclass

from tokkatot.hub.drivers.mqtt_node.source import Publish
from tokkatot.wire.topics import parse_node_topic


@dataclass(frozen=True, slots=True)
class Said:
    """A message of a node on its way to the broker."""

    topic: str
    payload: bytes
    retained: bool


class FarmBroker:
    """The broker on the farm: it holds what is retained, and passes on what comes."""

    def __init__(self) -> None:
        self._retained: dict[str, bytes] = {}
        self._nodes: dict[str, Callable[[bytes], None]] = {}
        self._hub: Callable[[str, bytes, bool], None] | None = None
        self.is_down = False

    def attach(self, name: str, hear: Callable[[bytes], None]) -> None:
        """Let a device hear its commands."""
        self._nodes[name] = hear

    def connect(self, hear: Callable[[str, bytes, bool], None]) -> bool:
        """Let the hub hear everything, what is retained first; False while the broker is down."""
        if self.is_down:
            return False
        self._hub = hear
        for topic, payload in self._retained.items():
            hear(topic, payload, True)  # noqa: FBT003 - the flag of MQTT
        return True

    def leave(self, hear: Callable[[str, bytes, bool], None]) -> None:
        """This connection of the hub is gone; a later one stays."""
        if self._hub is hear:
            self._hub = None

    def say(self, said: Said) -> None:
        """Take a node's message."""
        if self.is_down:
            return
        if said.retained:
            self._retained[said.topic] = said.payload
        if self._hub is not None:
            self._hub(said.topic, said.payload, False)  # noqa: FBT003 - the flag of MQTT

    def order(self, message: Publish) -> None:
        """Take the hub's message to a node."""
        topic = parse_node_topic(message.topic)
        hear = None if topic is None else self._nodes.get(topic.device)
        if hear is not None and not self.is_down:
            hear(message.payload)
