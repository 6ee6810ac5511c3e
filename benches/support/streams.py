"""Full batches of readings from many hubs at once, as fast as the cloud acknowledges them."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from time import perf_counter
from urllib.parse import urlsplit

from tests.support.people import Person
from tests.support.site import HubLogin, Site
from tests.support.wire_hub import Batch, wire_hub
from tokkatot.domain.devices import DeviceRole, Interface
from tokkatot.domain.quantities import Quantity
from tokkatot.kit.clock import SystemClock
from tokkatot.wire.messages import MAX_BATCH_ROWS, ReadingRow

HUBS = 64
"""Each has one batch in flight, as a hub has: with few of them the line's way to and fro counts."""
BATCHES = 100
"""Of each hub: 64 times 100 full batches are 3,200,000 readings."""
SENT = HUBS * BATCHES * MAX_BATCH_ROWS
QUANTITIES = (
    Quantity.TEMPERATURE,
    Quantity.RELATIVE_HUMIDITY,
    Quantity.CO2,
    Quantity.AMMONIA,
    Quantity.WATER_LEVEL,
)
_EVERY_MS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One hub's readings."""

    farm_id: str
    login: HubLogin
    device_id: str


async def lay_out(staff: Person) -> list[Stream]:
    """Make a farm with its hubs, each with a sensor."""
    site = await Site.found(staff, "Bench")
    house = await site.add_house("House", kind="greenhouse")
    streams = []
    for number in range(HUBS):
        login = await site.add_hub(f"Hub {number}", house)
        device_id = await site.add_device(
            house,
            login,
            hardware_id=f"BENCH-{number}",
            role=DeviceRole.CLIMATE_SENSOR,
            interface=Interface.SENSOR,
            quantities=QUANTITIES,
        )
        streams.append(Stream(farm_id=site.farm_id, login=login, device_id=device_id))
    return streams


async def send_all(broker_url: str, streams: list[Stream], say: Callable[[str], None]) -> float:
    """Send every batch of every hub and return the seconds until the last was acknowledged.

    The batches are written before the clock starts: a farm's hubs have their own processors.
    """
    parts = urlsplit(broker_url)
    assert parts.hostname is not None, "a broker has an address"
    assert parts.port is not None, "a broker has an address"
    batches = [_batches(stream) for stream in streams]
    async with AsyncExitStack() as stack:
        hubs = [
            await stack.enter_async_context(
                wire_hub(parts.hostname, parts.port, stream.farm_id, stream.login)
            )
            for stream in streams
        ]
        say(f"{len(streams)} hubs send {SENT} readings")
        began_s = perf_counter()
        async with asyncio.TaskGroup() as tasks:
            for hub, of_hub in zip(hubs, batches, strict=True):
                tasks.create_task(hub.send_all("readings", of_hub))
        return perf_counter() - began_s


def _batches(stream: Stream) -> list[Batch]:
    total = BATCHES * MAX_BATCH_ROWS
    first_ms = SystemClock().now_ms() - total // len(QUANTITIES) * _EVERY_MS - 60_000
    return [
        Batch.of(
            start + 1,
            [
                ReadingRow(
                    index + 1,
                    "r",
                    stream.device_id,
                    QUANTITIES[index % len(QUANTITIES)],
                    first_ms + index // len(QUANTITIES) * _EVERY_MS,
                    20.0 + index % 977 / 100,
                    0,
                )
                for index in range(start, start + MAX_BATCH_ROWS)
            ],
        )
        for start in range(0, total, MAX_BATCH_ROWS)
    ]
