"""The routes of the alarms that people write down for a house."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from tokkatot.cloud.accounts import store as accounts_store
from tokkatot.cloud.alerts import definitions
from tokkatot.cloud.alerts.model import HouseAlarms
from tokkatot.cloud.farms.access import CanSee
from tokkatot.cloud.farms.views import PersonView
from tokkatot.cloud.platform.context import Tx
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.openapi import problems, struct
from tokkatot.cloud.platform.schemas import Body, View
from tokkatot.cloud.schedules.api import Writing
from tokkatot.cloud.schedules.views import person
from tokkatot.domain.alarms import MAX_ALARMS
from tokkatot.domain.ids import HouseId

router = APIRouter(prefix="/v1/farms/{farm}/houses/{house}/alarms", tags=["alerts"])

AlarmJson = Annotated[dict[str, Any], struct("Alarm")]


class AlarmsBody(Body):
    """All alarms of a house; `version` is the one that was edited (0: there were none)."""

    version: Annotated[int, Field(ge=0)]
    alarms: Annotated[list[AlarmJson], Field(max_length=MAX_ALARMS)]


class AlarmsView(View):
    """All alarms of a house beyond those that every house has."""

    version: int
    alarms: list[AlarmJson]
    updated_by: PersonView | None
    updated_at: datetime | None


@router.get("")
async def alarms(house: UUID, access: CanSee, tx: Tx) -> AlarmsView:
    """Return the alarms of a house."""
    return await _view(tx, await definitions.alarms_in(tx, access.farm_id, HouseId(house)))


@router.put("", responses=problems("conflict"))
async def set_alarms(house: UUID, body: AlarmsBody, writing: Writing, tx: Tx) -> AlarmsView:
    """Give a house these alarms in place of the former ones."""
    stored = await definitions.set_alarms(
        tx, writing, HouseId(house), body.alarms, edited=body.version
    )
    return await _view(tx, stored)


async def _view(tx: Transaction, stored: HouseAlarms | None) -> AlarmsView:
    if stored is None:
        return AlarmsView(version=0, alarms=[], updated_by=None, updated_at=None)
    people = await accounts_store.names(tx.session, [stored.changed_by])
    return AlarmsView.model_validate(
        {
            "version": stored.version,
            "alarms": stored.items,
            "updated_by": person(stored.changed_by, people),
            "updated_at": stored.changed_at,
        }
    )
