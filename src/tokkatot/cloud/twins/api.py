"""The routes of a house's twin."""

from datetime import datetime, timedelta
from typing import Annotated, Final, Literal
from uuid import UUID

import msgspec
from fastapi import APIRouter
from pydantic import AwareDatetime, Field
from starlette.responses import Response

from tokkatot.climate.physics.known import COOPS, House
from tokkatot.cloud.farms.access import CanOperate
from tokkatot.cloud.farms.houses import house_in
from tokkatot.cloud.farms.model import House as StoredHouse
from tokkatot.cloud.jobs import service as jobs
from tokkatot.cloud.jobs.api import JobView, job_view
from tokkatot.cloud.platform.context import Tx
from tokkatot.cloud.platform.idempotency import Once
from tokkatot.cloud.platform.openapi import problems
from tokkatot.cloud.platform.problems import Invalid, invalid_field
from tokkatot.cloud.platform.schemas import Body
from tokkatot.cloud.twins import simulating
from tokkatot.cloud.twins.asked import (
    GivenWeather,
    Hour,
    Prices,
    RecordedWeather,
    Weather,
    WhatIf,
)
from tokkatot.domain.houses import HouseKind, SetPoints
from tokkatot.domain.ids import HouseId
from tokkatot.kit.clock import to_ms

router = APIRouter(prefix="/v1/farms/{farm}/houses/{house}/twin", tags=["twins"])

LONGEST: Final = timedelta(days=7)
FARTHEST: Final = timedelta(days=366)
"""From now a time may lie that weather is given for."""
KEPT: Final = timedelta(days=3653)
_MOST_HOURS: Final = 168


class RecordedBody(Body):
    """Weather as the farm's own station measured it; by default of the last day."""

    kind: Literal["recorded"]
    start: AwareDatetime | None = Field(None, alias="from")
    through: AwareDatetime | None = None


class HourBody(Body):
    """An hour of weather."""

    temperature_c: Annotated[float, Field(ge=-40, le=60)]
    humidity_pct: Annotated[float, Field(ge=0, le=100)]
    radiation_w_m2: Annotated[float, Field(ge=0, le=1500)] = 0.0
    wind_m_s: Annotated[float, Field(ge=0, le=60)] = 1.0


class GivenBody(Body):
    """Weather hour by hour; by default from now on."""

    kind: Literal["given"]
    start: AwareDatetime | None = Field(None, alias="from")
    hours: Annotated[list[HourBody], Field(min_length=2, max_length=_MOST_HOURS)]


class PointsBody(Body):
    """Set-points that the house does not have."""

    temperature_min_c: float
    temperature_max_c: float
    temperature_hard_max_c: float


class PricesBody(Body):
    """Of a kWh, in any money."""

    electricity_kwh: Annotated[float, Field(ge=0, le=1e6)]
    heat_kwh: Annotated[float, Field(ge=0, le=1e6)]


class SimulateBody(Body):
    """Which weather, and which set-points beside the house's own."""

    weather: Annotated[RecordedBody | GivenBody, Field(discriminator="kind")]
    warmer_k: Annotated[float, Field(ge=-15, le=15)] = Field(
        0.0, description="By so much the weather is warmer than that."
    )
    setpoints: PointsBody | None = Field(None, description="Left out: the house's own alone.")
    twin: House | None = Field(
        None, description="What the house is built like; left out: as its devices tell."
    )
    prices: PricesBody | None = None


@router.post(
    "/simulate",
    status_code=202,
    response_model=JobView,
    responses=problems("idempotency_mismatch", "rate_limited"),
)
async def simulate(
    house: UUID, body: SimulateBody, access: CanOperate, tx: Tx, once: Once
) -> Response:
    """Ask a house's twin what would be; the job's result has both plans, row by row."""

    async def ask() -> JobView:
        found = await house_in(tx, access.farm_id, HouseId(house))
        asked = WhatIf(
            weather=_weather(body.weather, now=tx.now),
            warmer_k=body.warmer_k,
            points=None if body.setpoints is None else _points(body.setpoints),
            house=_twin(found, body.twin),
            prices=None if body.prices is None else Prices(**body.prices.model_dump()),
        )
        job = await jobs.ask(
            tx, access, HouseId(house), simulating.KIND, msgspec.to_builtins(asked)
        )
        return job_view(job)

    return await once.once(tx, access.caller.user_id, ask, status=202)


def _weather(body: RecordedBody | GivenBody, *, now: datetime) -> Weather:
    if isinstance(body, GivenBody):
        begins = body.start or now
        if not now - FARTHEST < begins < now + FARTHEST:
            raise invalid_field("body.weather.from", "too_far", "It is within a year of now.")
        return GivenWeather(
            start_ms=to_ms(begins),
            hours=[Hour(**hour.model_dump()) for hour in body.hours],
        )
    end = body.through or now
    if end > now:
        raise invalid_field("body.weather.through", "in_future", "Nothing is recorded of then.")
    if now - end > KEPT:
        raise invalid_field("body.weather.through", "too_old", "It is within ten years of now.")
    start = end - timedelta(days=1) if body.start is None else body.start
    if not start < end:
        raise invalid_field("body.weather.from", "not_before", "A time ends after it begins.")
    if end - start > LONGEST:
        raise invalid_field("body.weather.from", "too_long", f"It is at most {LONGEST.days} days.")
    return RecordedWeather(start_ms=to_ms(start), end_ms=to_ms(end))


def _points(body: PointsBody) -> tuple[float, float, float]:
    try:
        points = SetPoints(**body.model_dump())
    except ValueError as error:
        raise Invalid(detail=str(error)) from None
    return points.temperature_min_c, points.temperature_max_c, points.temperature_hard_max_c


def _twin(house: StoredHouse, wanted: House | None) -> House | None:
    if wanted is None:
        return None
    fits = wanted in COOPS if house.kind is HouseKind.COOP else wanted is House.TOMATO
    if not fits:
        raise invalid_field("body.twin", "unfit", f"No {house.kind.value} is built so.")
    return wanted
