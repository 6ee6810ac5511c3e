"""The routes of the event log."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from tokkatot.cloud.accounts import store as accounts_store
from tokkatot.cloud.farms.access import CanSee
from tokkatot.cloud.farms.views import PersonView
from tokkatot.cloud.platform.context import Tx
from tokkatot.cloud.platform.paging import Page, Paged, page_of
from tokkatot.cloud.platform.schemas import Instant, View
from tokkatot.cloud.reports import store
from tokkatot.domain.alerts import Severity

router = APIRouter(prefix="/v1/farms/{farm}", tags=["reports"])


class EventView(View):
    """Something that happened on the farm."""

    id: UUID
    t: datetime
    type: str
    severity: Severity
    house_id: UUID | None
    device_id: UUID | None
    user: PersonView | None
    data: dict[str, Any]


async def wanted(
    house: UUID | None = None,
    device: UUID | None = None,
    user: UUID | None = None,
    kind: Annotated[
        str | None,
        Query(
            alias="type",
            max_length=64,
            description="How the type begins, such as `command.`; left out: all for people.",
        ),
    ] = None,
    severity: Severity | None = None,
    start: Annotated[Instant | None, Query(alias="from")] = None,
    end: Annotated[Instant | None, Query(alias="to")] = None,
) -> store.EventFilter:
    """Read which events are wanted."""
    return store.EventFilter(
        house_id=house,
        device_id=device,
        user_id=user,
        type_prefix=kind,
        severity=severity,
        start=start,
        end=end,
    )


@router.get("/events")
async def events(
    access: CanSee,
    tx: Tx,
    page: Paged,
    wanted: Annotated[store.EventFilter, Depends(wanted)],
) -> Page[EventView]:
    """Search the event log, the newest first."""
    rows = await store.events(
        tx.session,
        access.farm_id,
        wanted,
        after=page.after_of(datetime.fromisoformat, UUID),
        limit=page.limit + 1,
    )
    items, cursor = page_of(rows, page, lambda row: [row.t.isoformat(), str(row.id)])
    names = await accounts_store.names(tx.session, [row.user_id for row in items])
    return Page(
        items=[
            EventView(
                id=row.id,
                t=row.t,
                type=row.type,
                severity=row.severity,
                house_id=row.house_id,
                device_id=row.device_id,
                user=None
                if row.user_id is None
                else PersonView(id=row.user_id, name=names.get(row.user_id, "")),
                data=row.data,
            )
            for row in items
        ],
        next_cursor=cursor,
    )
