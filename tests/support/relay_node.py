"""A process with relays on the farm's own broker that writes down each time one of them moves."""

import json
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

import msgspec
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from tests.support.ledger import Moved
from tokkatot.domain.devices import level_of, state_of

HEARTBEAT_S = 10.0
LOOK_EVERY_S = 0.2


class Wiring(msgspec.Struct, frozen=True, kw_only=True):
    """What the process is told: where its broker is, and each relay's name and password."""

    port: int
    farm: str
    log: str
    rest: float
    relays: dict[str, str]


def moves(log: Path) -> Iterator[Moved]:
    """Yield what a process wrote down; a last line that was cut is left out."""
    for line in log.read_bytes().split(b"\n")[:-1]:
        device, level, t_ms = json.loads(line)
        yield Moved(device=device, level=level, t_ms=t_ms)


@dataclass
class Relay:
    """One relay with a connection and a lease of its own."""

    name: str
    password: str
    wiring: Wiring
    log: IO[str]
    level: float
    boot: str = field(default_factory=lambda: uuid4().hex[:8])
    said: int = 0
    lease_end_s: float | None = None
    beaten_s: float = 0.0
    lock: threading.RLock = field(default_factory=threading.RLock)
    client: paho.Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = client = paho.Client(CallbackAPIVersion.VERSION2, client_id=self.name)
        client.username_pw_set(self.name, self.password)
        client.will_set(self.topic("status"), '{"v":1,"online":false}', qos=1, retain=True)
        client.on_connect = self._connected
        client.on_message = self._told
        client.reconnect_delay_set(1, 1)
        client.connect_async("127.0.0.1", self.wiring.port, keepalive=15)
        client.loop_start()

    def topic(self, leaf: str) -> str:
        return f"farm/{self.wiring.farm}/devices/{self.name}/{leaf}"

    def look(self, now_s: float) -> None:
        """Rest when the lease has lapsed, and say from time to time that it is there."""
        with self.lock:
            if self.lease_end_s is not None and now_s > self.lease_end_s:
                self.lease_end_s = None
                self._move(self.wiring.rest)
                self._say(None)
            if now_s > self.beaten_s + HEARTBEAT_S:
                self.beaten_s = now_s
                beat = {"v": 1, "boot": self.boot, "up_ms": 1, "fw": "1", "rssi": -50, "heap": 1}
                self.client.publish(self.topic("heartbeat"), json.dumps(beat))

    def _connected(
        self, client: paho.Client, _data: Any, _flags: Any, code: ReasonCode, _more: Any
    ) -> None:
        if not code.is_failure:
            client.subscribe(self.topic("command"), qos=1)
            with self.lock:
                self._say(None)

    def _told(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        order = json.loads(message.payload)
        with self.lock:
            self.lease_end_s = time.monotonic() + order["lease_s"]  # noqa: TID251 - a real node
            self._move(level_of(order["set"]))
            self._say(order["id"])

    def _move(self, level: float) -> None:
        if level != self.level:
            self.level = level
            t_ms = time.time_ns() // 1_000_000  # noqa: TID251 - a real node's clock
            self.log.write(json.dumps([self.name, level, t_ms]) + "\n")
            self.log.flush()

    def _say(self, last_command: str | None) -> None:
        self.said += 1
        status = {
            "v": 1,
            "boot": self.boot,
            "n": self.said,
            "online": True,
            "actual": state_of(self.level),
            "last_command": last_command,
        }
        self.client.publish(self.topic("status"), json.dumps(status), qos=1, retain=True)


def main(path: Path) -> None:
    """Run until the process is ended."""
    wiring = msgspec.json.decode(path.read_bytes(), type=Wiring)
    with Path(wiring.log).open("a") as log:
        relays = [
            Relay(name=name, password=password, wiring=wiring, log=log, level=wiring.rest)
            for name, password in wiring.relays.items()
        ]
        while True:
            time.sleep(LOOK_EVERY_S)
            for relay in relays:
                relay.look(time.monotonic())  # noqa: TID251 - a real node


if __name__ == "__main__":
    main(Path(sys.argv[1]))
