"""Readings that a person's program brings over HTTP, as often as it likes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import psycopg

from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.telemetry.catalogue import Catalogue, learn
from tokkatot.cloud.telemetry.intake import (
    EARLIEST_MS,
    RefusedValue,
    Sender,
    known_readings,
    list_refused,
)
from tokkatot.cloud.telemetry.partitions import DAY_MS
from tokkatot.cloud.telemetry.store import Arrivals, Readings
from tokkatot.domain.ids import FarmId
from tokkatot.domain.quantities import Refusal, check_value
from tokkatot.kit.clock import to_ms

MAX_POSTED: Final = 1000
"""Readings in one request."""

# Any number that no other advisory lock of ours has ("tkpo" in ASCII).
_LOCK: Final = 0x746B706F

Value = float | bool | str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedReading:
    """One value as it was posted; nothing of it is checked yet."""

    device: str
    quantity: str
    t: str
    value: Value
    quality: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Which of the posted values is no reading, and why."""

    index: int
    reason: Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What became of a post: `known` were stored before, at the same time in the same series."""

    accepted: int
    known: int
    refused: Sequence[Refused]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A post after the check; nothing of it is stored yet."""

    farm_id: FarmId
    readings: Sequence[PostedReading]
    catalogue: Catalogue
    arrivals: Mapping[int, Arrivals]
    """What is acceptable, by series."""
    refused: Sequence[Refused]

    def days(self) -> set[int]:
        """Return the days, counted from 1970-01-01, that must be there before it is stored."""
        return {day for fresh in self.arrivals.values() for day, _ in fresh.by_day()}


async def check(
    tx: Transaction, farm_id: FarmId, house_id: UUID, readings: Sequence[PostedReading]
) -> Checked:
    """Tell what of a post is a reading of the house's devices."""
    catalogue = await learn(
        tx,
        Catalogue(version=0),
        farm_id,
        {(reading.device, reading.quantity) for reading in readings},
    )
    arrivals: dict[int, Arrivals] = {}
    refused: list[Refused] = []
    for index, reading in enumerate(readings):
        t_ms = _instant(reading.t, now=tx.now)
        reason = _refusal(reading, t_ms, catalogue, house_id)
        if reason is not None:
            refused.append(Refused(index=index, reason=reason))
            continue
        assert t_ms is not None, "a bad time is a refusal"
        fresh = arrivals.setdefault(
            catalogue.series[reading.device, reading.quantity].id, Arrivals()
        )
        fresh.t_ms.append(t_ms)
        fresh.value.append(float(reading.value or 0))
        fresh.quality.append(reading.quality)
    return Checked(
        farm_id=farm_id, readings=readings, catalogue=catalogue, arrivals=arrivals, refused=refused
    )


async def store(tx: Transaction, stored: Readings, checked: Checked) -> Posted:
    """Store the readings that are not there yet; the days that they fall on have been made.

    A series has one reading at a time: the same one posted again, or another for the same time,
    changes nothing.
    """
    connection = await tx.psycopg()
    offered = sum(len(fresh) for fresh in checked.arrivals.values())
    arrivals = await _new(stored, connection, checked.arrivals)
    accepted = sum(len(fresh) for fresh in arrivals.values())
    if accepted:
        await stored.add(arrivals)
    if checked.refused:
        await list_refused(
            connection,
            [
                _listed(checked.readings[one.index], one.reason, now=tx.now)
                for one in checked.refused
            ],
            Sender(farm_id=checked.farm_id, hub_id=None),
            checked.catalogue,
            now=tx.now,
        )
    return Posted(accepted=accepted, known=offered - accepted, refused=checked.refused)


async def _new(
    stored: Readings, connection: psycopg.AsyncConnection, arrivals: Mapping[int, Arrivals]
) -> dict[int, Arrivals]:
    """Return what is not stored yet; nobody else posts to these series meanwhile."""
    new: dict[int, Arrivals] = {}
    for series_id, fresh in sorted(arrivals.items()):
        await connection.execute("SELECT pg_advisory_xact_lock(%s, %s)", (_LOCK, series_id))
        known = await known_readings(stored, series_id, fresh)
        left = fresh.first_of_each().without_times({t_ms for t_ms, _ in known})
        if len(left):
            new[series_id] = left
    return new


def _refusal(
    reading: PostedReading, t_ms: int | None, catalogue: Catalogue, house_id: UUID
) -> Refusal | None:
    value_refusal = check_value(reading.quantity, reading.value)
    if value_refusal is not None:
        return value_refusal
    key = (reading.device, reading.quantity)
    if key not in catalogue.series or catalogue.houses.get(reading.device) != house_id:
        return catalogue.refusal(key) or Refusal.UNKNOWN_DEVICE
    return Refusal.BAD_TIME if t_ms is None else None


def _instant(text: str, *, now: datetime) -> int | None:
    """Return an RFC 3339 instant in milliseconds, None where no reading can be of then."""
    try:
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is None:
            return None
        t_ms = to_ms(instant.astimezone(UTC))
    except (ValueError, OverflowError):
        return None
    return t_ms if EARLIEST_MS <= t_ms <= to_ms(now) + DAY_MS else None


def _listed(reading: PostedReading, reason: Refusal, *, now: datetime) -> RefusedValue:
    return RefusedValue(
        device=reading.device,
        quantity=reading.quantity,
        t_ms=_instant(reading.t, now=now),
        raw=repr(reading.value),
        reason=reason,
    )
