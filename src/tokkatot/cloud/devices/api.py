"""The routes of devices as a farm's people use them."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field, StringConstraints

from tokkatot.cloud.devices import passes, service, store
from tokkatot.cloud.devices.model import DeviceParameter, DeviceState
from tokkatot.cloud.devices.store import DeviceRow
from tokkatot.cloud.farms.access import CanMaintain, CanOperate, CanOwn, CanSee
from tokkatot.cloud.farms.model import MAIN_ZONE, Hub
from tokkatot.cloud.farms.ports import HouseAutomation, HubDocuments
from tokkatot.cloud.platform.context import Ctx, FromWhere, Tx
from tokkatot.cloud.platform.openapi import problems
from tokkatot.cloud.platform.paging import Page, Paged, page_of
from tokkatot.cloud.platform.problems import Forbidden
from tokkatot.cloud.platform.schemas import Body, Name, Patch, ShortText, View
from tokkatot.domain.desired import LONGEST_PAUSE_S, MOST_STARTS_PER_HOUR, RelayLimits
from tokkatot.domain.devices import DeviceRole, Interface
from tokkatot.domain.ids import DeviceId, HouseId
from tokkatot.domain.people import Right
from tokkatot.domain.quantities import Quantity

router = APIRouter(prefix="/v1")
_DEVICES = "/farms/{farm}/devices"
_DEVICE = f"{_DEVICES}/{{device}}"

HardwareId = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$"),
    Field(description="How the device names itself on its bus."),
]
ParameterName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Period = Annotated[float, Field(ge=0.1, le=86_400, description="Seconds between reports.")]
Scalar = str | int | float | bool | None
Address = Annotated[
    dict[
        Annotated[str, StringConstraints(min_length=1, max_length=64)],
        Annotated[Scalar, Field(union_mode="left_to_right")],
    ],
    Field(max_length=32, description="`driver` names the hub's driver; the rest is the driver's."),
]

_STAFF_FIELDS = frozenset(
    {
        "limits",
        "hardware_id",
        "role",
        "interface",
        "hub_id",
        "model",
        "firmware",
        "installed_on",
        "quantities",
        "period_s",
        "address",
        "specs",
    }
)


class LimitsBody(Body):
    """How gently a device wants to be switched, where its role alone is not gentle enough."""

    min_on_s: Annotated[float, Field(ge=0, le=LONGEST_PAUSE_S)] = 0.0
    min_off_s: Annotated[float, Field(ge=0, le=LONGEST_PAUSE_S)] = 0.0
    starts_per_hour: Annotated[int, Field(ge=1, le=MOST_STARTS_PER_HOUR)] = MOST_STARTS_PER_HOUR


class LimitsView(View):
    """How gently a device wants to be switched."""

    min_on_s: float
    min_off_s: float
    starts_per_hour: int


class DeviceBody(Body):
    """A device that staff have installed."""

    house_id: UUID
    hardware_id: HardwareId
    name: Name
    role: DeviceRole
    interface: Interface
    zone: Name = MAIN_ZONE
    hub_id: UUID | None = None
    model: ShortText | None = None
    firmware: ShortText | None = None
    location: ShortText | None = None
    installed_on: date | None = None
    quantities: Annotated[list[Quantity], Field(max_length=len(Quantity))] = Field(
        default_factory=list
    )
    period_s: Period = 30.0
    address: Address = Field(default_factory=dict)
    specs: Address = Field(default_factory=dict)
    limits: LimitsBody | None = None


class DevicePatch(Patch):
    """Owners change name, location and zone; the rest is for staff."""

    may_be_null = frozenset({"location", "hub_id", "model", "firmware", "installed_on", "limits"})

    name: Name | None = None
    location: ShortText | None = None
    zone: Name | None = None
    hardware_id: HardwareId | None = None
    role: DeviceRole | None = None
    interface: Interface | None = None
    hub_id: UUID | None = None
    model: ShortText | None = None
    firmware: ShortText | None = None
    installed_on: date | None = None
    quantities: Annotated[list[Quantity], Field(max_length=len(Quantity))] | None = None
    period_s: Period | None = None
    address: Address | None = None
    specs: Address | None = None
    limits: LimitsBody | None = None


class DeviceStatusView(View):
    """What a device reported last, and what was counted of it."""

    device_id: UUID
    online: bool
    actual: float | None = Field(description="The level that it reported, in %.")
    target: float | None
    error: str | None
    t: datetime | None = Field(description="When it reported.")
    last_seen_at: datetime | None
    runtime_hours: float
    on_cycles: int
    errors: int


class DeviceView(View):
    """A device."""

    id: UUID
    farm_id: UUID
    house_id: UUID
    zone: str
    hub_id: UUID | None
    hardware_id: str
    name: str
    role: DeviceRole
    interface: Interface
    model: str | None
    firmware: str | None
    location: str | None
    installed_on: date | None
    quantities: list[str]
    period_s: float
    address: dict[str, Any]
    specs: dict[str, Any]
    limits: LimitsView | None
    created_at: datetime
    status: DeviceStatusView


class CalibrateBody(Body):
    """What somebody has set at the device."""

    name: ParameterName
    value: float
    calibrated_on: date | None = Field(None, description="Left out: today, in the farm's zone.")


class ParameterBody(Body):
    """One configuration parameter."""

    name: ParameterName
    value: bool | float | ShortText | None
    unit: Annotated[str, StringConstraints(max_length=20)] | None = None
    minimum: float | None = None
    maximum: float | None = None
    calibrated: bool = False
    calibrated_on: date | None = None


class ConfigBody(Body):
    """All parameters of a device, in place of the former ones."""

    parameters: Annotated[list[ParameterBody], Field(max_length=service.MAX_PARAMETERS)]


class ParameterView(View):
    """One configuration parameter."""

    name: str
    value: bool | float | str | None
    unit: str | None
    minimum: float | None
    maximum: float | None
    calibrated: bool
    calibrated_on: date | None
    updated_at: datetime


class ConfigView(View):
    """All parameters of a device."""

    parameters: list[ParameterView]


class HubView(View):
    """A hub as its farm sees it."""

    id: UUID
    farm_id: UUID
    house_id: UUID | None
    name: str
    software: str | None
    last_seen_at: datetime | None
    desired_version: int
    held_version: int | None
    created_at: datetime


class HubPassView(View):
    """Your pass for one hub, and where its page is on the farm's own network."""

    hub_id: UUID
    hub_name: str
    house_id: UUID | None
    token: str
    expires_at: datetime
    addresses: list[str] = Field(description="The page takes the pass as `#pass=`.")


