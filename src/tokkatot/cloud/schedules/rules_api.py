"""The routes of the rules of houses."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from tokkatot.cloud.accounts import store as accounts_store
from tokkatot.cloud.farms import store as farms_store
from tokkatot.cloud.farms.access import CanSee, FarmAccess
from tokkatot.cloud.farms.views import PersonView
from tokkatot.cloud.platform.context import Tx
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.openapi import problems, struct
from tokkatot.cloud.platform.schemas import Body, View
from tokkatot.cloud.schedules import rules as service
from tokkatot.cloud.schedules.api import Writing
from tokkatot.cloud.schedules.model import HouseRules
from tokkatot.cloud.schedules.views import is_held, person
from tokkatot.domain.desired import MAX_RULES
from tokkatot.domain.ids import HouseId

router = APIRouter(prefix="/v1/farms/{farm}/houses/{house}/rules", tags=["rules"])

RuleJson = Annotated[dict[str, Any], struct("Rule")]


class RulesBody(Body):
    """All rules of a house; `version` is the one that was edited (0: there were none)."""

    version: Annotated[int, Field(ge=0)]
    rules: Annotated[list[RuleJson], Field(max_length=MAX_RULES)]


class RulesView(View):
    """All rules of a house."""

    version: int
    rules: list[RuleJson]
    updated_by: PersonView | None
    updated_at: datetime | None
    held: bool = Field(description="Whether the hub has taken this version.")


@router.get("")
async def rules(house: UUID, access: CanSee, tx: Tx) -> RulesView:
    """Return the rules of a house."""
    house_id = HouseId(house)
    stored = await service.rules_in(tx, access.farm_id, house_id)
    return await _view(tx, access, house_id, stored)


@router.put("", responses=problems("conflict"))
async def set_rules(house: UUID, body: RulesBody, writing: Writing, tx: Tx) -> RulesView:
    """Give a house these rules in place of the former ones."""
    house_id = HouseId(house)
    stored = await service.set_rules(tx, writing, house_id, body.rules, edited=body.version)
    return await _view(tx, writing.access, house_id, stored)


async def _view(
    tx: Transaction, access: FarmAccess, house_id: HouseId, stored: HouseRules | None
) -> RulesView:
    if stored is None:
        return RulesView(version=0, rules=[], updated_by=None, updated_at=None, held=True)
    hub = await farms_store.hub_for_house(tx.session, access.farm_id, house_id)
    people = await accounts_store.names(tx.session, [stored.changed_by])
    return RulesView.model_validate(
        {
            "version": stored.version,
            "rules": stored.items,
            "updated_by": person(stored.changed_by, people),
            "updated_at": stored.changed_at,
            "held": is_held(stored, hub),
        }
    )
