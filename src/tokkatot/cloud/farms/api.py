"""The routes of farms and their members."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from tokkatot.cloud.accounts import service as accounts
from tokkatot.cloud.accounts.caller import SomeCaller, StaffCaller
from tokkatot.cloud.accounts.staff_api import ResetCodeView, reset_code_view
from tokkatot.cloud.farms import members, pins, service, store
from tokkatot.cloud.farms.access import CanOperate, CanOwn, CanSee, FarmAccess
from tokkatot.cloud.farms.model import HubPin
from tokkatot.cloud.farms.ports import AlertDigest, Alerts, HouseAutomation, Invitations
from tokkatot.cloud.farms.views import (
    FarmBody,
    FarmPatch,
    FarmView,
    HubPinBody,
    HubPinView,
    InviteBody,
    InvitedView,
    MemberView,
    PersonView,
    RoleBody,
    StopView,
    farm_view,
    invited_view,
    member_view,
)
from tokkatot.cloud.platform.context import Ctx, FromWhere, Tx
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.idempotency import Once
from tokkatot.cloud.platform.openapi import problems
from tokkatot.cloud.platform.paging import Page, Paged, page_of
from tokkatot.cloud.platform.problems import RateLimited
from tokkatot.domain.ids import FarmId, UserId

router = APIRouter(prefix="/v1")


@router.post("/farms", status_code=201, response_model=FarmView, tags=["farms"])
async def create_farm(body: FarmBody, caller: SomeCaller, tx: Tx, once: Once) -> Response:
    """Make a farm; you become its owner."""

    async def create() -> FarmView:
        farm = await service.create_farm(
            tx, service.NewFarm(**body.model_dump()), owner_id=caller.user_id
        )
        rows = await store.farms_seen_by(
            tx.session,
            caller.user_id,
            all_farms=caller.is_staff,
            before=None,
            limit=1,
            only=farm.id,
        )
        return farm_view(rows[0], is_staff=caller.is_staff, worst=None)

    return await once.once(tx, caller.user_id, create)


@router.get("/farms", tags=["farms"])
async def farms(caller: SomeCaller, tx: Tx, page: Paged, alerts: Alerts) -> Page[FarmView]:
    """Return your farms, newest first; staff see all."""
    after = page.after_of(UUID)
    rows = await store.farms_seen_by(
        tx.session,
        caller.user_id,
        all_farms=caller.is_staff,
        before=after[0] if after else None,
        limit=page.limit + 1,
    )
    items, cursor = page_of(rows, page, lambda row: [str(row.farm.id)])
    worst = await alerts.worst_by_farm(tx, [row.farm.id for row in items])
    return Page(
        items=[
            farm_view(row, is_staff=caller.is_staff, worst=worst.get(row.farm.id)) for row in items
        ],
        next_cursor=cursor,
    )


@router.get("/farms/{farm}", tags=["farms"])
async def farm(access: CanSee, tx: Tx, alerts: Alerts) -> FarmView:
    """Return a farm."""
    return await _farm_view(tx, access, alerts)


@router.patch("/farms/{farm}", tags=["farms"], responses=problems("in_use"))
async def change_farm(
    body: FarmPatch,
    access: CanOwn,
    tx: Tx,
    alerts: Alerts,
    automation: HouseAutomation,
    origin: FromWhere,
) -> FarmView:
    """Change a farm; its place stays while something goes by the sun there."""
    await service.change_farm(tx, access, body.changes(), automation, origin=origin)
    return await _farm_view(tx, access, alerts)


@router.delete("/farms/{farm}", status_code=204, tags=["farms"])
async def delete_farm(access: CanOwn, tx: Tx, origin: FromWhere) -> None:
    """Delete a farm; staff can restore it for 30 days."""
    await service.delete_farm(tx, access, origin=origin)


@router.post("/farms/{farm}/stop", tags=["control"])
async def stop_farm(access: CanOperate, tx: Tx, origin: FromWhere) -> StopView:
    """Stop motion and heat in every house; ventilation goes on."""
    stopped = await service.stop_farm(tx, access, origin=origin)
    assert stopped.stopped_at is not None, "it was stopped just now"
    return StopView(by=await person_view(tx, stopped.stopped_by), at=stopped.stopped_at)


@router.delete("/farms/{farm}/stop", status_code=204, tags=["control"])
async def release_farm(access: CanOperate, tx: Tx, origin: FromWhere) -> None:
    """End the farm's stop; a house that was stopped by itself stays so."""
    await service.release_farm(tx, access, origin=origin)


