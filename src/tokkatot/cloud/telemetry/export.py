"""Readings as a file, a few days of one series at a time, so that no file is too long to give."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import text

from tokkatot.cloud.platform.database import Database, Transaction
from tokkatot.cloud.platform.problems import Conflict, Unavailable, invalid_field
from tokkatot.cloud.telemetry.blocks import EMPTY, Columns
from tokkatot.cloud.telemetry.store import DAY_MS, Readings, ReadingStore, Span
from tokkatot.domain.quantities import SPECS, Quantity
from tokkatot.kit.clock import from_ms

MAX_SERIES: Final = 1000
MAX_READINGS: Final = 20_000_000
"""What one file may hold; it takes a minute or two to read."""
DAYS_AT_ONCE: Final = 4
ROWS_AT_ONCE: Final = 16_384
PIECE_BYTES: Final = 64 * 1024
AT_ONCE: Final = 2
"""So many files are made in one process at a time."""
RETRY_AFTER_S: Final = 15
PIECE_TIMEOUT_S: Final = 60.0
"""Whoever takes no piece for so long has gone, and leaves the place to others."""

_SERIES_SQL: Final = """
SELECT s.id, h.name AS house, s.device_id, d.name AS device, s.quantity
FROM series s JOIN houses h ON h.id = s.house_id JOIN devices d ON d.id = s.device_id
WHERE s.farm_id = :farm AND h.deleted_at IS NULL
  AND (CAST(:house AS uuid) IS NULL OR s.house_id = :house)
  AND (:any_device OR s.device_id = ANY(:devices))
  AND (:any_quantity OR s.quantity = ANY(:quantities))
ORDER BY h.number, s.quantity, s.device_id, s.id LIMIT :limit
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A series with what a file says of it."""

    id: int
    house: str
    device_id: UUID
    device: str
    quantity: str

    @property
    def unit(self) -> str:
        """Return the unit of its values."""
        return SPECS[Quantity(self.quantity)].unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which readings of a farm go into a file; nothing named means all there are."""

    farm_id: UUID
    house_id: UUID | None
    devices: Sequence[UUID]
    quantities: Sequence[str]


async def find(
    tx: Transaction, readings: Readings, wanted: Wanted, span: Span
) -> Sequence[Exported]:
    """Return the series of a file in its order.

    Raises:
        Invalid: when it would hold too much.
    """
    rows = await tx.session.execute(
        text(_SERIES_SQL),
        {
            "farm": wanted.farm_id,
            "house": wanted.house_id,
            "any_device": not wanted.devices,
            "devices": list(wanted.devices),
            "any_quantity": not wanted.quantities,
            "quantities": list(wanted.quantities),
            "limit": MAX_SERIES + 1,
        },
    )
    found = [Exported(**row) for row in rows.mappings()]
    stock = await readings.stock([series.id for series in found], span)
    if len(found) > MAX_SERIES or sum(one.readings for one in stock.values()) > MAX_READINGS:
        raise invalid_field(
            "query.from",
            "too_much",
            "This is too much for one file; ask for a shorter time or fewer devices.",
        )
    return found


async def batches(
    database: Database, readings: ReadingStore, series: Sequence[Exported], span: Span
) -> AsyncIterator[tuple[Exported, Columns]]:
    """Yield readings series by series in the order of time; no transaction outlives a batch."""
    for one in series:
        at_ms: int | None = span.start_ms
        while at_ms is not None:
            rest = Span(start=from_ms(at_ms), end=span.end)
            async with database.transaction() as tx:
                at_ms, columns = await _days(readings.within(tx), one, rest)
            for first in range(0, len(columns), ROWS_AT_ONCE):
                yield one, columns.slice(first, first + ROWS_AT_ONCE)


async def _days(readings: Readings, series: Exported, span: Span) -> tuple[int | None, Columns]:
    """Return the readings of the next days that have any, and where to go on."""
    day = await readings.next_day([series.id], span.start_ms)
    if day is None or day * DAY_MS >= span.end_ms:
        return None, EMPTY
    begin_ms = max(span.start_ms, day * DAY_MS)
    end_ms = min((day + DAYS_AT_ONCE) * DAY_MS, span.end_ms)
    found = await readings.read([series.id], Span(start=from_ms(begin_ms), end=from_ms(end_ms)))
    return end_ms if end_ms < span.end_ms else None, found.get(series.id, EMPTY)


class Exports:
    """Lets a few files be made at a time, one for each person."""

    def __init__(self) -> None:
        self._people: set[UUID] = set()

    async def made(
        self, file: AsyncGenerator[bytes, None], *, user_id: UUID
    ) -> AsyncGenerator[bytes, None]:
        """Yield a file in small pieces while it has its place among those that are made.

        Raises:
            Conflict: when one is being made for this person.
            Unavailable: when there is no place.
        """
        if user_id in self._people:
            raise Conflict("conflict", "A file is being made for you; wait until you have it.")
        if len(self._people) >= AT_ONCE:
            raise Unavailable("Other files are being made.", retry_after_s=RETRY_AFTER_S)
        self._people.add(user_id)
        try:
            async with aclosing(file):
                async for piece in file:
                    for first in range(0, len(piece), PIECE_BYTES):
                        yield piece[first : first + PIECE_BYTES]
                        # What follows may compress it without ever waiting.
                        await asyncio.sleep(0)
        finally:
            self._people.discard(user_id)
