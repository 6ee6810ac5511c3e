"""The routes of a house's twin."""

from datetime import datetime, timedelta
from typing import Annotated, Final, Literal
from uuid import UUID

import msgspec
from fastapi import APIRouter
from pydantic import AwareDatetime, Field, StringConstraints
from starlette.responses import Response

from tokkatot.climate.control.tariff import FLAT
from tokkatot.climate.physics.known import COOPS, House
from tokkatot.cloud.farms.access import CanOperate, CanSee
from tokkatot.cloud.farms.houses import house_in
from tokkatot.cloud.farms.model import House as StoredHouse
from tokkatot.cloud.intelligence import store as intelligence_store
from tokkatot.cloud.jobs import service as jobs
from tokkatot.cloud.jobs import store as jobs_store
from tokkatot.cloud.jobs.api import JobView, job_view
from tokkatot.cloud.platform.context import Tx
from tokkatot.cloud.platform.idempotency import Once
from tokkatot.cloud.platform.openapi import problems
from tokkatot.cloud.platform.problems import Invalid, invalid_field
from tokkatot.cloud.platform.schemas import Body, View
from tokkatot.cloud.twins import calibrating, simulating
from tokkatot.cloud.twins.asked import (
    Calibration,
    ForecastWeather,
    GivenWeather,
    Hour,
    Prices,
    RecordedWeather,
    Weather,
    WhatIf,
)
from tokkatot.cloud.twins.house import devices_in, flock_at, usual_twin
from tokkatot.cloud.twins.tariffs import TARIFF, ByTheHour
from tokkatot.domain.houses import HouseKind, SetPoints
from tokkatot.domain.ids import HouseId
from tokkatot.kit.clock import to_ms

router = APIRouter(prefix="/v1/farms/{farm}/houses/{house}/twin", tags=["twins"])

USUAL: Final = timedelta(days=1)
LONGEST: Final = timedelta(days=7)
LONGEST_FIT: Final = timedelta(days=60)
FARTHEST: Final = timedelta(days=366)
"""From now a time may lie that weather is given for."""
KEPT: Final = timedelta(days=3653)
ParameterName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
_MOST_HOURS: Final = 168
MOST_FORETOLD_H: Final = 72


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


class ForecastBody(Body):
    """The weather to come, as a service foretells it or as it usually is."""

    kind: Literal["forecast"]
    hours: Annotated[int, Field(ge=2, le=MOST_FORETOLD_H)] = 48


class PointsBody(Body):
    """Set-points that the house does not have."""

    temperature_min_c: float
    temperature_max_c: float
    temperature_hard_max_c: float


class PricesBody(Body):
    """Of a kWh, in any money."""

    electricity_kwh: Annotated[float, Field(ge=0, le=1e6)]
    heat_kwh: Annotated[float, Field(ge=0, le=1e6)]
    tariff: ByTheHour | None = Field(None, description=TARIFF)


class SimulateBody(Body):
    """Which weather, and which set-points beside the house's own."""

    weather: Annotated[RecordedBody | GivenBody | ForecastBody, Field(discriminator="kind")]
    warmer_k: Annotated[float, Field(ge=-15, le=15)] = Field(
        0.0, description="By so much the weather is warmer than that."
    )
    setpoints: PointsBody | None = Field(None, description="Left out: the house's own alone.")
    twin: House | None = Field(
        None, description="What the house is built like; left out: as its devices tell."
    )
    prices: PricesBody | None = None


class CalibrateBody(Body):
    """What a house's twin is fitted to: some weeks, of which it is judged by each fourth day."""

    start: AwareDatetime = Field(alias="from")
    through: AwareDatetime | None = None
    fit: Annotated[list[ParameterName], Field(min_length=1, max_length=8)] | None = Field(
        None, description="Parameters of the twin; left out: those that are usual for its kind."
    )
    twin: House | None = Field(None, description="As in `simulate`.")


class FittedView(View):
    """A parameter, with the interval that holds it in 95 of 100 such recordings."""

    value: float
    low: float
    high: float


class OffView(View):
    """Root mean squares of what a twin is off by; null where nothing was read."""

    air_k: float | None
    humidity_pct: float | None
    co2_ppm: float | None


