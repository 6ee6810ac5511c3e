"""The routes that say how long a farm keeps its readings."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from tokkatot.cloud.farms.access import CanOwn, CanSee
from tokkatot.cloud.platform import audit
from tokkatot.cloud.platform.context import FromWhere, Tx
from tokkatot.cloud.platform.schemas import Body, View
from tokkatot.cloud.telemetry import retention as service
from tokkatot.cloud.telemetry.retention import LONGEST_DAYS, SHORTEST_DAYS, Retention

router = APIRouter(prefix="/v1/farms/{farm}/retention", tags=["readings"])

_Days = Annotated[int, Field(ge=0, le=LONGEST_DAYS)]


class RetentionView(View):
    """For how many days a farm keeps what it measured; sums of hours and days are kept for ever."""

    readings_days: int
    minutes_days: int
    five_minutes_days: int


class RetentionBody(Body):
    """For how many days the farm is to keep what it measures."""

    readings_days: Annotated[int, Field(ge=SHORTEST_DAYS, le=LONGEST_DAYS)]
    minutes_days: _Days
    five_minutes_days: _Days


@router.get("")
async def retention(access: CanSee, tx: Tx) -> RetentionView:
    """Return for how long the farm keeps its readings."""
    return RetentionView.model_validate(await service.retention_of(tx, access.farm_id))


@router.put("")
async def set_retention(
    body: RetentionBody, access: CanOwn, tx: Tx, origin: FromWhere
) -> RetentionView:
    """Keep readings for another time; imported ones are always kept."""
    wanted = Retention(**body.model_dump())
    await service.set_retention(tx, access.farm_id, wanted)
    audit.record(
        tx,
        "retention.changed",
        farm_id=access.farm_id,
        user_id=access.caller.user_id,
        data=body.model_dump(),
        origin=origin,
    )
    return RetentionView.model_validate(wanted)
