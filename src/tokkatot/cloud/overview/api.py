"""The routes that answer a whole screen at once."""

from datetime import UTC
from email.utils import format_datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Response

from tokkatot.cloud.farms.access import CanSee
from tokkatot.cloud.farms.houses import house_in
from tokkatot.cloud.overview import service
from tokkatot.cloud.overview.views import DashboardView, HouseCardView, HouseStateView
from tokkatot.cloud.platform.context import Ctx, Tx
from tokkatot.cloud.platform.objects import picture_key
from tokkatot.cloud.platform.paging import Page
from tokkatot.cloud.platform.problems import NotFound
from tokkatot.domain.ids import HouseId

router = APIRouter(prefix="/v1/farms/{farm}")


@router.get("/houses", tags=["houses"])
async def houses(access: CanSee, tx: Tx) -> Page[HouseCardView]:
    """Return the houses with what their cards show; there are few enough for one page."""
    return Page(items=await service.cards(tx, access))


@router.get("/dashboard", tags=["reports"])
async def dashboard(access: CanSee, tx: Tx) -> DashboardView:
    """Return all that the farm's first screen shows."""
    return await service.dashboard(tx, access)


@router.get("/houses/{house}/state", tags=["houses"])
async def state(house: UUID, access: CanSee, tx: Tx, context: Ctx) -> HouseStateView:
    """Return all that the house's screen shows; resume the socket from its `seq`."""
    state = await service.house_state(tx, access, HouseId(house))
    # Last: where the pictures are may take its time, with nothing of the database in hand.
    await tx.release()
    hung = await context.objects.modified_at(picture_key(house))
    return service.with_picture(state, access.farm_id, hung)


@router.get(
    "/houses/{house}/picture",
    tags=["houses"],
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}}, 304: {"description": "It is what you have."}},
)
async def picture(
    house: UUID,
    access: CanSee,
    tx: Tx,
    context: Ctx,
    if_none_match: Annotated[str | None, Header(max_length=256)] = None,
) -> Response:
    """Return the newest picture of the house: what a camera saw, or what was hung there since."""
    await house_in(tx, access.farm_id, HouseId(house))
    found = await service.seen_picture(tx, access.farm_id, HouseId(house))
    await tx.release()
    hung = await context.objects.modified_at(picture_key(house))
    if hung is not None and (found is None or hung > found.modified_at):
        found = await context.objects.get(picture_key(house))
    if found is None:
        raise NotFound("picture")
    etag = found.etag if found.etag.startswith(('"', 'W/"')) else f'"{found.etag}"'
    headers = {
        "ETag": etag,
        "Last-Modified": format_datetime(found.modified_at.astimezone(UTC), usegmt=True),
        "Cache-Control": "private, no-cache",
    }
    if if_none_match is not None and etag in {part.strip() for part in if_none_match.split(",")}:
        return Response(status_code=304, headers=headers)
    return Response(found.content, media_type="image/jpeg", headers=headers)
