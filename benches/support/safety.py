"""How soon a hub has its house in hand: after its start, and when its thermometer falls silent."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, sleep
from uuid import UUID

from benches.support.lone_farm import LOGIN, Nodes, lone_hub, relay, sensor
from benches.support.statistics import spread
from tests.support.processes import free_port
from tests.support.site import HubProgram
from tests.support.weight import resident_mb
from tokkatot.domain.desired import DeviceConfig, HouseConfig
from tokkatot.domain.devices import DeviceRole
from tokkatot.domain.houses import DEFAULT_SETPOINTS, HouseKind
from tokkatot.domain.ids import HouseId
from tokkatot.domain.quantities import Quantity

BOOT, STALE, MEMORY = "boot_to_control_s", "stale_to_safe_s", "hub_rss_mb"
FIGURES = (BOOT, STALE, MEMORY)

BOOTS = 5
COOPS = 10
COLD_C = 18.0
STALE_AFTER_S = 30.0
"""Three periods of a sensor, at least this: the period here is the shortest in use."""

PERIOD_S = 1.0
ANSWER_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Coop:
    """A coop with what keeps its birds alive."""

    house: HouseConfig
    thermometer: DeviceConfig
    fan: DeviceConfig
    heater: DeviceConfig

    @property
    def devices(self) -> tuple[DeviceConfig, ...]:
        return (self.thermometer, self.fan, self.heater)


def measure(
    folder: Path, figures: Sequence[str], say: Callable[[str], None]
) -> Iterator[tuple[str, float]]:
    """Measure what is asked for on a hub with ten coops."""
    coops = [_coop(number + 1) for number in range(COOPS)]
    devices = [device for coop in coops for device in coop.devices]
    port = free_port()
    hub = lone_hub(
        folder,
        houses=[coop.house for coop in coops],
        devices=devices,
        broker_port=port,
        runs_broker=True,
    )
    if BOOT in figures:
        took_s = [_boot(hub, Nodes(port, devices, login=LOGIN), coops) for _ in range(BOOTS)]
        say(f"boots took {', '.join(f'{one:.2f} s' for one in took_s)}")
        yield BOOT, max(took_s)
    if {STALE, MEMORY} & set(figures):
        hub.start()
        try:
            with Nodes(port, devices, login=LOGIN) as nodes:
                late_s = list(_fall_silent(nodes, coops, say))
            say(f"relays were safe after {spread(late_s, 's')}")
            yield STALE, max(late_s)
            yield MEMORY, resident_mb(hub.pid)
        finally:
            hub.stop()


def _coop(number: int) -> _Coop:
    house = HouseId(UUID(int=number))
    return _Coop(
        house=HouseConfig(
            id=house,
            number=number,
            name=f"Coop {number}",
            kind=HouseKind.COOP,
            setpoints=DEFAULT_SETPOINTS[HouseKind.COOP],
        ),
        thermometer=sensor(house, 0, Quantity.TEMPERATURE, period_s=PERIOD_S),
        fan=relay(house, 1, DeviceRole.FAN),
        heater=relay(house, 2, DeviceRole.HEATER),
    )


def _boot(hub: HubProgram, nodes: Nodes, coops: Sequence[_Coop]) -> float:
    """Start a hub whose nodes knock at its broker, until the last relay was told what to do."""
    waiting = {relay.hardware_id for coop in coops for relay in (coop.fan, coop.heater)}
    last_s = began_s = perf_counter()
    with ThreadPoolExecutor(1) as aside:
        started = aside.submit(hub.start)
        with nodes:
            while waiting:
                heard = nodes.heard.get(timeout=ANSWER_S)
                waiting.discard(heard.node)
                last_s = heard.at_s
        started.result()
    hub.stop()
    return last_s - began_s


def _fall_silent(
    nodes: Nodes, coops: Sequence[_Coop], say: Callable[[str], None]
) -> Iterator[float]:
    """Keep it cold until every coop heats, then say nothing more; yield how late relays rest."""
    say(f"{len(coops)} thermometers fall silent")
    cold = {(coop.heater.hardware_id, "on") for coop in coops} | {
        (coop.fan.hardware_id, "off") for coop in coops
    }
    said_s: dict[str, float] = {}
    end_s = perf_counter() + ANSWER_S
    while cold or not said_s:
        assert perf_counter() < end_s, f"{cold} were not told within {ANSWER_S:g} s"
        for coop in coops:
            celsius = COLD_C + perf_counter() % 1
            said_s[coop.thermometer.hardware_id] = nodes.measured(
                coop.thermometer.hardware_id, temperature=celsius
            )
            sleep(PERIOD_S / len(coops))
        while nodes.heard.qsize():
            heard = nodes.heard.get()
            cold.discard((heard.node, heard.level))
    thermometers = {
        (device.hardware_id, level): coop.thermometer.hardware_id
        for coop in coops
        for device, level in ((coop.heater, "off"), (coop.fan, "on"))
    }
    while thermometers:
        heard = nodes.heard.get(timeout=STALE_AFTER_S + ANSWER_S)
        thermometer = thermometers.pop((heard.node, heard.level), None)
        if thermometer is not None:
            yield heard.at_s - said_s[thermometer] - STALE_AFTER_S
