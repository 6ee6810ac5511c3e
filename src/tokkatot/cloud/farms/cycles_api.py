"""The routes of what lives in a house: flocks in a coop, crops in a greenhouse."""

from datetime import date
from typing import TypeVar
from uuid import UUID

from fastapi import APIRouter

from tokkatot.cloud.farms import cycles, store
from tokkatot.cloud.farms.access import CanOwn, CanSee, FarmAccess
from tokkatot.cloud.farms.houses import house_in
from tokkatot.cloud.farms.model import CropCycle, Flock
from tokkatot.cloud.farms.store import Cycle
from tokkatot.cloud.farms.views import (
    CropBody,
    CropPatch,
    CropView,
    FlockBody,
    FlockPatch,
    FlockView,
)
from tokkatot.cloud.platform.context import FromWhere, Tx
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.openapi import problems
from tokkatot.cloud.platform.paging import Page, Paged, PageRequest, page_of
from tokkatot.cloud.platform.schemas import View
from tokkatot.domain.ids import HouseId

router = APIRouter(prefix="/v1/farms/{farm}/houses/{house}", tags=["houses"])

V = TypeVar("V", bound=View)


@router.get("/flocks")
async def flocks(house: UUID, access: CanSee, tx: Tx, page: Paged) -> Page[FlockView]:
    """Return the flocks, newest first."""
    return await _page(tx, access, page, HouseId(house), Flock, FlockView)


@router.post(
    "/flocks",
    status_code=201,
    responses=problems("already_exists", "conflict"),
)
async def place_flock(
    house: UUID, body: FlockBody, access: CanOwn, tx: Tx, origin: FromWhere
) -> FlockView:
    """Place a flock in an empty coop."""
    new = cycles.NewFlock(**body.model_dump())
    flock = await cycles.place_flock(tx, access, HouseId(house), new, origin=origin)
    return FlockView.model_validate(flock)


@router.patch("/flocks/{flock}")
async def change_flock(
    house: UUID, flock: UUID, body: FlockPatch, access: CanOwn, tx: Tx, origin: FromWhere
) -> FlockView:
    """Count the birds, or clear the house of them."""
    changed = await cycles.change_flock(
        tx, access, HouseId(house), flock, body.changes(), origin=origin
    )
    return FlockView.model_validate(changed)


@router.get("/crop-cycles")
async def crop_cycles(house: UUID, access: CanSee, tx: Tx, page: Paged) -> Page[CropView]:
    """Return the crop cycles, newest first."""
    return await _page(tx, access, page, HouseId(house), CropCycle, CropView)


@router.post(
    "/crop-cycles",
    status_code=201,
    responses=problems("already_exists", "conflict"),
)
async def plant_crop(
    house: UUID, body: CropBody, access: CanOwn, tx: Tx, origin: FromWhere
) -> CropView:
    """Begin a crop cycle in an empty greenhouse."""
    new = cycles.NewCrop(**body.model_dump())
    crop = await cycles.plant_crop(tx, access, HouseId(house), new, origin=origin)
    return CropView.model_validate(crop)


@router.patch("/crop-cycles/{crop}")
async def change_crop(
    house: UUID, crop: UUID, body: CropPatch, access: CanOwn, tx: Tx, origin: FromWhere
) -> CropView:
    """Change or end a crop cycle."""
    changed = await cycles.change_crop(
        tx, access, HouseId(house), crop, body.changes(), origin=origin
    )
    return CropView.model_validate(changed)


async def _page(
    tx: Transaction,
    access: FarmAccess,
    page: PageRequest,
    house_id: HouseId,
    kind: type[Cycle],
    view: type[V],
) -> Page[V]:
    await house_in(tx, access.farm_id, house_id)
    after = page.after_of(date.fromisoformat, UUID)
    rows = await store.cycles_of(tx.session, kind, house_id, after=after, limit=page.limit + 1)
    items, cursor = page_of(rows, page, lambda row: [row.began_on.isoformat(), str(row.id)])
    return Page(items=[view.model_validate(row) for row in items], next_cursor=cursor)
