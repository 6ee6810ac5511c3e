"""The routes of orders."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from tokkatot.cloud.accounts import store as accounts_store
from tokkatot.cloud.commands import photographs, service, store
from tokkatot.cloud.commands.model import Command, Origin
from tokkatot.cloud.commands.views import command_view
from tokkatot.cloud.devices.service import device_in
from tokkatot.cloud.farms.access import CanOperate, CanSee, FarmAccess
from tokkatot.cloud.farms.views import PersonView
from tokkatot.cloud.platform.context import FromWhere, Tx
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.idempotency import Once
from tokkatot.cloud.platform.openapi import problems
from tokkatot.cloud.platform.paging import Page, Paged, PageRequest, page_of
from tokkatot.cloud.platform.problems import NotFound, Problem
from tokkatot.cloud.platform.schemas import Body, View
from tokkatot.domain.commands import Action, CommandState
from tokkatot.domain.devices import LONGEST_HOLD_S, OFF, ON
from tokkatot.domain.ids import DeviceId, HouseId
from tokkatot.domain.orders import Order

router = APIRouter(prefix="/v1/farms/{farm}", tags=["control"])

MAX_BATCH = 50
_WONT_DO = problems("state_unknown", "device_offline", "hub_offline", "no_hub", "conflict")

States = Annotated[
    list[CommandState] | None, Query(alias="state", description="Only these states.")
]


class OrderBody(Body):
    """What a device is to do."""

    action: Action
    value: Annotated[float, Field(ge=OFF, le=ON)] | None = Field(
        None, description="The level in %, with `set_value` alone."
    )
    duration_s: Annotated[int, Field(ge=1, le=LONGEST_HOLD_S)] | None = Field(
        None, description="How long it holds; left out, what a tap on this role means."
    )

    def order(self) -> Order:
        """Return the order as the service takes it."""
        return Order(action=self.action, value=self.value, duration_s=self.duration_s)


class DeviceOrderBody(OrderBody):
    """What one of several devices is to do."""

    device_id: UUID


class BatchBody(Body):
    """Orders to several devices; each stands for itself."""

    commands: Annotated[list[DeviceOrderBody], Field(min_length=1, max_length=MAX_BATCH)]


class CommandView(View):
    """Where an order stands."""

    id: UUID
    house_id: UUID
    device_id: UUID
    action: Action
    value: float | None
    duration_s: int | None
    state: CommandState
    reason: str | None
    origin: Origin
    requested_by: PersonView | None
    requested_at: datetime
    sent_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    ends_at: datetime | None


class PhotographView(View):
    """A wish on its way; what is seen comes as a detection, or `photograph.failed` says why not."""

    id: UUID
    house_id: UUID
    requested_at: datetime
    expires_at: datetime


class RefusalView(View):
    """Why nothing was queued."""

    code: str
    detail: str


class BatchItemView(View):
    """What became of one order of a batch: queued, or the problem."""

    device_id: UUID
    command: CommandView | None
    problem: RefusalView | None


class BatchView(View):
    """What became of each order, in the order of the request."""

    items: list[BatchItemView]


@router.post(
    "/devices/{device}/commands", status_code=202, response_model=CommandView, responses=_WONT_DO
)
async def give(device: UUID, body: OrderBody, access: CanOperate, tx: Tx, once: Once) -> Response:
    """Order a device; nothing is queued for a hub that is offline."""

    async def submit() -> CommandView:
        command = await service.submit(
            tx, access.farm_id, DeviceId(device), body.order(), _issuer(access)
        )
        return _own_view(access, command)

    return await once.once(tx, access.caller.user_id, submit, status=202)


@router.post("/commands/batch", status_code=202, response_model=BatchView)
async def give_batch(body: BatchBody, access: CanOperate, tx: Tx, once: Once) -> Response:
    """Order several devices at once; one that can't be ordered does not stop the others."""

    async def submit() -> BatchView:
        return BatchView(items=[await _submit(tx, access, order) for order in body.commands])

    return await once.once(tx, access.caller.user_id, submit, status=202)


