"""The routes by which staff look after hubs and devices."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from tokkatot.cloud.accounts.caller import StaffCaller, StaffOnly
from tokkatot.cloud.devices import hubs, service, store
from tokkatot.cloud.devices.api import DeviceView, HubView, device_view, hub_view
from tokkatot.cloud.devices.store import FleetRow
from tokkatot.cloud.farms.ports import HubDocuments
from tokkatot.cloud.platform.context import Ctx, Tx
from tokkatot.cloud.platform.openapi import problems
from tokkatot.cloud.platform.paging import Page, Paged, page_of
from tokkatot.cloud.platform.schemas import Body, Name, View
from tokkatot.domain.ids import DeviceId, FarmId, HouseId, HubId

router = APIRouter(prefix="/v1/staff", tags=["staff"])


class HubBody(Body):
    """A hub to be, for one house or for the whole farm."""

    farm_id: UUID
    house_id: UUID | None = None
    name: Name


class ProvisionedView(View):
    """A new hub with the configuration that holds its password, shown this once."""

    hub: HubView
    hub_toml: str
    note: str | None = Field(description="What must be seen to before the hub can get through.")


class UnknownDeviceView(View):
    """A device that a hub heard and nobody registered."""

    farm_id: UUID
    hub_id: UUID
    hardware_id: str
    driver: str
    detail: str
    first_heard_at: datetime
    last_heard_at: datetime
    times_heard: int


class FleetView(View):
    """A hub with its place and how its devices are."""

    hub: HubView
    farm_name: str
    house_name: str | None
    device_count: int
    offline_count: int
    behind: bool


@router.post("/hubs", status_code=201, responses=problems("not_found", "conflict"))
async def provision_hub(body: HubBody, staff: StaffCaller, tx: Tx, context: Ctx) -> ProvisionedView:
    """Let a new hub in."""
    provisioned = await hubs.provision_hub(
        tx,
        FarmId(body.farm_id),
        HouseId(body.house_id) if body.house_id else None,
        body.name,
        by=staff.user_id,
    )
    broker_url = context.settings.mqtt_public_url or context.settings.mqtt_url
    assert broker_url is not None, "embedded() names every address"
    toml = hubs.hub_toml(
        provisioned.hub,
        password=provisioned.password,
        broker_url=broker_url,
        keys=context.keys,
    )
    return ProvisionedView(
        hub=hub_view(provisioned.hub), hub_toml=toml, note=hubs.reach_note(broker_url)
    )


@router.delete("/hubs/{hub}", status_code=204)
async def revoke_hub(hub: UUID, staff: StaffCaller, tx: Tx) -> None:
    """Shut a hub out for ever."""
    await hubs.revoke_hub(tx, HubId(hub), by=staff.user_id)


@router.get("/fleet", dependencies=[StaffOnly])
async def fleet(tx: Tx, page: Paged) -> Page[FleetView]:
    """Return every hub with its health."""
    after = page.after_of(UUID)
    rows = await store.fleet(tx.session, after=after[0] if after else None, limit=page.limit + 1)
    items, cursor = page_of(rows, page, lambda row: [str(row.hub.id)])
    return Page(items=[fleet_view(row) for row in items], next_cursor=cursor)


@router.get("/unknown-devices", dependencies=[StaffOnly])
async def unknown_devices(
    tx: Tx, page: Paged, farm: Annotated[UUID | None, Query()] = None
) -> Page[UnknownDeviceView]:
    """Return what hubs heard and nobody registered."""
    rows = await store.unknown_devices(
        tx.session, farm_id=farm, after=page.after_of(UUID, str), limit=page.limit + 1
    )
    items, cursor = page_of(rows, page, lambda row: [str(row.hub_id), row.hardware_id])
    return Page(items=[UnknownDeviceView.model_validate(row) for row in items], next_cursor=cursor)


@router.post("/devices/{device}/restore", responses=problems("already_exists", "conflict"))
async def restore_device(
    device: UUID, staff: StaffCaller, tx: Tx, documents: HubDocuments
) -> DeviceView:
    """Bring a deleted device back within 30 days."""
    restored = await service.restore_device(tx, DeviceId(device), by=staff.user_id)
    await service.check_document(tx, documents, restored)
    row = await service.device_in(tx, FarmId(restored.farm_id), DeviceId(device))
    return device_view(row)


def fleet_view(row: FleetRow) -> FleetView:
    """Return a hub with its health."""
    return FleetView(
        hub=hub_view(row.hub),
        farm_name=row.farm_name,
        house_name=row.house_name,
        device_count=row.device_count,
        offline_count=row.offline_count,
        behind=row.hub.held_version != row.hub.desired_version,
    )
