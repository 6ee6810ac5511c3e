"""The routes that tell what stands out in a house's readings."""

from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from pydantic import Field

from tokkatot.cloud.farms.access import CanSee
from tokkatot.cloud.farms.houses import house_in
from tokkatot.cloud.farms.service import farm_in
from tokkatot.cloud.platform.cache import remembered
from tokkatot.cloud.platform.context import Ctx, Tx
from tokkatot.cloud.platform.schemas import View
from tokkatot.cloud.telemetry import history, insights
from tokkatot.cloud.telemetry.access import Stored
from tokkatot.cloud.telemetry.asking import SomeReadings
from tokkatot.cloud.telemetry.history import SeriesKey
from tokkatot.cloud.telemetry.local_time import HOUR_MS
from tokkatot.cloud.telemetry.outliers import DAYS_BEFORE, LEAST_DAYS, Found
from tokkatot.cloud.telemetry.trend import MOST_DAYS, Trend
from tokkatot.domain.ids import HouseId
from tokkatot.domain.quantities import SPECS, Quantity
from tokkatot.kit.clock import from_ms, to_ms

router = APIRouter(prefix="/v1/farms/{farm}/houses/{house}", tags=["readings"])

_LONGEST: Final = timedelta(days=31)


class AnomalyView(View):
    """An hour that is unlike the same hour of the days before."""

    start: datetime = Field(serialization_alias="from")
    end: datetime = Field(serialization_alias="to")
    value: float = Field(description="The mean, lowest or highest value: what was unusual.")
    low: float = Field(description="From here on it would have been usual.")
    high: float = Field(description="Up to here it would have been usual.")
    score: float = Field(description="Robust standard deviations away; negative: too low.")


class SeriesAnomaliesView(View):
    """The unusual hours of one quantity of one device."""

    device_id: UUID
    quantity: str
    unit: str
    compared_hours: int = Field(
        description=f"Hours that could be told: with {LEAST_DAYS} or more of the {DAYS_BEFORE} days"
        " before to compare with."
    )
    anomalies: list[AnomalyView]


class AnomaliesView(View):
    """What was unusual in a house."""

    series: list[SeriesAnomaliesView]


class TrendView(View):
    """A change from day to day."""

    per_day: float
    low: float = Field(description="It lies above this with 95 % confidence …")
    high: float = Field(description="… and below this.")
    days: int
    direction: Literal["rising", "falling", "steady"] = Field(
        description="Steady: it may as well be none."
    )


class SeriesTrendView(View):
    """The trend of one quantity of one device."""

    device_id: UUID
    quantity: str
    unit: str
    trend: TrendView | None = Field(description="Null: too few days are known.")


class TrendsView(View):
    """Where things drift in a house."""

    series: list[SeriesTrendView]


@router.get("/anomalies")
async def anomalies(
    house: UUID, access: CanSee, tx: Tx, stored: Stored, asked: SomeReadings, context: Ctx
) -> AnomaliesView:
    """Return the hours that are unlike the same hour of the days before.

    A robust z-score: the distance to the median of the days before over their median absolute
    deviation. Counters and directions are left out. An answer may be a minute old.
    """
    await house_in(tx, access.farm_id, HouseId(house))
    zone = ZoneInfo((await farm_in(tx, access.farm_id)).time_zone)

    async def look() -> AnomaliesView:
        span = asked.period.past(tx.now, usual=timedelta(days=7), longest=_LONGEST)
        keys = await history.find_series(
            tx.session, house, devices=asked.devices, quantities=asked.quantities
        )
        return AnomaliesView(
            series=[
                _anomalies_view(
                    key,
                    await insights.anomalies(stored, key, span, zone, now_ms=to_ms(tx.now)),
                )
                for key in insights.with_levels(keys)
            ]
        )

    return await remembered(context.cache, (house, asked, zone.key), AnomaliesView, look)


@router.get("/trends")
async def trends(
    house: UUID, access: CanSee, tx: Tx, stored: Stored, asked: SomeReadings, context: Ctx
) -> TrendsView:
    """Return how daily means change from day to day, as the median slope of all pairs of days.

    An answer may be a minute old.
    """
    await house_in(tx, access.farm_id, HouseId(house))

    async def look() -> TrendsView:
        span = asked.period.past(
            tx.now, usual=timedelta(days=30), longest=timedelta(days=MOST_DAYS)
        )
        keys = await history.find_series(
            tx.session, house, devices=asked.devices, quantities=asked.quantities
        )
        return TrendsView(
            series=[
                _trend_view(key, await insights.drift(stored, key, span))
                for key in insights.with_levels(keys)
            ]
        )

    return await remembered(context.cache, (house, asked), TrendsView, look)


def _anomalies_view(key: SeriesKey, found: Found) -> SeriesAnomaliesView:
    return SeriesAnomaliesView(
        device_id=key.device_id,
        quantity=key.quantity,
        unit=SPECS[Quantity(key.quantity)].unit,
        compared_hours=found.compared,
        anomalies=[
            AnomalyView(
                start=from_ms(one.start_ms),
                end=from_ms(one.start_ms + HOUR_MS),
                value=one.value,
                low=one.low,
                high=one.high,
                score=one.score,
            )
            for one in found.outliers
        ],
    )


def _trend_view(key: SeriesKey, found: Trend | None) -> SeriesTrendView:
    return SeriesTrendView(
        device_id=key.device_id,
        quantity=key.quantity,
        unit=SPECS[Quantity(key.quantity)].unit,
        trend=None
        if found is None
        else TrendView(
            per_day=found.per_day,
            low=found.low,
            high=found.high,
            days=found.days,
            direction="rising" if found.low > 0 else "falling" if found.high < 0 else "steady",
        ),
    )