@router.get("/devices/{device}/commands")
async def of_device(
    device: UUID, access: CanSee, tx: Tx, page: Paged, states: States = None
) -> Page[CommandView]:
    """Return a device's orders, the newest first."""
    await device_in(tx, access.farm_id, DeviceId(device))
    return await _page(tx, access, page, device_id=device, states=states)


@router.get("/devices/{device}/commands/{command}")
async def one(device: UUID, command: UUID, access: CanSee, tx: Tx) -> CommandView:
    """Return an order."""
    found = await tx.session.get(Command, command)
    if found is None or found.farm_id != access.farm_id or found.device_id != device:
        raise NotFound("command")
    return await _view(tx, found)


@router.delete("/devices/{device}/commands/{command}", responses=problems("conflict"))
async def cancel(device: UUID, command: UUID, access: CanOperate, tx: Tx) -> CommandView:
    """Take an order back that has not been sent yet."""
    found = await service.cancel(tx, access.farm_id, DeviceId(device), command, _issuer(access))
    return await _view(tx, found)


@router.get("/commands")
async def of_farm(access: CanSee, tx: Tx, page: Paged, states: States = None) -> Page[CommandView]:
    """Return the farm's orders, the newest first."""
    return await _page(tx, access, page, device_id=None, states=states)


@router.post(
    "/houses/{house}/photograph",
    status_code=202,
    response_model=PhotographView,
    responses=problems("hub_offline", "no_hub"),
)
async def photograph(
    house: UUID, access: CanOperate, tx: Tx, origin: FromWhere, once: Once
) -> Response:
    """Have the cameras of a house look now; nothing is queued for a hub that is offline."""

    async def ask() -> PhotographView:
        wish = await photographs.request(tx, access, HouseId(house), origin=origin)
        return PhotographView(
            id=wish.id,
            house_id=wish.house_id,
            requested_at=wish.requested_at,
            expires_at=wish.expires_at,
        )

    return await once.once(tx, access.caller.user_id, ask, status=202)


async def _submit(tx: Transaction, access: FarmAccess, order: DeviceOrderBody) -> BatchItemView:
    try:
        command = await service.submit(
            tx, access.farm_id, DeviceId(order.device_id), order.order(), _issuer(access)
        )
    except Problem as problem:
        refusal = RefusalView(code=problem.code, detail=problem.detail)
        return BatchItemView(device_id=order.device_id, command=None, problem=refusal)
    view = _own_view(access, command)
    return BatchItemView(device_id=order.device_id, command=view, problem=None)


async def _page(
    tx: Transaction,
    access: FarmAccess,
    page: PageRequest,
    *,
    device_id: UUID | None,
    states: list[CommandState] | None,
) -> Page[CommandView]:
    rows = await store.page(
        tx.session,
        farm_id=access.farm_id,
        device_id=device_id,
        states=states or (),
        after=page.after_of(datetime.fromisoformat, UUID),
        limit=page.limit + 1,
    )
    items, cursor = page_of(rows, page, lambda row: [row.requested_at.isoformat(), str(row.id)])
    names = await accounts_store.names(tx.session, [row.requested_by for row in items])
    return Page(
        items=[CommandView.model_validate(command_view(row, names)) for row in items],
        next_cursor=cursor,
    )


def _own_view(access: FarmAccess, command: Command) -> CommandView:
    """Return an order that the caller has just given."""
    names: dict[UUID, str] = {access.caller.user_id: access.caller.name}
    return CommandView.model_validate(command_view(command, names))


async def _view(tx: Transaction, command: Command) -> CommandView:
    names = await accounts_store.names(tx.session, [command.requested_by])
    return CommandView.model_validate(command_view(command, names))


def _issuer(access: FarmAccess) -> service.Issuer:
    caller = access.caller
    return service.Issuer(user_id=caller.user_id, name=caller.name, is_staff=caller.is_staff)
