"""The vapour pressure deficit of air, from temperature and humidity that one device measures."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

import numpy as np
from sqlalchemy.ext.asyncio import AsyncSession

from tokkatot.cloud.telemetry import history
from tokkatot.cloud.telemetry.blocks import EMPTY, Columns
from tokkatot.cloud.telemetry.drawing import Shape
from tokkatot.cloud.telemetry.history import Chart, Drawn, Rolled, SeriesKey
from tokkatot.cloud.telemetry.store import Readings, Span
from tokkatot.cloud.telemetry.summary import NOTHING, Numbers, Summary, widen
from tokkatot.domain.quantities import SPECS, Quantity
from tokkatot.domain.vapour import OFFSET_C, SATURATED_KPA, STEEPNESS

APART_MS: Final = 300_000
"""Readings that are farther apart than this say nothing about the same air."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The temperature and the humidity of one place."""

    temperature: SeriesKey
    humidity: SeriesKey


async def find_pairs(
    session: AsyncSession, house_id: UUID, *, devices: Sequence[UUID]
) -> Sequence[Pair]:
    """Return what deficits follow from, of devices that don't report one themselves."""
    air = (Quantity.TEMPERATURE, Quantity.RELATIVE_HUMIDITY, Quantity.VPD)
    keys = await history.find_series(session, house_id, devices=devices, quantities=air)
    by_device: dict[UUID, dict[str, SeriesKey]] = {}
    for key in keys:
        by_device.setdefault(key.device_id, {})[key.quantity] = key
    return [
        Pair(temperature=found[Quantity.TEMPERATURE], humidity=found[Quantity.RELATIVE_HUMIDITY])
        for found in by_device.values()
        if found.keys() == {Quantity.TEMPERATURE, Quantity.RELATIVE_HUMIDITY}
    ]


async def draw(
    readings: Readings, pairs: Sequence[Pair], span: Span, *, points: int, shape: Shape
) -> list[Drawn]:
    """Return at most `points` points of each pair's deficit."""
    chart = Chart(span=span, points=points, shape=shape)
    return [await _draw(readings, chart, pair) for pair in pairs]


async def _draw(readings: Readings, chart: Chart, pair: Pair) -> Drawn:
    key = replace(pair.temperature, quantity=Quantity.VPD.value)
    first, second = pair.temperature.id, pair.humidity.id
    stock = await readings.stock([first, second], chart.span)
    if chart.is_rolled(max(one.readings for one in stock.values())):
        rolled = of_roll_ups(
            await chart.rolled(readings, first), await chart.rolled(readings, second)
        )
        return await chart.of_roll_ups(key, rolled)
    found = await readings.read([first, second], chart.span)
    warm, damp = found.get(first, EMPTY), found.get(second, EMPTY)
    columns = of_readings(warm, damp)
    older = of_roll_ups(
        await chart.left(readings, first, stock[first], warm),
        await chart.left(readings, second, stock[second], damp),
    )
    drawn = await chart.of_readings({key: columns}, {key: older})
    return drawn[key]


def deficit_kpa(temperature_c: Numbers, humidity_percent: Numbers) -> Numbers:
    """Return how much more vapour pressure air could hold, each of shape (n,).

    The equation is `domain.vapour.deficit_kpa`, of many moments at once.
    """
    saturation = SATURATED_KPA * np.exp(STEEPNESS * temperature_c / (temperature_c + OFFSET_C))
    deficit: Numbers = saturation * (1 - humidity_percent / 100)
    return deficit


def of_readings(temperature: Columns, humidity: Columns) -> Columns:
    """Return the deficit at each temperature, by the humidity that was measured nearest to it."""
    if not len(temperature) or not len(humidity):
        return EMPTY
    after = np.searchsorted(humidity.t_ms, temperature.t_ms).clip(0, len(humidity) - 1)
    before = (after - 1).clip(0)
    apart_before = np.abs(temperature.t_ms - humidity.t_ms[before])
    apart_after = np.abs(humidity.t_ms[after] - temperature.t_ms)
    nearest = np.where(apart_before < apart_after, before, after)
    deficit = deficit_kpa(temperature.value, humidity.value[nearest])
    kept = np.minimum(apart_before, apart_after) <= APART_MS
    kept &= deficit <= SPECS[Quantity.VPD].maximum
    quality = np.maximum(temperature.quality, humidity.quality[nearest])
    return Columns(t_ms=temperature.t_ms, value=deficit, quality=quality).where(kept)


def of_roll_ups(temperature: Rolled, humidity: Rolled) -> Rolled:
    """Return the deficit of each bucket that has both.

    Its mean is that of the mean temperature and humidity; lowest and highest are the bounds between
    which it must have been.
    """
    width_ms = max(temperature.width_ms, humidity.width_ms)
    if not len(temperature.summary) or not len(humidity.summary):
        return Rolled(summary=NOTHING, width_ms=width_ms)
    warm, damp = widen(temperature.summary, width_ms), widen(humidity.summary, width_ms)
    _, first, second = np.intersect1d(warm.t_ms, damp.t_ms, return_indices=True)
    warm, damp = warm.where(first), damp.where(second)
    return Rolled(
        summary=Summary(
            t_ms=warm.t_ms,
            mean_ms=warm.mean_ms,
            count=warm.count,
            total=deficit_kpa(warm.mean(), damp.mean()) * warm.count,
            lowest=deficit_kpa(warm.lowest, damp.highest),
            highest=deficit_kpa(warm.highest, damp.lowest),
            last=deficit_kpa(warm.last, damp.last),
            quality=np.maximum(warm.quality, damp.quality),
        ),
        width_ms=width_ms,
    )
