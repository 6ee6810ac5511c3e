"""The routes of what was picked in a greenhouse."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from tokkatot.cloud.farms import harvests
from tokkatot.cloud.farms.access import CanOperate, CanSee
from tokkatot.cloud.farms.houses import house_in
from tokkatot.cloud.platform.context import FromWhere, Tx
from tokkatot.cloud.platform.idempotency import Once
from tokkatot.cloud.platform.openapi import problems
from tokkatot.cloud.platform.paging import Page, Paged, page_of
from tokkatot.cloud.platform.schemas import Body, LongText, View
from tokkatot.domain.ids import HouseId

router = APIRouter(prefix="/v1/farms/{farm}/houses/{house}/harvests", tags=["houses"])


class HarvestBody(Body):
    """What was picked."""

    kg: Annotated[float, Field(gt=0, le=1e6)]
    picked_on: date | None = Field(None, description="By the farm's clock; left out: today.")
    notes: LongText | None = None


class HarvestView(View):
    """A harvest."""

    id: UUID
    picked_on: date
    kg: float
    notes: str | None
    noted_by: UUID
    created_at: datetime


@router.get("")
async def noted(house: UUID, access: CanSee, tx: Tx, page: Paged) -> Page[HarvestView]:
    """Return what was picked, the newest first."""
    found = await house_in(tx, access.farm_id, HouseId(house))
    after = page.after_of(date.fromisoformat, UUID)
    rows = await harvests.harvests_of(tx.session, found.id, after=after, limit=page.limit + 1)
    items, cursor = page_of(rows, page, lambda row: [row.picked_on.isoformat(), str(row.id)])
    return Page(items=[HarvestView.model_validate(row) for row in items], next_cursor=cursor)


@router.post(
    "",
    status_code=201,
    response_model=HarvestView,
    responses=problems("conflict", "idempotency_mismatch"),
)
async def note(
    house: UUID, body: HarvestBody, access: CanOperate, tx: Tx, origin: FromWhere, once: Once
) -> Response:
    """Note what was picked of the crop that stands in a greenhouse, or stood that day."""

    async def write() -> HarvestView:
        new = harvests.NewHarvest(**body.model_dump())
        made = await harvests.note_harvest(tx, access, HouseId(house), new, origin=origin)
        return HarvestView.model_validate(made)

    return await once.once(tx, access.caller.user_id, write, status=201)


@router.delete("/{harvest}", status_code=204)
async def take_back(
    house: UUID, harvest: UUID, access: CanOperate, tx: Tx, origin: FromWhere
) -> None:
    """Take back what was noted by mistake."""
    await harvests.take_back(tx, access, HouseId(house), harvest, origin=origin)
