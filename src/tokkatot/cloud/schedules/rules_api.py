"""The routes of the rules of houses."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from tokkatot.cloud.accounts import store as accounts_store
from tokkatot.cloud.farms.access import CanSee
from tokkatot.cloud.farms.views import PersonView
from tokkatot.cloud.platform.context import Tx
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.openapi import problems, struct
from tokkatot.cloud.platform.schemas import Body, View
from tokkatot.cloud.schedules import rules as service
from tokkatot.cloud.schedules.api import Writing
from tokkatot.cloud.schedules.model import HouseRules
from tokkatot.cloud.schedules.views import person
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


@router.get("")
async def rules(house: UUID, access: CanSee, tx: Tx) -> RulesView:
    """Return the rules of a house."""
    return await _view(tx, await service.rules_in(tx, access.farm_id, HouseId(house)))


@router.put("", responses=problems("conflict"))
async def set_rules(house: UUID, body: RulesBody, writing: Writing, tx: Tx) -> RulesView:
    """Give a house these rules in place of the former ones."""
    stored = await service.set_rules(tx, writing, HouseId(house), body.rules, edited=body.version)
    return await _view(tx, stored)


async def _view(tx: Transaction, stored: HouseRules | None) -> RulesView:
    if stored is None:
        return RulesView(version=0, rules=[], updated_by=None, updated_at=None)
    people = await accounts_store.names(tx.session, [stored.changed_by])
    return RulesView.model_validate(
        {
            "version": stored.version,
            "rules": stored.rules,
            "updated_by": person(stored.changed_by, people),
            "updated_at": stored.changed_at,
        }
    )
