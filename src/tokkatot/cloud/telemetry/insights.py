"""What stands out in the readings of a house: hours that are unusual, and where things drift."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from tokkatot.cloud.telemetry import outliers, trend
from tokkatot.cloud.telemetry.history import SeriesKey
from tokkatot.cloud.telemetry.local_time import HOUR_MS, hour_of_day
from tokkatot.cloud.telemetry.outliers import Found
from tokkatot.cloud.telemetry.store import DAY_MS, DAY_S, HOUR_S, Readings, Span
from tokkatot.cloud.telemetry.summary import widen
from tokkatot.cloud.telemetry.trend import Trend
from tokkatot.domain.quantities import SPECS, Quantity

NO_LEVELS: Final = frozenset(
    {Quantity.WATER_TOTAL, Quantity.ENERGY, Quantity.RADIATION_SUM, Quantity.WIND_DIRECTION}
)
"""Counters that only rise or start anew, and what goes round in a circle: one mean says nothing."""

_WHOLE_DAY: Final = 0.75
"""A day with fewer readings than this share of a usual day's is left out: half a day is warmer."""


def with_levels(keys: Sequence[SeriesKey]) -> list[SeriesKey]:
    """Return the series of which a mean makes sense."""
    return [key for key in keys if Quantity(key.quantity) not in NO_LEVELS]


async def anomalies(
    readings: Readings, key: SeriesKey, span: Span, zone: ZoneInfo, *, now_ms: int
) -> Found:
    """Return the unusual hours of a series that are over."""
    before = Span(start=span.start - timedelta(days=outliers.DAYS_BEFORE, hours=1), end=span.end)
    rolled = await readings.read_rolled(key.id, before, width_s=HOUR_S)
    hours = widen(rolled, HOUR_MS)
    hours = hours.where(hours.t_ms + HOUR_MS <= now_ms)
    return await asyncio.to_thread(
        outliers.find,
        hours,
        hour_of_day(hours.t_ms, zone),
        span.start_ms,
        SPECS[Quantity(key.quantity)],
    )


async def drift(readings: Readings, key: SeriesKey, span: Span) -> Trend | None:
    """Return the trend of a series' daily means, None where there are too few whole days."""
    days = widen(await readings.read_rolled(key.id, span, width_s=DAY_S), DAY_MS)
    if not len(days):
        return None
    days = days.where(days.count >= _WHOLE_DAY * np.median(days.count))
    return await asyncio.to_thread(trend.theil_sen, days.t_ms // DAY_MS, days.mean())
