"""The routes of houses, their zones, set-points and stops, and of what lives in them."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from tokkatot.cloud.accounts.caller import StaffCaller
from tokkatot.cloud.farms import houses, store
from tokkatot.cloud.farms.access import CanOperate, CanOwn, CanSee
from tokkatot.cloud.farms.api import person_view
from tokkatot.cloud.farms.model import Flock, House
from tokkatot.cloud.farms.ports import HubDocuments
from tokkatot.cloud.farms.views import (
    HouseBody,
    HousePatch,
    HouseView,
    ModeBody,
    ModeView,
    SetPointsBody,
    SetPointsView,
    StopView,
    ZoneBody,
    ZoneView,
    house_view,
    mode_view,
    setpoints_view,
)
from tokkatot.cloud.platform.context import FromWhere, Tx
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.idempotency import Once
from tokkatot.cloud.platform.openapi import problems
from tokkatot.cloud.platform.paging import Page
from tokkatot.cloud.platform.problems import Invalid
from tokkatot.domain.houses import SetPoints
from tokkatot.domain.ids import HouseId

router = APIRouter(prefix="/v1")
_HOUSES = "/farms/{farm}/houses"
_HOUSE = f"{_HOUSES}/{{house}}"


@router.post(
    _HOUSES,
    status_code=201,
    response_model=HouseView,
    tags=["houses"],
    responses=problems("already_exists", "conflict"),
)
async def create_house(
    body: HouseBody, access: CanOwn, tx: Tx, origin: FromWhere, once: Once
) -> Response:
    """Add a house."""

    async def create() -> HouseView:
        new = houses.NewHouse(**body.model_dump())
        return await _view(tx, await houses.create_house(tx, access, new, origin=origin))

    return await once.once(tx, access.caller.user_id, create)


@router.get(_HOUSE, tags=["houses"])
async def house(house: UUID, access: CanSee, tx: Tx) -> HouseView:
    """Return a house."""
    return await _view(tx, await houses.house_in(tx, access.farm_id, HouseId(house)))


@router.patch(_HOUSE, tags=["houses"], responses=problems("already_exists"))
async def change_house(
    house: UUID, body: HousePatch, access: CanOwn, tx: Tx, origin: FromWhere
) -> HouseView:
    """Change a house; its kind stays."""
    changed = await houses.change_house(tx, access, HouseId(house), body.changes(), origin=origin)
    return await _view(tx, changed)


@router.delete(_HOUSE, status_code=204, tags=["houses"])
async def delete_house(house: UUID, access: CanOwn, tx: Tx, origin: FromWhere) -> None:
    """Delete a house with its devices; staff can restore it for 30 days."""
    await houses.delete_house(tx, access, HouseId(house), origin=origin)


@router.post("/staff/houses/{house}/restore", tags=["staff"], responses=problems("conflict"))
async def restore_house(
    house: UUID, staff: StaffCaller, tx: Tx, documents: HubDocuments
) -> HouseView:
    """Bring a deleted house back within 30 days."""
    restored = await houses.restore_house(tx, HouseId(house), documents, by=staff.user_id)
    return await _view(tx, restored)


@router.get(f"{_HOUSE}/setpoints", tags=["houses"])
async def setpoints(house: UUID, access: CanSee, tx: Tx) -> SetPointsView:
    """Return the targets of the house's rules."""
    found = await houses.house_in(tx, access.farm_id, HouseId(house))
    return setpoints_view(found)


@router.put(f"{_HOUSE}/setpoints", tags=["houses"])
async def set_setpoints(
    house: UUID, body: SetPointsBody, access: CanOperate, tx: Tx, origin: FromWhere
) -> SetPointsView:
    """Give the house's rules other targets."""
    found = await houses.house_in(tx, access.farm_id, HouseId(house))
    night = found.night
    try:
        wanted = body.by_day
        if "night" in body.model_fields_set:
            night = None if body.night is None else SetPoints(**body.night.model_dump())
    except ValueError as error:
        raise Invalid(detail=str(error)) from None
    await houses.set_setpoints(tx, access, found, wanted, night, origin=origin)
    return setpoints_view(found)


@router.put(f"{_HOUSE}/mode", tags=["houses"])
async def set_mode(
    house: UUID, body: ModeBody, access: CanOperate, tx: Tx, origin: FromWhere
) -> ModeView:
    """Say what the house is used for now: what its kind does in that mode follows."""
    return mode_view(await houses.set_mode(tx, access, HouseId(house), body.mode, origin=origin))


@router.post(f"{_HOUSE}/stop", tags=["control"])
async def stop_house(house: UUID, access: CanOperate, tx: Tx, origin: FromWhere) -> StopView:
    """Stop motion and heat in a house; ventilation goes on."""
    stopped = await houses.stop_house(tx, access, HouseId(house), origin=origin)
    assert stopped.stopped_at is not None, "it was stopped just now"
    return StopView(by=await person_view(tx, stopped.stopped_by), at=stopped.stopped_at)


@router.delete(f"{_HOUSE}/stop", status_code=204, tags=["control"])
async def release_house(house: UUID, access: CanOperate, tx: Tx, origin: FromWhere) -> None:
    """End a house's stop."""
    await houses.release_house(tx, access, HouseId(house), origin=origin)


@router.get(f"{_HOUSE}/zones", tags=["houses"])
async def zones(house: UUID, access: CanSee, tx: Tx) -> Page[ZoneView]:
    """Return the zones; there are at most 50, so one page holds them."""
    await houses.house_in(tx, access.farm_id, HouseId(house))
    found = await store.zones_of(tx.session, house)
    return Page(items=[ZoneView.model_validate(zone) for zone in found])


@router.post(
    f"{_HOUSE}/zones", status_code=201, tags=["houses"], responses=problems("already_exists")
)
async def add_zone(
    house: UUID, body: ZoneBody, access: CanOwn, tx: Tx, origin: FromWhere
) -> ZoneView:
    """Add a zone."""
    zone = await houses.add_zone(tx, access, HouseId(house), body.name, origin=origin)
    return ZoneView.model_validate(zone)


@router.patch(f"{_HOUSE}/zones/{{zone}}", tags=["houses"], responses=problems("already_exists"))
async def rename_zone(
    house: UUID, zone: UUID, body: ZoneBody, access: CanOwn, tx: Tx, origin: FromWhere
) -> ZoneView:
    """Give a zone another name."""
    renamed = await houses.rename_zone(tx, access, HouseId(house), zone, body.name, origin=origin)
    return ZoneView.model_validate(renamed)


@router.delete(
    f"{_HOUSE}/zones/{{zone}}",
    status_code=204,
    tags=["houses"],
    responses=problems("conflict"),
)
async def delete_zone(house: UUID, zone: UUID, access: CanOwn, tx: Tx, origin: FromWhere) -> None:
    """Remove an empty zone."""
    await houses.delete_zone(tx, access, HouseId(house), zone, origin=origin)


async def _view(tx: Transaction, house: House) -> HouseView:
    zone_names = await store.zone_names(tx.session, [house.id])
    flocks = await store.open_cycles(tx.session, Flock, [house.id])
    return house_view(house, zones=zone_names[house.id], flock=flocks.get(house.id))
