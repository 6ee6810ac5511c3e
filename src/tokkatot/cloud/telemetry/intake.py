"""Readings into the store: checked row by row, gathered by series, copied in one stream."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import psycopg

from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.telemetry.catalogue import Catalogue, Key, SeriesRef, catalogue_of, learn
from tokkatot.cloud.telemetry.partitions import DAY_MS, day_of
from tokkatot.cloud.telemetry.store import Arrivals, Readings, ReadingStore, Span
from tokkatot.domain.ids import FarmId, HubId
from tokkatot.domain.quantities import Refusal
from tokkatot.kit.clock import Clock, from_ms, to_ms
from tokkatot.wire.messages import ReadingRow

EARLIEST_MS = 946_684_800_000
"""The year 2000: a clock that says less was never set."""
MAX_RAW_CHARS = 200

_REFUSED_SQL = """
INSERT INTO refused_readings
(farm_id, house_id, hub_id, device, quantity, t, raw, reason, received_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_REFUSED_STORED_SQL = """
SELECT device, quantity, t, raw FROM refused_readings
WHERE hub_id = %s AND (t BETWEEN %s AND %s OR t IS NULL AND %s) AND device = ANY(%s)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedValue:
    """A value that is no reading, as it came from a hub."""

    device: str
    quantity: str
    t_ms: int | None
    raw: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HubReadings:
    """New rows of one hub, in their order.

    `version` is that of the hub's desired document. Rows to `join` may be stored already, under
    an epoch that the hub has forgotten.
    """

    farm_id: FarmId
    hub_id: HubId
    version: int
    readings: Sequence[ReadingRow]
    refused: Sequence[RefusedValue] = ()
    join: bool = False


@dataclass(slots=True, kw_only=True)
class Stored:
    """What a transaction has stored, and what may be remembered once it has committed."""

    accepted: int = 0
    refused: int = 0
    catalogues: dict[HubId, Catalogue] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class _Checked:
    """Rows of one hub after the check."""

    arrivals: dict[int, Arrivals] = field(default_factory=dict)
    refused: list[RefusedValue] = field(default_factory=list)


class Intake:
    """Takes readings in; what it remembers of the database is dropped by `forget`."""

    def __init__(self, readings: ReadingStore, *, clock: Clock) -> None:
        self._readings = readings
        self._clock = clock
        self._prepared: set[int] = set()
        self._catalogues: dict[HubId, Catalogue] = {}

    async def prepare(self, rows: Iterable[ReadingRow]) -> None:
        """Make the days that these rows fall on, before the transaction that stores them."""
        days = _days([row.t for row in rows], latest_ms=self._latest_ms())
        if days <= self._prepared:
            return
        await self._readings.prepare(days - self._prepared)
        self._prepared |= days

    async def store(self, tx: Transaction, batches: Sequence[HubReadings]) -> Stored:
        """Copy what is acceptable and list what is not, as part of the caller's transaction."""
        connection = await tx.psycopg()
        readings = self._readings.within(tx)
        stored = Stored()
        arrivals: dict[int, Arrivals] = {}
        for batch in batches:
            catalogue, checked = await self._checked(tx, batch)
            stored.catalogues[batch.hub_id] = catalogue
            if batch.join:
                await _leave_out_stored(readings, connection, batch, checked)
            # A hub's series are its own; a device that moved may bring one from two of them.
            for series_id, fresh in checked.arrivals.items():
                arrivals.setdefault(series_id, Arrivals()).extend(fresh)
            stored.refused += len(checked.refused)
            if checked.refused:
                await list_refused(
                    connection,
                    checked.refused,
                    Sender(farm_id=batch.farm_id, hub_id=batch.hub_id),
                    catalogue,
                    now=tx.now,
                )
        stored.accepted = sum(len(fresh) for fresh in arrivals.values())
        if stored.accepted:
            await readings.add(arrivals)
        return stored

    def committed(self, stored: Stored) -> None:
        """Remember what the committed transaction has looked up."""
        self._catalogues.update(stored.catalogues)

    def forget(self) -> None:
        """Look everything up again, after a failure."""
        self._catalogues.clear()
        self._prepared.clear()

    def _latest_ms(self) -> int:
        return self._clock.now_ms() + DAY_MS

    async def _checked(self, tx: Transaction, batch: HubReadings) -> tuple[Catalogue, _Checked]:
        """Sort the rows of a batch; what is not known of their devices is looked up first."""
        catalogue = catalogue_of(self._catalogues, batch.hub_id, batch.version)
        checked = check(batch.readings, catalogue, latest_ms=self._latest_ms())
        # Whatever is not known yet is among the refused: good rows need no look of their own.
        keys: set[Key] = {
            (value.device, value.quantity) for value in (*checked.refused, *batch.refused)
        }
        missing = keys - catalogue.series.keys() - catalogue.unknown.keys()
        if missing:
            catalogue = await learn(tx, catalogue, batch.farm_id, missing)
            checked = check(batch.readings, catalogue, latest_ms=self._latest_ms())
        checked.refused.extend(batch.refused)
        return catalogue, checked


def _days(times_ms: Sequence[int], *, latest_ms: int) -> set[int]:
    """Return the days of those instants that can be of a reading; mostly it is one."""
    if not times_ms:
        return set()
    first_ms, last_ms = min(times_ms), max(times_ms)
    if first_ms >= EARLIEST_MS and last_ms <= latest_ms and day_of(first_ms) == day_of(last_ms):
        return {day_of(first_ms)}
    return {day_of(t_ms) for t_ms in times_ms if EARLIEST_MS <= t_ms <= latest_ms}


def check(rows: Sequence[ReadingRow], catalogue: Catalogue, *, latest_ms: int) -> _Checked:
    """Sort rows into acceptable ones, by series, and refused ones with their reason."""
    checked = _Checked()
    # The one loop that runs a hundred thousand times a second: plain names, no calls to spare.
    find, arrivals = catalogue.series.get, checked.arrivals
    for row in rows:
        series = find((row.device, row.quantity))
        t_ms = row.t
        if (
            series is None
            or not series.minimum <= row.value <= series.maximum
            or not EARLIEST_MS <= t_ms <= latest_ms
        ):
            checked.refused.append(_refused(row, catalogue, series))
            continue
        fresh = arrivals.get(series.id)
        if fresh is None:
            fresh = arrivals[series.id] = Arrivals()
        fresh.t_ms.append(t_ms)
        fresh.value.append(row.value)
        fresh.quality.append(row.quality)
    return checked


def _refused(row: ReadingRow, catalogue: Catalogue, series: SeriesRef | None) -> RefusedValue:
    if series is None:
        reason = catalogue.refusal((row.device, row.quantity)) or Refusal.UNKNOWN_DEVICE
    elif not series.minimum <= row.value <= series.maximum:
        reason = Refusal.OUT_OF_RANGE
    else:
        reason = Refusal.BAD_TIME
    return RefusedValue(
        device=row.device,
        quantity=row.quantity,
        t_ms=row.t,
        raw=repr(row.value),
        reason=reason,
    )


async def _leave_out_stored(
    readings: Readings,
    connection: psycopg.AsyncConnection,
    batch: HubReadings,
    checked: _Checked,
) -> None:
    """Take out what an earlier epoch has brought already."""
    for series_id, fresh in checked.arrivals.items():
        known = await known_readings(readings, series_id, fresh)
        checked.arrivals[series_id] = fresh.without(known)
    listed = await listed_before(connection, batch.hub_id, checked.refused)
    checked.refused[:] = [
        value
        for value in checked.refused
        if (
            storable(value.device),
            storable(value.quantity),
            _instant(value.t_ms),
            storable(value.raw),
        )
        not in listed
    ]


async def listed_before(
    connection: psycopg.AsyncConnection, hub_id: HubId, refused: Sequence[RefusedValue]
) -> set[tuple[object, ...]]:
    """Return what is listed of a hub's devices for the times of these values."""
    if not refused:
        return set()
    instants = [_instant(value.t_ms) for value in refused]
    known = [instant for instant in instants if instant is not None]
    cursor = await connection.execute(
        _REFUSED_STORED_SQL,
        (
            hub_id,
            min(known, default=None),
            max(known, default=None),
            None in instants,
            sorted({storable(value.device) for value in refused}),
        ),
    )
    return set(await cursor.fetchall())


async def known_readings(
    readings: Readings, series_id: int, fresh: Arrivals
) -> set[tuple[int, float]]:
    """Return what is stored of a series between the first and last of each day: times and values.

    Two readings may lie years apart, and what lies between is none of theirs.
    """
    known: set[tuple[int, float]] = set()
    for _, of_day in fresh.by_day():
        span = Span(start=from_ms(min(of_day.t_ms)), end=from_ms(max(of_day.t_ms) + 1))
        there = (await readings.read([series_id], span)).get(series_id)
        if there is not None:
            known.update(zip(there.t_ms.tolist(), there.value.tolist(), strict=True))
    return known


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who brought a value: a hub, or None where a person's program did."""

    farm_id: FarmId
    hub_id: HubId | None


async def list_refused(
    connection: psycopg.AsyncConnection,
    refused: Sequence[RefusedValue],
    sender: Sender,
    catalogue: Catalogue,
    *,
    now: datetime,
) -> None:
    """List values that are no readings, each with its reason."""
    async with connection.cursor() as cursor:
        await cursor.executemany(
            _REFUSED_SQL,
            [
                (
                    sender.farm_id,
                    catalogue.houses.get(value.device),
                    sender.hub_id,
                    storable(value.device),
                    storable(value.quantity),
                    _instant(value.t_ms),
                    storable(value.raw),
                    storable(value.reason),
                    now,
                )
                for value in refused
            ],
        )


def credible(t_ms: int, *, now: datetime) -> datetime | None:
    """Return a hub's time as an instant, None where it can't have been then."""
    return from_ms(t_ms) if EARLIEST_MS <= t_ms <= to_ms(now) + DAY_MS else None


def storable(text: str, *, limit: int = MAX_RAW_CHARS) -> str:
    """Return a hub's text as PostgreSQL can hold it: no NUL, and no longer than needed."""
    return text[:limit].replace("\x00", "\N{REPLACEMENT CHARACTER}")


def _instant(t_ms: int | None) -> datetime | None:
    """Return an instant that both Python and PostgreSQL can hold, else None."""
    if t_ms is None or not 0 <= t_ms < 253_402_300_800_000:
        return None
    return from_ms(t_ms)