@router.get(_DEVICES, tags=["devices"])
async def devices(
    access: CanSee, tx: Tx, page: Paged, house: Annotated[UUID | None, Query()] = None
) -> Page[DeviceView]:
    """Return the devices, of one house if it is named."""
    after = page.after_of(UUID)
    rows = await store.devices_of(
        tx.session,
        access.farm_id,
        house_id=house,
        after=after[0] if after else None,
        limit=page.limit + 1,
    )
    items, cursor = page_of(rows, page, lambda row: [str(row.device.id)])
    return Page(items=[device_view(row) for row in items], next_cursor=cursor)


@router.post(
    _DEVICES,
    status_code=201,
    tags=["devices"],
    responses=problems("already_exists", "conflict"),
)
async def add_device(
    body: DeviceBody, access: CanMaintain, tx: Tx, origin: FromWhere, documents: HubDocuments
) -> DeviceView:
    """Register a device (staff)."""
    fields = body.model_dump() | {
        "house_id": HouseId(body.house_id),
        "quantities": tuple(body.quantities),
    }
    device = await service.add_device(
        tx,
        access.farm_id,
        service.NewDevice(**fields),
        by=access.caller.user_id,
        origin=origin,
    )
    row = await service.device_in(tx, access.farm_id, DeviceId(device.id))
    await service.check_document(tx, documents, row.device)
    return device_view(row)


@router.get(_DEVICE, tags=["devices"])
async def device(device: UUID, access: CanSee, tx: Tx) -> DeviceView:
    """Return a device."""
    return device_view(await service.device_in(tx, access.farm_id, DeviceId(device)))


@router.patch(_DEVICE, tags=["devices"], responses=problems("already_exists", "conflict", "in_use"))
async def change_device(
    device: UUID,
    body: DevicePatch,
    access: CanOwn,
    tx: Tx,
    origin: FromWhere,
    documents: HubDocuments,
    automation: HouseAutomation,
) -> DeviceView:
    """Change a device; what concerns its wiring is for staff."""
    changes = body.changes()
    if _STAFF_FIELDS & changes.keys() and Right.MAINTAIN not in access.rights:
        raise Forbidden(Right.MAINTAIN, "Only staff change how a device is wired.")
    row = await service.change_device(
        tx,
        access.farm_id,
        DeviceId(device),
        changes,
        automation,
        by=access.caller.user_id,
        origin=origin,
    )
    if _STAFF_FIELDS & changes.keys():
        await service.check_document(tx, documents, row.device)
    return device_view(row)


