"""Photographs that a hub tells the cloud of, and a detector that answers it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any
from uuid import UUID

import httpx

from tests.support.cloud import Cloud
from tests.support.droppings import detection
from tests.support.house import House
from tests.support.pictures import drawn, encoded
from tests.support.vision import FakeDetector
from tests.support.yard import Row
from tokkatot.cloud.detections import originals
from tokkatot.cloud.detections.detector import Detector
from tokkatot.detector.app import DetectorApp
from tokkatot.wire.pictures import DETECTION, PART_BYTES, Original, event_data
from tokkatot.wire.topics import HubLeaf


def picture(number: int) -> bytes:
    return encoded(drawn(number, width=96, height=96))


async def tell(house: House, number: int = 1, seq: int | None = None, **more: object) -> UUID:
    """Let the hub tell of a photograph."""
    more = {"thumbnail": picture(number)} | more
    seen = detection(number, house=house.yard.house_id, **more)  # type: ignore[arg-type]
    row: Row = [seq or number, "e", house.now_ms + number, DETECTION, event_data(seen)]
    await house.send("events", [row], seq or number)
    return seen.id


async def seen_in(house: House, query: str = "") -> list[dict[str, Any]]:
    found = await house.cloud.get(f"{house.url}/detections{query}", house.owner)
    items: list[dict[str, Any]] = found["items"]
    return items


@asynccontextmanager
async def answered_by(cloud: Cloud, detector: FakeDetector) -> AsyncIterator[None]:
    """Let a detector with this judge answer the cloud."""
    app = DetectorApp(detector, new_id=count(1).__next__).asgi
    cloud.app.state.detector = Detector(
        url="http://detector.test",
        folder=cloud.context.settings.data_dir,
        clock=cloud.clock,
        transport=httpx.ASGITransport(app),
    )
    async with app.router.lifespan_context(app):
        yield


async def send_part(house: House, which: UUID, at: int, data: bytes) -> int:
    """Send a part as the hub does, and return from where on the cloud wants more."""
    part = Original(id=which, at=at, size=len(data), data=data[at : at + PART_BYTES])
    topic = house.yard.topic(HubLeaf.ORIGINAL)
    return (await originals.take(house.cloud.context, topic, part)).through


async def send_whole(house: House, which: UUID, data: bytes) -> None:
    """Send a photograph part by part, until the cloud wants no more of it."""
    through = 0
    while through < len(data):
        through = await send_part(house, which, through, data)