@router.get("/farms/{farm}/hub-pin", tags=["farms"])
async def hub_pin(access: CanSee, tx: Tx) -> HubPinView:
    """Tell who set the PIN of the farm's hubs; nobody can read it again."""
    return await _pin_view(tx, await pins.hub_pin(tx, access.farm_id))


@router.put("/farms/{farm}/hub-pin", tags=["farms"])
async def set_hub_pin(body: HubPinBody, access: CanOwn, tx: Tx, origin: FromWhere) -> HubPinView:
    """Give all hubs of the farm one PIN, for whoever stands there without a pass."""
    return await _pin_view(tx, await pins.set_hub_pin(tx, access, body.pin, origin=origin))


@router.delete("/farms/{farm}/hub-pin", status_code=204, tags=["farms"])
async def forget_hub_pin(access: CanOwn, tx: Tx, origin: FromWhere) -> None:
    """Let each hub go by a PIN of its own again."""
    await pins.forget_hub_pin(tx, access, origin=origin)


@router.get("/farms/{farm}/members", tags=["farms"])
async def farm_members(access: CanSee, tx: Tx, page: Paged) -> Page[MemberView]:
    """Return the members."""
    after = page.after_of(UUID)
    rows = await store.members_of(
        tx.session, access.farm_id, after=after[0] if after else None, limit=page.limit + 1
    )
    items, cursor = page_of(rows, page, lambda row: [str(row.user.id)])
    return Page(items=[member_view(row, access) for row in items], next_cursor=cursor)


@router.post(
    "/farms/{farm}/members",
    status_code=201,
    tags=["farms"],
    responses=problems("already_exists", "conflict"),
)
async def invite_member(
    body: InviteBody,
    access: CanOwn,
    tx: Tx,
    context: Ctx,
    origin: FromWhere,
    invitations: Invitations,
) -> InvitedView:
    """Make a person a member; who has no account gets one, and you a code to give them.

    Staff alone add a person whose account was made elsewhere and whose contact nobody has proved.
    """
    wait_s = await invitations.take(access.caller.user_id)
    if wait_s is not None:
        raise RateLimited(wait_s)
    person = accounts.NewPerson(
        name=body.name, phone=body.phone, email=body.email, language=body.language
    )
    invited = await members.invite(
        tx, access, person, body.role, passwords=context.passwords, origin=origin
    )
    return invited_view(invited, access)


@router.patch("/farms/{farm}/members/{user}", tags=["farms"], responses=problems("last_owner"))
async def change_member(
    user: UUID, body: RoleBody, access: CanOwn, tx: Tx, origin: FromWhere
) -> MemberView:
    """Give a member another role."""
    row = await members.change_role(tx, access, UserId(user), body.role, origin=origin)
    return member_view(row, access)


@router.delete(
    "/farms/{farm}/members/{user}",
    status_code=204,
    tags=["farms"],
    responses=problems("last_owner"),
)
async def remove_member(user: UUID, access: CanSee, tx: Tx, origin: FromWhere) -> None:
    """Leave a farm, or, as its owner, send a member away."""
    await members.remove(tx, access, UserId(user), origin=origin)


@router.post("/farms/{farm}/members/{user}/reset-code", status_code=201, tags=["farms"])
async def make_member_reset_code(user: UUID, access: CanOwn, tx: Tx, context: Ctx) -> ResetCodeView:
    """Make a one-use code for a member whose account this farm made."""
    return reset_code_view(
        await members.make_reset_code(tx, access, UserId(user), passwords=context.passwords)
    )


@router.post("/staff/farms/{farm_id}/restore", status_code=204, tags=["staff"])
async def restore_farm(farm_id: UUID, staff: StaffCaller, tx: Tx) -> None:
    """Bring a deleted farm back within 30 days."""
    await service.restore_farm(tx, FarmId(farm_id), by=staff.user_id)


async def _pin_view(tx: Transaction, pin: HubPin | None) -> HubPinView:
    if pin is None:
        return HubPinView(set_by=None, set_at=None)
    return HubPinView(set_by=await person_view(tx, pin.set_by), set_at=pin.set_at)


async def person_view(tx: Transaction, user_id: UUID | None) -> PersonView | None:
    """Return a person's name with their id."""
    name = await store.name_of(tx.session, user_id) if user_id else None
    return PersonView(id=user_id, name=name) if user_id and name is not None else None


async def _farm_view(tx: Transaction, access: FarmAccess, alerts: AlertDigest) -> FarmView:
    row = await service.farm_row(tx, access)
    worst = await alerts.worst_by_farm(tx, [access.farm_id])
    return farm_view(row, is_staff=access.caller.is_staff, worst=worst.get(access.farm_id))
