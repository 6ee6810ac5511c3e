"""One series of readings in the database, with a way to write and to read it."""

from datetime import timedelta

from sqlalchemy import text

from tests.support.cloud import Cloud
from tests.support.yard import Yard, make_yard, ms
from tokkatot.cloud.platform.database import Database
from tokkatot.cloud.telemetry import history
from tokkatot.cloud.telemetry.drawing import Shape
from tokkatot.cloud.telemetry.folding import fold
from tokkatot.cloud.telemetry.history import SeriesKey
from tokkatot.cloud.telemetry.partitions import DAY_MS, day_of
from tokkatot.cloud.telemetry.store import Arrivals, ReadingStore, Span
from tokkatot.cloud.telemetry.summary import widen
from tokkatot.kit.clock import from_ms

HOUR_MS = 3_600_000
MINUTE_MS = 60_000


class Shelf:
    """One series, with a way to write and to read it."""

    def __init__(
        self, database: Database, store: ReadingStore, yard: Yard, series_id: int, now_ms: int
    ) -> None:
        self.database = database
        self.store = store
        self.yard = yard
        self.key = SeriesKey(id=series_id, device_id=yard.sensor, quantity="temperature")
        self.now_ms = now_ms

    async def add(self, readings: dict[int, float], *, quality: int = 0) -> None:
        """Write readings by their times, as one block a day."""
        await self.store.prepare({day_of(t_ms) for t_ms in readings})
        count = len(readings)
        async with self.database.transaction() as tx:
            arrivals = Arrivals(list(readings), list(readings.values()), [quality] * count)
            await self.store.within(tx).add({self.key.id: arrivals})

    async def fold(self) -> int:
        """Fold as of now; return how many days of a series that made."""
        return (await fold(self.database, self.store, now=from_ms(self.now_ms))).days

    async def all(self, span: Span | None = None) -> dict[int, float]:
        """Return every reading by its time."""
        async with self.database.transaction() as tx:
            found = await self.store.within(tx).read([self.key.id], span or self.span(days=400))
        columns = found.get(self.key.id)
        if columns is None:
            return {}
        return dict(zip(columns.t_ms.tolist(), columns.value.tolist(), strict=True))

    async def rolled(self, width_s: int) -> list[tuple[int, int, float, float, float, float]]:
        """Return the roll-ups as rows, those of what is still open made one with the others."""
        async with self.database.transaction() as tx:
            summary = await self.store.within(tx).read_rolled(
                self.key.id, self.span(days=400), width_s=width_s
            )
        one = widen(summary, width_s * 1000)
        columns = (one.t_ms, one.count, one.total, one.lowest, one.highest, one.last)
        return list(zip(*(column.tolist() for column in columns), strict=True))

    async def draw(self, span: Span, points: int) -> history.Drawn:
        """Draw the series."""
        async with self.database.transaction() as tx:
            (drawn,) = await history.draw(
                self.store.within(tx), [self.key], span, points=points, shape=Shape.AVERAGE
            )
        return drawn

    def span(self, *, days: int) -> Span:
        """Return the days before now, and a bit of what follows."""
        end = from_ms(self.now_ms + HOUR_MS)
        return Span(start=end - timedelta(days=days), end=end)

    async def rows(self, table: str) -> int:
        """Return how many rows a table has."""
        async with self.database.transaction() as tx:
            found = await tx.session.scalar(text(f"SELECT count(*) FROM {table}"))  # noqa: S608
        return int(found or 0)


async def shelf_of(cloud: Cloud, readings: ReadingStore) -> Shelf:
    """Make a series of a new farm."""
    database = cloud.context.database
    yard = await make_yard(database)
    series_id = await _series_of(database, yard, "temperature")
    now_ms = ms(cloud.clock.now())
    # In the middle of an hour of the day, so that an hour before is the same day.
    return Shelf(
        database, readings, yard, series_id, now_ms - now_ms % DAY_MS + 18 * HOUR_MS + 1_800_000
    )


async def shelf_beside(shelf: Shelf, quantity: str) -> Shelf:
    """Make another series of the same device."""
    series_id = await _series_of(shelf.database, shelf.yard, quantity)
    return Shelf(shelf.database, shelf.store, shelf.yard, series_id, shelf.now_ms)


async def _series_of(database: Database, yard: Yard, quantity: str) -> int:
    async with database.transaction() as tx:
        series_id = await tx.session.scalar(
            text(
                "INSERT INTO series (farm_id, house_id, device_id, quantity)"
                " VALUES (:farm, :house, :device, :quantity) RETURNING id"
            ),
            {
                "farm": yard.farm_id,
                "house": yard.house_id,
                "device": yard.sensor,
                "quantity": quantity,
            },
        )
    assert isinstance(series_id, int)
    return series_id


def steps(from_ms_: int, count: int, step_ms: int = MINUTE_MS) -> dict[int, float]:
    """Return readings at a steady pace, each of another value."""
    return {from_ms_ + index * step_ms: 20 + index / 10 for index in range(count)}
