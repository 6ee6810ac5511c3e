"""The routes by which staff let people in."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from tokkatot.cloud.accounts import service, store
from tokkatot.cloud.accounts.api import Contact
from tokkatot.cloud.accounts.caller import StaffCaller, StaffOnly
from tokkatot.cloud.accounts.model import RegistrationKey
from tokkatot.cloud.platform.context import Ctx, Tx
from tokkatot.cloud.platform.openapi import problems
from tokkatot.cloud.platform.paging import Page, Paged, page_of
from tokkatot.cloud.platform.schemas import Body, Name, ShortText, View

router = APIRouter(prefix="/v1/staff", tags=["staff"])


class RegistrationKeyBody(Body):
    """The farm that a new owner will sign up for."""

    farm_name: Name
    province: ShortText | None = None
    phone: Contact | None = None


class RegistrationKeyView(View):
    """A key without its words."""

    id: UUID
    hint: str
    farm_name: str
    province: str | None
    phone: str | None
    created_at: datetime
    expires_at: datetime
    used_by: UUID | None
    used_at: datetime | None
    revoked_at: datetime | None


class NewRegistrationKeyView(RegistrationKeyView):
    """A key with its words, which are shown this once."""

    registration_key: Annotated[str, Field(description="ABCDE-FGHIJ-KLMNO-PQRST-UVWXY")]


class ResetCodeBody(Body):
    """Whose password is to be set anew."""

    login: Contact


class ResetCodeView(View):
    """A code, which is shown this once."""

    user_id: UUID
    code: str
    expires_at: datetime


@router.post("/registration-keys", status_code=201)
async def make_registration_key(
    body: RegistrationKeyBody, staff: StaffCaller, tx: Tx
) -> NewRegistrationKeyView:
    """Make a one-use key, good for 90 days."""
    issued = await service.issue_registration_key(
        tx,
        farm_name=body.farm_name,
        province=body.province,
        phone=body.phone,
        by=staff.user_id,
    )
    return NewRegistrationKeyView(
        registration_key=issued.words, **registration_key_view(issued.row).model_dump()
    )


@router.get("/registration-keys", dependencies=[StaffOnly])
async def registration_keys(tx: Tx, page: Paged) -> Page[RegistrationKeyView]:
    """Return the keys, newest first."""
    after = page.after_of(UUID)
    rows = await store.registration_keys(
        tx.session, before=after[0] if after else None, limit=page.limit + 1
    )
    items, cursor = page_of(rows, page, lambda row: [str(row.id)])
    return Page(items=[registration_key_view(row) for row in items], next_cursor=cursor)


@router.delete("/registration-keys/{key}", status_code=204, responses=problems("key_used"))
async def revoke_registration_key(key: UUID, staff: StaffCaller, tx: Tx) -> None:
    """Make an unused key worthless."""
    await service.revoke_registration_key(tx, key, by=staff.user_id)


@router.post("/reset-codes", status_code=201, responses=problems("not_found"))
async def make_reset_code(
    body: ResetCodeBody, staff: StaffCaller, tx: Tx, context: Ctx
) -> ResetCodeView:
    """Make a one-use code for anybody, good for a day."""
    user = await service.user_by_typed_login(tx, body.login)
    issued = await service.issue_reset_code(tx, context.passwords, user, by=staff.user_id)
    return reset_code_view(issued)


def registration_key_view(row: RegistrationKey) -> RegistrationKeyView:
    """Return a key as staff see it afterwards."""
    return RegistrationKeyView.model_validate(row)


def reset_code_view(issued: service.IssuedCode) -> ResetCodeView:
    """Return a code as its maker sees it once."""
    return ResetCodeView(
        user_id=issued.row.user_id, code=issued.code, expires_at=issued.row.expires_at
    )
