"""How soon a relay rests after a person has pressed stop on the hub's own page."""

from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from uuid import UUID

import httpx

from benches.support.lone_farm import FARM_ID, LOGIN, Nodes, lone_hub, relay, sensor
from benches.support.statistics import p99, spread
from tests.support.processes import free_port
from tokkatot.domain.desired import DeviceConfig, HouseConfig
from tokkatot.domain.devices import DeviceRole
from tokkatot.domain.houses import DEFAULT_SETPOINTS, HouseKind
from tokkatot.domain.ids import HouseId, RuleId
from tokkatot.domain.quantities import Quantity
from tokkatot.domain.rules import Comparison, Condition, Threshold
from tokkatot.hub.web.pin import read_pin

HOUSES = 10
CYCLES = 12
"""A relay may start 20 times an hour; each stop is followed by another start."""

BRIGHT_LX = 200.0
WITHIN_S = 20.0


def measure(folder: Path, say: Callable[[str], None]) -> float:
    """Return the 99th percentile in milliseconds, from the request to the order at the node."""
    houses = [HouseId(UUID(int=number + 1)) for number in range(HOUSES)]
    lights = [sensor(house, 0, Quantity.ILLUMINANCE) for house in houses]
    screens = [relay(house, 1, DeviceRole.SCREEN) for house in houses]
    devices = [*lights, *screens]
    port = free_port()
    hub = lone_hub(
        folder,
        houses=[_house(*one) for one in zip(houses, screens, strict=True)],
        devices=devices,
        broker_port=port,
        runs_broker=True,
    )
    hub.start()
    try:
        with (
            Nodes(port, devices, login=LOGIN) as nodes,
            httpx.Client(base_url=f"{hub.url}/v1", timeout=WITHIN_S) as phone,
        ):
            entered = phone.post("/auth/hub-pass", json={"pin": read_pin(folder / "data")})
            phone.headers["Authorization"] = f"Bearer {entered.json()['access_token']}"
            # What a node says before the hub listens is lost, as on any farm.
            nodes.expect_all({(one.hardware_id, "off") for one in screens}, within_s=WITHIN_S)
            say(f"stopping {HOUSES} houses {CYCLES} times each")
            took_ms: list[float] = []
            for _ in range(CYCLES):
                for light in lights:
                    nodes.measured(light.hardware_id, illuminance=BRIGHT_LX)
                nodes.expect_all({(one.hardware_id, "on") for one in screens}, within_s=WITHIN_S)
                took_ms += [_stop(phone, nodes, screen) * 1000 for screen in screens]
                for house in houses:
                    phone.delete(f"/farms/{FARM_ID}/houses/{house}/stop").raise_for_status()
    finally:
        hub.stop()
    say(spread(took_ms, "ms"))
    return p99(took_ms)


def _house(house: HouseId, screen: DeviceConfig) -> HouseConfig:
    """Return a house that pulls its screen while the sun is bright."""
    shade = Threshold(
        id=RuleId(house),
        name="shade",
        when=Condition(
            quantity=Quantity.ILLUMINANCE, comparison=Comparison.ABOVE, threshold=BRIGHT_LX / 2
        ),
        devices=(screen.id,),
    )
    return HouseConfig(
        id=house,
        number=house.int,
        name=f"House {house.int}",
        kind=HouseKind.GREENHOUSE,
        setpoints=DEFAULT_SETPOINTS[HouseKind.GREENHOUSE],
        rules=(shade,),
    )


def _stop(phone: httpx.Client, nodes: Nodes, screen: DeviceConfig) -> float:
    at_s = perf_counter()
    phone.post(f"/farms/{FARM_ID}/houses/{screen.house_id}/stop").raise_for_status()
    return nodes.expect(screen.hardware_id, "off", within_s=WITHIN_S).at_s - at_s
