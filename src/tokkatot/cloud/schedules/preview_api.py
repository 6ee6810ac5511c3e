"""The route by which schedules and rules are tried on what was recorded."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import AwareDatetime, Field
from starlette.requests import HTTPConnection

from tokkatot.automation.preview import Preview
from tokkatot.automation.runs import Outcome
from tokkatot.cloud.farms.access import CanOperate
from tokkatot.cloud.farms.houses import house_in
from tokkatot.cloud.platform.base import JsonObject
from tokkatot.cloud.platform.context import Tx
from tokkatot.cloud.platform.schemas import Body, View
from tokkatot.cloud.schedules.preview import Draft, Previews, only_one, span_of, task_of
from tokkatot.cloud.schedules.replayer import Task
from tokkatot.cloud.schedules.rules_api import RuleJson
from tokkatot.cloud.schedules.views import ContentBody
from tokkatot.cloud.telemetry.access import Stored
from tokkatot.domain.desired import MAX_RULES
from tokkatot.domain.ids import HouseId
from tokkatot.kit.clock import from_ms

router = APIRouter(prefix="/v1/farms/{farm}/schedules", tags=["schedules"])


class DraftBody(ContentBody):
    """A schedule that is not stored; with the id of one that is it takes its place."""

    id: UUID | None = None

    def fields(self) -> JsonObject:
        """Return it as the engine takes it, all but its house."""
        return self.content() | ({} if self.id is None else {"id": str(self.id)})


class PreviewBody(Body):
    """What to try, and on what time: by default the last day, at most seven."""

    house_id: UUID
    schedule: DraftBody | None = None
    rules: Annotated[list[RuleJson], Field(max_length=MAX_RULES)] | None = Field(
        None, description="In place of those that the house has."
    )
    start: AwareDatetime | None = Field(None, alias="from")
    through: AwareDatetime | None = None


class PreviewRunView(View):
    """A run that would have been due."""

    schedule_id: UUID
    name: str
    due_at: datetime | None
    outcome: Outcome
    reason: str | None


class StretchView(View):
    """How long an actuator would have been at one level, and why."""

    device_id: UUID
    device_name: str
    start: datetime = Field(serialization_alias="from")
    until: datetime
    level: float
    source: str
    reason: str


class PreviewView(View):
    """What would have been; `truncated` tells that there was more of it than is listed."""

    start: datetime = Field(serialization_alias="from")
    through: datetime
    runs: list[PreviewRunView]
    stretches: list[StretchView]
    truncated: bool


async def previews(connection: HTTPConnection) -> Previews:
    """Return what runs the previews of this process."""
    found = connection.app.state.previews
    assert isinstance(found, Previews), "set by the app"
    return found


@router.post("/preview")
async def preview(
    body: PreviewBody,
    access: CanOperate,
    tx: Tx,
    stored: Stored,
    previews: Annotated[Previews, Depends(previews)],
) -> PreviewView:
    """Tell what the automation of a house would have done; nothing is stored."""
    house = await house_in(tx, access.farm_id, HouseId(body.house_id))
    span = span_of(body.start, body.through, now=tx.now)
    draft = Draft(
        schedule=None if body.schedule is None else body.schedule.fields(), rules=body.rules
    )
    await only_one(tx, access.farm_id)
    async with previews.turn():
        task = await task_of(tx, stored, house, draft, span)
        return _view(task, await previews.run(task))


def _view(task: Task, found: Preview) -> PreviewView:
    schedules = {schedule.id: schedule.name for schedule in task.document.schedules}
    devices = {device.id: device.name for device in task.document.devices}
    return PreviewView(
        start=from_ms(task.from_ms),
        through=from_ms(task.through_ms),
        runs=[
            PreviewRunView(
                schedule_id=run.schedule_id,
                name=schedules[run.schedule_id],
                due_at=None if run.due_ms is None else from_ms(run.due_ms),
                outcome=run.outcome,
                reason=run.reason,
            )
            for run in found.runs
        ],
        stretches=[
            StretchView(
                device_id=stretch.device_id,
                device_name=devices[stretch.device_id],
                start=from_ms(stretch.from_ms),
                until=from_ms(stretch.through_ms),
                level=stretch.level,
                source=stretch.source,
                reason=stretch.reason,
            )
            for stretch in found.stretches
        ],
        truncated=found.truncated,
    )