class FitView(View):
    """What was found of a house's twin last."""

    house: House
    fitted_at: datetime
    parameters: dict[str, FittedView]
    days_fitted: int
    days_held_out: int
    held_out_before: OffView
    held_out_after: OffView


class TwinView(View):
    """The twin of a house."""

    house: House = Field(description="What it is built like.")
    fit: FitView | None
    asked: JobView | None = Field(
        description="The fit that was asked for last, with the reason where it was refused."
    )


@router.get("")
async def twin(house: UUID, access: CanSee, tx: Tx) -> TwinView:
    """Return what the twin of a house is built like, and what was found of it."""
    found = await house_in(tx, access.farm_id, HouseId(house))
    fit = await intelligence_store.fit_of(tx.session, found.id)
    job = await jobs_store.latest(tx.session, found.id, calibrating.KIND)
    asked = None if job is None else job_view(job)
    if fit is None:
        flock = await flock_at(tx, found, tx.now)
        usual = usual_twin(found, flock, await devices_in(tx, found))
        return TwinView(house=usual, fit=None, asked=asked)
    fitted = FitView.model_validate(fit.card | {"fitted_at": fit.fitted_at})
    return TwinView(house=fitted.house, fit=fitted, asked=asked)


@router.post(
    "/calibrate",
    status_code=202,
    response_model=JobView,
    responses=problems("idempotency_mismatch", "rate_limited"),
)
async def calibrate(
    house: UUID, body: CalibrateBody, access: CanOperate, tx: Tx, once: Once
) -> Response:
    """Fit a house's twin to what was recorded in it; what is found is kept where it is told."""

    async def ask() -> JobView:
        found = await house_in(tx, access.farm_id, HouseId(house))
        start, end = _past(body.start, body.through, now=tx.now, longest=LONGEST_FIT, under="body")
        asked = Calibration(
            start_ms=to_ms(start),
            end_ms=to_ms(end),
            fit=body.fit,
            house=_twin(found, body.twin),
        )
        job = await jobs.ask(
            tx, access, HouseId(house), calibrating.KIND, msgspec.to_builtins(asked)
        )
        return job_view(job)

    return await once.once(tx, access.caller.user_id, ask, status=202)


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
            prices=None if body.prices is None else _prices(body.prices),
        )
        job = await jobs.ask(
            tx, access, HouseId(house), simulating.KIND, msgspec.to_builtins(asked)
        )
        return job_view(job)

    return await once.once(tx, access.caller.user_id, ask, status=202)


def _weather(body: RecordedBody | GivenBody | ForecastBody, *, now: datetime) -> Weather:
    if isinstance(body, ForecastBody):
        return ForecastWeather(hours=body.hours)
    if isinstance(body, GivenBody):
        begins = body.start or now
        if not now - FARTHEST < begins < now + FARTHEST:
            raise invalid_field("body.weather.from", "too_far", "It is within a year of now.")
        return GivenWeather(
            start_ms=to_ms(begins),
            hours=[Hour(**hour.model_dump()) for hour in body.hours],
        )
    start, end = _past(
        body.start, body.through, now=now, longest=LONGEST,
        under="body.weather",
    )  # fmt: skip
    return RecordedWeather(start_ms=to_ms(start), end_ms=to_ms(end))


def _past(
    start: datetime | None,
    through: datetime | None,
    *,
    now: datetime,
    longest: timedelta,
    under: str,
) -> tuple[datetime, datetime]:
    """Return a time that has been."""
    end = through or now
    if end > now:
        raise invalid_field(f"{under}.through", "in_future", "Nothing is recorded of then.")
    if now - end > KEPT:
        raise invalid_field(f"{under}.through", "too_old", "It is within ten years of now.")
    begins = end - USUAL if start is None else start
    if not begins < end:
        raise invalid_field(f"{under}.from", "not_before", "A time ends after it begins.")
    if end - begins > longest:
        raise invalid_field(f"{under}.from", "too_long", f"It is at most {longest.days} days.")
    return begins, end


def _prices(body: PricesBody) -> Prices:
    return Prices(
        electricity_kwh=body.electricity_kwh,
        heat_kwh=body.heat_kwh,
        tariff=FLAT if body.tariff is None else tuple(body.tariff),
    )


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
