"""Gives a route the readings."""

from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from tokkatot.cloud.platform.context import Tx
from tokkatot.cloud.telemetry.store import Readings, ReadingStore


async def reading_store(connection: HTTPConnection) -> ReadingStore:
    """Return where this process keeps readings."""
    found: ReadingStore = connection.app.state.readings
    return found


Store = Annotated[ReadingStore, Depends(reading_store)]


async def readings_of_request(store: Store, tx: Tx) -> Readings:
    """Return the readings as the request's transaction sees them."""
    return store.within(tx)


Stored = Annotated[Readings, Depends(readings_of_request)]