@router.delete(_DEVICE, status_code=204, tags=["devices"], responses=problems("in_use"))
async def remove_device(
    device: UUID, access: CanMaintain, tx: Tx, origin: FromWhere, automation: HouseAutomation
) -> None:
    """Remove a device that nothing needs (staff); it can be restored for 30 days."""
    await service.delete_device(
        tx,
        access.farm_id,
        DeviceId(device),
        automation,
        by=access.caller.user_id,
        origin=origin,
    )


@router.get(f"{_DEVICE}/status", tags=["devices"])
async def device_status(device: UUID, access: CanSee, tx: Tx) -> DeviceStatusView:
    """Return what a device reported last."""
    row = await service.device_in(tx, access.farm_id, DeviceId(device))
    return status_view(row.device.id, row.state)


@router.get(f"{_DEVICE}/config", tags=["devices"])
async def device_config(device: UUID, access: CanSee, tx: Tx) -> ConfigView:
    """Return a device's parameters."""
    row = await service.device_in(tx, access.farm_id, DeviceId(device))
    found = await store.parameters_of(tx.session, row.device.id)
    return ConfigView(parameters=[parameter_view(parameter) for parameter in found])


@router.put(f"{_DEVICE}/config", tags=["devices"])
async def configure_device(
    device: UUID, body: ConfigBody, access: CanOperate, tx: Tx, origin: FromWhere
) -> ConfigView:
    """Replace a device's parameters."""
    stored = await service.set_parameters(
        tx,
        access.farm_id,
        DeviceId(device),
        [service.Parameter(**parameter.model_dump()) for parameter in body.parameters],
        by=access.caller.user_id,
        origin=origin,
    )
    return ConfigView(parameters=[parameter_view(parameter) for parameter in stored])


@router.post(f"{_DEVICE}/calibrate", tags=["devices"], responses=problems("conflict"))
async def calibrate_device(
    device: UUID, body: CalibrateBody, access: CanOperate, tx: Tx, origin: FromWhere
) -> ParameterView:
    """Record a calibration; readings stay as the device reports them."""
    parameter = await service.calibrate(
        tx,
        access.farm_id,
        DeviceId(device),
        service.Calibration(**body.model_dump()),
        by=access.caller.user_id,
        origin=origin,
    )
    return parameter_view(parameter)


@router.get("/farms/{farm}/hubs", tags=["devices"])
async def farm_hubs(access: CanSee, tx: Tx) -> Page[HubView]:
    """Return the hubs of a farm; one page holds them."""
    hubs = await store.hubs_of(tx.session, access.farm_id)
    return Page(items=[hub_view(hub) for hub in hubs])


@router.post("/farms/{farm}/hub-pass", tags=["farms"])
async def hub_pass(access: CanSee, tx: Tx, context: Ctx) -> Page[HubPassView]:
    """Return your passes for the farm's hubs, each good for 30 days without the cloud."""
    return Page(
        items=[
            HubPassView(
                hub_id=issued.hub.id,
                hub_name=issued.hub.name,
                house_id=issued.hub.house_id,
                token=issued.token,
                expires_at=issued.expires_at,
                addresses=issued.hub.addresses,
            )
            for issued in await passes.issue_passes(tx, access, context.keys)
        ]
    )


def device_view(row: DeviceRow) -> DeviceView:
    """Return a device with what it reported last."""
    device = row.device
    return DeviceView(
        id=device.id,
        farm_id=device.farm_id,
        house_id=device.house_id,
        zone=row.zone,
        hub_id=device.hub_id,
        hardware_id=device.hardware_id,
        name=device.name,
        role=device.role,
        interface=device.interface,
        model=device.model,
        firmware=device.firmware,
        location=device.location,
        installed_on=device.installed_on,
        quantities=device.quantities,
        period_s=device.period_s,
        address=device.address,
        specs=device.specs,
        limits=None
        if device.limits is None
        else LimitsView.model_validate(RelayLimits(**device.limits)),
        created_at=device.created_at,
        status=status_view(device.id, row.state),
    )


def status_view(device_id: UUID, state: DeviceState | None) -> DeviceStatusView:
    """Return a device's last report; one that never reported is offline with nothing known."""
    return DeviceStatusView(
        device_id=device_id,
        online=state.online if state else False,
        actual=state.actual if state else None,
        target=state.target if state else None,
        error=state.error if state else None,
        t=state.t if state else None,
        last_seen_at=state.last_seen_at if state else None,
        runtime_hours=round(state.runtime_s / 3600, 3) if state else 0.0,
        on_cycles=state.on_cycles if state else 0,
        errors=state.errors if state else 0,
    )


def parameter_view(parameter: DeviceParameter) -> ParameterView:
    """Return a parameter."""
    return ParameterView.model_validate(parameter)


def hub_view(hub: Hub) -> HubView:
    """Return a hub."""
    return HubView.model_validate(hub)
