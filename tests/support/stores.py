"""The application over a store of readings of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from tests.support.cloud import Cloud
from tokkatot.cloud.platform.influx import Influx
from tokkatot.cloud.telemetry.influx import InfluxReadingStore


@asynccontextmanager
async def readings_in_influx(cloud: Cloud, url: str) -> AsyncIterator[None]:
    """Keep the readings of an application in a fresh database of InfluxDB."""
    async with Influx.open(url, database=f"test {uuid4()}", token=None) as influx:
        cloud.app.state.readings = InfluxReadingStore(cloud.context.database, influx)
        yield
