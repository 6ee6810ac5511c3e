"""The application over a fresh database."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import structlog

from tests.support.cloud import Cloud, cloud_over
from tests.support.house import House, house_of
from tests.support.scene import Scene, scene_in
from tests.support.shelf import Shelf, shelf_of
from tests.support.stores import readings_in_influx
from tokkatot.cloud.telemetry.store import ReadingStore


@pytest.fixture(autouse=True)
def _plain_log() -> Iterator[None]:
    structlog.configure(
        processors=[
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(),
        ]
    )
    yield
    structlog.reset_defaults()


@pytest.fixture
async def cloud(postgres_url: str, tmp_path: Path) -> AsyncIterator[Cloud]:
    async with cloud_over(postgres_url, tmp_path) as running:
        yield running


STORES = ("postgresql", pytest.param("influxdb", marks=pytest.mark.needs("influxd")))


@pytest.fixture(params=STORES)
async def readings(request: pytest.FixtureRequest, cloud: Cloud) -> AsyncIterator[ReadingStore]:
    """Each store of readings, and the application over it."""
    if request.param == "postgresql":
        yield cloud.readings
        return
    async with readings_in_influx(cloud, request.getfixturevalue("influx_url")):
        yield cloud.readings


@pytest.fixture
async def shelf(cloud: Cloud, readings: ReadingStore) -> Shelf:
    return await shelf_of(cloud, readings)


@pytest.fixture
async def house(cloud: Cloud) -> House:
    return await house_of(cloud)


@pytest.fixture
async def scene(cloud: Cloud) -> Scene:
    return await scene_in(cloud)
