"""What each day of a house was like, summed up from its readings and its devices' reports."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy.ext.asyncio import AsyncSession

from tokkatot.cloud.devices.model import Device
from tokkatot.cloud.farms.model import House
from tokkatot.cloud.telemetry import vapour
from tokkatot.cloud.telemetry.history import Rolled, find_series
from tokkatot.cloud.telemetry.local_time import HOUR_MS, day_edges
from tokkatot.cloud.telemetry.store import HOUR_S, Readings, Span
from tokkatot.cloud.telemetry.summary import Integers, Numbers, Summary, widen
from tokkatot.domain.devices import DeviceRole
from tokkatot.domain.quantities import Quantity

WEIGHED: Final = Quantity.WEIGHT


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """Columns of days, from each edge to the next; not a number where nothing was measured."""

    edges_ms: Integers
    temperature_c: Numbers
    temperature_min_c: Numbers
    temperature_max_c: Numbers
    humidity_percent: Numbers
    vpd_kpa: Numbers
    weight_kg: Numbers


async def days_of(
    session: AsyncSession,
    readings: Readings,
    house: House,
    devices: Sequence[Device],
    span: Span,
    zone: ZoneInfo,
) -> Days:
    """Return the days of a span by the farm's own midnights; each instrument counts alike."""
    edges = day_edges(span, zone)
    inside = [one.id for one in devices if one.role is not DeviceRole.WEATHER_STATION]

    async def hours(quantity: Quantity) -> Sequence[Summary]:
        keys = await find_series(session, house.id, devices=inside, quantities=[quantity])
        return [await _hours(readings, key.id, span) for key in keys] if inside else []

    warm, damp = await hours(Quantity.TEMPERATURE), await hours(Quantity.RELATIVE_HUMIDITY)
    pairs = await vapour.find_pairs(session, house.id, devices=inside) if inside else ()
    deficits = [
        vapour.of_roll_ups(
            Rolled(summary=await _hours(readings, pair.temperature.id, span), width_ms=HOUR_MS),
            Rolled(summary=await _hours(readings, pair.humidity.id, span), width_ms=HOUR_MS),
        ).summary
        for pair in pairs
    ]
    deficits += await hours(Quantity.VPD)
    return Days(
        edges_ms=edges,
        temperature_c=_means(warm, edges),
        temperature_min_c=_ends(warm, edges, np.fmin, "lowest"),
        temperature_max_c=_ends(warm, edges, np.fmax, "highest"),
        humidity_percent=_means(damp, edges),
        vpd_kpa=_means(deficits, edges),
        weight_kg=_means(await hours(WEIGHED), edges),
    )


async def weights_of(
    session: AsyncSession, readings: Readings, house_id: UUID, span: Span, zone: ZoneInfo
) -> Numbers:
    """Return the weights alone, of a span's days by the farm's own midnights."""
    keys = await find_series(session, house_id, quantities=[WEIGHED])
    return _means([await _hours(readings, key.id, span) for key in keys], day_edges(span, zone))


async def _hours(readings: Readings, series_id: int, span: Span) -> Summary:
    hours = widen(await readings.read_rolled(series_id, span, width_s=HOUR_S), HOUR_MS)
    # Where the span cuts an hour, most of it may lie outside.
    return hours.where((hours.mean_ms >= span.start_ms) & (hours.mean_ms < span.end_ms))


def _means(series: Iterable[Summary], edges: Integers) -> Numbers:
    """Return the mean of each day over what several instruments showed on average."""
    total, count = np.zeros(len(edges) - 1), np.zeros(len(edges) - 1)
    for one in series:
        of_day = np.searchsorted(edges, one.mean_ms, side="right") - 1
        sums = np.bincount(of_day, weights=one.total, minlength=len(total))
        numbers = np.bincount(of_day, weights=one.count, minlength=len(total))
        there = numbers > 0
        total[there] += sums[there] / numbers[there]
        count += there
    mean = np.full(len(total), np.nan)
    np.divide(total, count, out=mean, where=count > 0)
    return mean


def _ends(series: Iterable[Summary], edges: Integers, worse: np.ufunc, column: str) -> Numbers:
    found = np.full(len(edges) - 1, np.nan)
    for one in series:
        of_day = np.searchsorted(edges, one.mean_ms, side="right") - 1
        worse.at(found, of_day, getattr(one, column))
    return found
