"""The routes of schedules."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from tokkatot.cloud.accounts.caller import StaffCaller
from tokkatot.cloud.farms.access import CanOperate, CanSee, FarmAccess, farm_access
from tokkatot.cloud.farms.houses import house_in
from tokkatot.cloud.farms.ports import HubDocuments
from tokkatot.cloud.platform.context import FromWhere, Tx
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.idempotency import Once
from tokkatot.cloud.platform.openapi import problems
from tokkatot.cloud.platform.paging import Page, Paged, page_of
from tokkatot.cloud.platform.problems import FieldError, Invalid
from tokkatot.cloud.schedules import executions, service, store
from tokkatot.cloud.schedules.service import Writer, schedule_in, schedule_of
from tokkatot.cloud.schedules.store import Current
from tokkatot.cloud.schedules.upcoming import calendar, runs_within
from tokkatot.cloud.schedules.views import (
    EnabledBody,
    ExecutionView,
    NewScheduleBody,
    RollbackBody,
    ScheduleBody,
    ScheduleView,
    UpcomingRunsView,
    UpcomingView,
    VersionView,
    execution_views,
    schedule_views,
    version_views,
)
from tokkatot.domain.ids import FarmId, HouseId, ScheduleId
from tokkatot.domain.people import Right

router = APIRouter(prefix="/v1/farms/{farm}/schedules", tags=["schedules"])
staff_router = APIRouter(prefix="/v1/staff", tags=["staff"])
_ONE = "/{schedule}"
_MAY_CONFLICT = problems("conflict")
MAX_OF_FARM = 1000
"""So many schedules are looked at for what comes next: a house has a tenth of it at most."""

MAX_HOURS = 7 * 24


async def writer(access: CanOperate, origin: FromWhere, documents: HubDocuments) -> Writer:
    """Return who changes a schedule of the farm in the path."""
    return Writer(access=access, origin=origin, documents=documents)


Writing = Annotated[Writer, Depends(writer)]


@router.get("")
async def schedules(
    access: CanSee,
    tx: Tx,
    page: Paged,
    house_id: Annotated[UUID | None, Query()] = None,
    device_id: Annotated[UUID | None, Query()] = None,
) -> Page[ScheduleView]:
    """Return the schedules, of one house or with one device if it is named."""
    after = page.after_of(UUID)
    rows = await store.page(
        tx.session,
        access.farm_id,
        house_id=house_id,
        device_id=device_id,
        after=after[0] if after else None,
        limit=page.limit + 1,
    )
    items, cursor = page_of(rows, page, lambda row: [str(row.stored.id)])
    return Page(items=await schedule_views(tx, access.farm_id, items), next_cursor=cursor)


@router.post("", status_code=201, response_model=ScheduleView, responses=_MAY_CONFLICT)
async def create(body: NewScheduleBody, writing: Writing, tx: Tx, once: Once) -> Response:
    """Give a house a schedule."""

    async def make() -> ScheduleView:
        house_id = HouseId(body.house_id)
        return await _view(
            tx, writing.access, await service.create(tx, writing, house_id, body.content())
        )

    return await once.once(tx, writing.access.caller.user_id, make)


@router.get("/upcoming")
async def upcoming_of_farm(
    access: CanSee,
    tx: Tx,
    house_id: Annotated[UUID | None, Query()] = None,
    hours: Annotated[int, Query(ge=1, le=MAX_HOURS)] = 24,
) -> UpcomingRunsView:
    """Return what the schedules of the farm, or of one house, will do, the next first."""
    if house_id is not None:
        await house_in(tx, access.farm_id, HouseId(house_id))
    found = await store.page(tx.session, access.farm_id, house_id=house_id, limit=MAX_OF_FARM + 1)
    if len(found) > MAX_OF_FARM:
        detail = f"A farm with more than {MAX_OF_FARM} schedules is asked house by house."
        raise Invalid(errors=[FieldError(field="query.house_id", code="missing", detail=detail)])
    runs = runs_within(found, await calendar(tx, access.farm_id, found), hours=hours)
    return UpcomingRunsView(items=[UpcomingView.model_validate(run) for run in runs])


@router.get(_ONE)
async def schedule(schedule: UUID, access: CanSee, tx: Tx) -> ScheduleView:
    """Return a schedule."""
    found = await schedule_in(tx, access.farm_id, ScheduleId(schedule))
    return await _view(tx, access, found)


@router.put(_ONE, responses=_MAY_CONFLICT)
async def change(schedule: UUID, body: ScheduleBody, writing: Writing, tx: Tx) -> ScheduleView:
    """Write the next version of a schedule; refused where another was written meanwhile."""
    found = await service.change(
        tx, writing, ScheduleId(schedule), body.content(), edited=body.version
    )
    return await _view(tx, writing.access, found)


@router.delete(_ONE, status_code=204)
async def delete(schedule: UUID, writing: Writing, tx: Tx) -> None:
    """Delete a schedule; staff can restore it for 30 days, and what it did stays listed."""
    await service.delete(tx, writing, ScheduleId(schedule))


@staff_router.post("/schedules/{schedule}/restore", responses=_MAY_CONFLICT)
async def restore(
    schedule: UUID, staff: StaffCaller, tx: Tx, origin: FromWhere, documents: HubDocuments
) -> ScheduleView:
    """Bring a deleted schedule back within 30 days."""
    stored = await service.deleted_schedule(tx, ScheduleId(schedule))
    access = await farm_access(tx, staff, FarmId(stored.farm_id), Right.MAINTAIN)
    writing = Writer(access=access, origin=origin, documents=documents)
    return await _view(tx, access, await service.restore(tx, writing, stored))


@router.put(f"{_ONE}/enabled", responses=_MAY_CONFLICT)
async def enable(schedule: UUID, body: EnabledBody, writing: Writing, tx: Tx) -> ScheduleView:
    """Switch a schedule on or off, which is a new version."""
    found = await service.enable(tx, writing, ScheduleId(schedule), enabled=body.enabled)
    return await _view(tx, writing.access, found)


@router.get(f"{_ONE}/executions")
async def executions_of(schedule: UUID, access: CanSee, tx: Tx, page: Paged) -> Page[ExecutionView]:
    """Return the runs of a schedule, the newest first."""
    await schedule_in(tx, access.farm_id, ScheduleId(schedule))
    rows = await store.executions_of(
        tx.session,
        access.farm_id,
        schedule,
        after=page.after_of(datetime.fromisoformat, UUID),
        limit=page.limit + 1,
    )
    items, cursor = page_of(rows, page, lambda row: [row.due_at.isoformat(), str(row.id)])
    views = await execution_views(tx, access.farm_id, items)
    return Page(items=[ExecutionView.model_validate(view) for view in views], next_cursor=cursor)


@router.post(
    f"{_ONE}/execute-now",
    status_code=202,
    response_model=ExecutionView,
    responses=problems("conflict", "hub_offline", "no_hub"),
)
async def execute_now(schedule: UUID, writing: Writing, tx: Tx, once: Once) -> Response:
    """Ask the hub to run a schedule at once; its answer comes as a run."""

    async def ask() -> ExecutionView:
        execution = await executions.request(
            tx, writing.access, ScheduleId(schedule), origin=writing.origin
        )
        (view,) = await execution_views(tx, writing.access.farm_id, [execution])
        return ExecutionView.model_validate(view)

    return await once.once(tx, writing.access.caller.user_id, ask, status=202)


@router.get(f"{_ONE}/versions")
async def versions(schedule: UUID, access: CanSee, tx: Tx, page: Paged) -> Page[VersionView]:
    """Return the versions of a schedule, the newest first."""
    await schedule_in(tx, access.farm_id, ScheduleId(schedule))
    after = page.after_of(int)
    rows = await store.versions(
        tx.session, schedule, before=after[0] if after else None, limit=page.limit + 1
    )
    items, cursor = page_of(rows, page, lambda row: [row.version])
    return Page(items=await version_views(tx, items), next_cursor=cursor)


@router.post(f"{_ONE}/rollback", responses=_MAY_CONFLICT)
async def roll_back(schedule: UUID, body: RollbackBody, writing: Writing, tx: Tx) -> ScheduleView:
    """Make the content of an older version the newest one."""
    found = await service.roll_back(tx, writing, ScheduleId(schedule), to=body.version)
    return await _view(tx, writing.access, found)


@router.get(f"{_ONE}/upcoming")
async def upcoming_of_one(
    schedule: UUID, access: CanSee, tx: Tx, count: Annotated[int, Query(ge=1, le=100)] = 10
) -> UpcomingRunsView:
    """Return the next runs of a schedule."""
    found = await schedule_in(tx, access.farm_id, ScheduleId(schedule))
    when = await calendar(tx, access.farm_id, [found])
    runs = when.runs(schedule_of(found.stored, found.version), count=count)
    return UpcomingRunsView(items=[UpcomingView.model_validate(run) for run in runs])


async def _view(tx: Transaction, access: FarmAccess, found: Current) -> ScheduleView:
    (view,) = await schedule_views(tx, access.farm_id, [found])
    return view
