"""The driver of simulated hardware against a world of its own."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import pytest
from typing_extensions import override

from tests.support.engine import HOUSE
from tokkatot.domain.desired import DeviceConfig
from tokkatot.domain.devices import DeviceRole, Interface, Level
from tokkatot.domain.ids import DeviceId
from tokkatot.domain.quantities import Quantity, Refusal
from tokkatot.hub.drivers.port import DriverError, Observation, Presence, Reported, Sampled
from tokkatot.hub.drivers.simulated.driver import SimulatedDriver
from tokkatot.hub.drivers.simulated.source import World
from tokkatot.kit.clock import ManualClock

PUMP, TANK = DeviceId(UUID(int=1)), DeviceId(UUID(int=2))


class Tub(World):
    """A tub with a pump that follows with the next step of time."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.shows: float | None = 40.0
        self.wanted = 0.0
        self.now = 0.0

    @override
    def advance(self, dt_s: float, utc: datetime) -> None:
        self.seconds += dt_s
        self.now = self.wanted

    @override
    def read(self, channel: str) -> float | None:
        assert channel == "tank.water_level", "the sensor's channel and quantity"
        return self.shows

    @override
    def write(self, channel: str, level: Level) -> None:
        if channel != "pump":
            raise LookupError(channel)
        self.wanted = level

    @override
    def level(self, channel: str) -> Level:
        if channel != "pump":
            raise LookupError(channel)
        return self.now


class Tray:
    def __init__(self) -> None:
        self.items: list[Observation] = []

    def offer(self, item: Observation) -> bool:
        self.items.append(item)
        return True

    async def put(self, item: Observation) -> None:
        self.items.append(item)

    def take(self) -> list[Observation]:
        taken, self.items = self.items, []
        return taken


def wired(device_id: DeviceId, role: DeviceRole, channel: str | None) -> DeviceConfig:
    return DeviceConfig(
        id=device_id,
        house_id=HOUSE,
        hardware_id=str(device_id),
        name=role,
        role=role,
        interface=Interface.RELAY,
        quantities=() if role is DeviceRole.WATER_PUMP else (Quantity.WATER_LEVEL,),
        period_s=5.0,
        address={} if channel is None else {"channel": channel},
    )


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 1, 1, tzinfo=UTC))


@pytest.fixture
def tub() -> Tub:
    return Tub()


@pytest.fixture
def driver(clock: ManualClock, tub: Tub) -> SimulatedDriver:
    made = SimulatedDriver("sim", world=tub, clock=clock)
    made.adopt(
        [
            wired(PUMP, DeviceRole.WATER_PUMP, "pump"),
            wired(TANK, DeviceRole.WATER_LEVEL_SENSOR, "tank"),
        ]
    )
    return made


def test_the_first_tick_tells_who_is_there_and_how_things_are(driver: SimulatedDriver) -> None:
    tray = Tray()
    driver.tick(tray)
    assert Presence(device_id=PUMP, online=True) in tray.items
    assert Reported(device_id=PUMP, level=0.0) in tray.items
    samples = [item for item in tray.items if isinstance(item, Sampled)]
    assert [one.value for one in samples[0].readings] == [40.0]


def test_the_world_runs_with_the_clock(
    driver: SimulatedDriver, clock: ManualClock, tub: Tub
) -> None:
    driver.tick(Tray())
    clock.advance(7.5)
    driver.tick(Tray())
    assert tub.seconds == 7.5


def test_a_sensor_speaks_once_a_period(driver: SimulatedDriver, clock: ManualClock) -> None:
    tray = Tray()
    for _ in range(20):
        driver.tick(tray)
        clock.advance(1)
    assert sum(isinstance(item, Sampled) for item in tray.items) == 4


async def test_a_write_is_reported_by_what_the_world_then_shows(
    driver: SimulatedDriver, clock: ManualClock
) -> None:
    tray = Tray()
    driver.tick(tray)
    tray.take()
    await driver.write(PUMP, 100.0, order="a", timeout_s=1)
    clock.advance(0.02)
    driver.tick(tray)
    assert tray.take() == [Reported(device_id=PUMP, level=100.0, last_command="a")]


def test_what_stays_as_it_is_is_told_again_now_and_then(
    driver: SimulatedDriver, clock: ManualClock
) -> None:
    tray = Tray()
    for _ in range(31):
        driver.tick(tray)
        clock.advance(1)
    assert sum(isinstance(item, Reported) for item in tray.items) == 4


@pytest.mark.parametrize(
    ("shows", "refused"), [(float("nan"), [Refusal.NOT_A_NUMBER]), (101.0, [Refusal.OUT_OF_RANGE])]
)
def test_an_impossible_value_is_refused(
    driver: SimulatedDriver, tub: Tub, shows: float, refused: list[Refusal]
) -> None:
    tub.shows = shows
    tray = Tray()
    driver.tick(tray)
    samples = [item for item in tray.items if isinstance(item, Sampled)]
    assert [one.reason for one in samples[0].refused] == refused


def test_a_sensor_that_shows_nothing_says_nothing(driver: SimulatedDriver, tub: Tub) -> None:
    tub.shows = None
    tray = Tray()
    driver.tick(tray)
    assert not [item for item in tray.items if isinstance(item, Sampled)]


async def test_a_device_without_a_wire_is_left_alone(driver: SimulatedDriver) -> None:
    driver.adopt([wired(PUMP, DeviceRole.WATER_PUMP, None)])
    tray = Tray()
    driver.tick(tray)
    assert tray.items == []
    with pytest.raises(DriverError, match="no such device"):
        await driver.write(PUMP, 100.0, order="a", timeout_s=1)


async def test_a_channel_that_the_world_does_not_have_is_an_error(driver: SimulatedDriver) -> None:
    driver.adopt([wired(PUMP, DeviceRole.WATER_PUMP, "rocket")])
    tray = Tray()
    driver.tick(tray)
    assert Reported(device_id=PUMP, level=None, error="rocket") in tray.items
    with pytest.raises(DriverError) as error:
        await driver.write(PUMP, 100.0, order="a", timeout_s=1)
    assert error.value.code == "no_channel"


async def test_a_run_that_begins_again_tells_everything_anew(driver: SimulatedDriver) -> None:
    for _ in range(2):
        tray = Tray()
        running = asyncio.create_task(driver.run(tray))
        await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.wait({running})
        assert Presence(device_id=PUMP, online=True) in tray.items
