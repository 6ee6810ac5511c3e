"""Who may do what on a farm: a stranger finds nothing, a member without the right is refused."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends

from tokkatot.cloud.accounts.caller import Caller, SomeClaims, caller_of
from tokkatot.cloud.farms import store
from tokkatot.cloud.farms.store import RoleOnFarm
from tokkatot.cloud.platform.context import Tx
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.problems import Forbidden, NotFound
from tokkatot.domain.ids import FarmId
from tokkatot.domain.people import RIGHTS, STAFF_RIGHTS, Right

STAFF_ROLE = "staff"


@dataclass(frozen=True, slots=True, kw_only=True)
class FarmAccess:
    """What a caller may do on one farm; `role` is `viewer`, `manager`, `owner` or `staff`."""

    farm_id: FarmId
    caller: Caller
    role: str
    rights: frozenset[Right]


async def farm_access(tx: Transaction, caller: Caller, farm_id: FarmId, right: Right) -> FarmAccess:
    """Return what a caller may do on a farm, the right wanted included.

    Raises:
        NotFound: when there is no such farm, or the caller is a stranger to it.
        Forbidden: when the caller's role lacks the right.
    """
    found = await store.role_on_farm(tx.session, farm_id, caller.user_id)
    return _access(caller, farm_id, found, right)


def _access(caller: Caller, farm_id: FarmId, found: RoleOnFarm | None, right: Right) -> FarmAccess:
    known = role_and_rights(found, is_staff=caller.is_staff)
    if known is None:
        raise NotFound("farm")
    role, rights = known
    if right not in rights:
        raise Forbidden(right)
    return FarmAccess(farm_id=farm_id, caller=caller, role=role, rights=rights)


def role_and_rights(
    found: RoleOnFarm | None, *, is_staff: bool
) -> tuple[str, frozenset[Right]] | None:
    """Return as what a person acts on a farm, and what they may do there; None for a stranger."""
    if found is None:
        return None
    if is_staff:
        return STAFF_ROLE, STAFF_RIGHTS
    return None if found.role is None else (found.role.value, RIGHTS[found.role])


def access(right: Right) -> Callable[..., Awaitable[FarmAccess]]:
    """Return the dependency that lets through who has `right` on the farm in the path."""

    async def checked(farm: UUID, claims: SomeClaims, tx: Tx) -> FarmAccess:
        # Both in one question: almost every request of a screen begins with them.
        live, role = await store.session_and_role(tx.session, farm, claims.session_id, now=tx.now)
        return _access(await caller_of(tx, claims, live), FarmId(farm), role, right)

    return checked


CanSee = Annotated[FarmAccess, Depends(access(Right.SEE))]
CanOperate = Annotated[FarmAccess, Depends(access(Right.OPERATE))]
CanOwn = Annotated[FarmAccess, Depends(access(Right.OWN))]
CanMaintain = Annotated[FarmAccess, Depends(access(Right.MAINTAIN))]
