"""The routes of who is asked in turn while nobody acknowledges."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from tokkatot.cloud.alerts import escalation
from tokkatot.cloud.farms.access import CanOwn, CanSee, FarmAccess
from tokkatot.cloud.farms.views import PersonView
from tokkatot.cloud.platform.context import FromWhere, Tx
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.schemas import Body, View

router = APIRouter(prefix="/v1/farms/{farm}/escalation", tags=["alerts"])

_SHORTEST_S = escalation.SHORTEST // timedelta(seconds=1)
_LONGEST_S = escalation.LONGEST // timedelta(seconds=1)


class EscalationBody(Body):
    """To whom an urgent alert is brought in turn; nobody: the managers, then the owners."""

    after_s: Annotated[int, Field(ge=_SHORTEST_S, le=_LONGEST_S)]
    users: Annotated[list[UUID], Field(max_length=escalation.MAX_PEOPLE)]


class EscalationView(View):
    """To whom an urgent alert is brought in turn, and how long each is given."""

    after_s: int
    people: list[PersonView]


@router.get("")
async def chain(access: CanSee, tx: Tx) -> EscalationView:
    """Return who is asked in turn while nobody acknowledges an urgent alert."""
    return await _view(tx, access)


@router.put("")
async def set_chain(
    body: EscalationBody, access: CanOwn, tx: Tx, origin: FromWhere
) -> EscalationView:
    """Say who is asked in turn, and how long each is given."""
    after = timedelta(seconds=body.after_s)
    await escalation.set_chain(tx, access, body.users, after, origin=origin)
    return await _view(tx, access)


async def _view(tx: Transaction, access: FarmAccess) -> EscalationView:
    found = await escalation.chain_of(tx, access.farm_id)
    return EscalationView(
        after_s=found.after // timedelta(seconds=1),
        people=[PersonView(id=user.id, name=user.name) for user in found.people],
    )
