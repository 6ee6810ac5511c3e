"""The routes of alerts."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from typing_extensions import override

from tokkatot.cloud.alerts import service, store
from tokkatot.cloud.alerts.model import Alert
from tokkatot.cloud.farms.access import CanOperate, CanSee, FarmAccess
from tokkatot.cloud.farms.ports import AlertDigest
from tokkatot.cloud.farms.views import PersonView
from tokkatot.cloud.platform.context import Tx
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.openapi import problems
from tokkatot.cloud.platform.paging import Page, Paged, PageRequest, page_of
from tokkatot.cloud.platform.problems import NotFound
from tokkatot.cloud.platform.schemas import View
from tokkatot.domain.alerts import AlertState, Severity

router = APIRouter(prefix="/v1/farms/{farm}/alerts", tags=["alerts"])

OfHouse = Annotated[UUID | None, Query(description="Only those of this house.")]
OfSeverity = Annotated[Severity | None, Query(description="Only those of this severity.")]


class AlertView(View):
    """A condition that a person should know of."""

    id: UUID
    house_id: UUID | None
    device_id: UUID | None
    device_name: str | None
    type: str
    severity: Severity
    state: AlertState
    threshold: float | None
    actual: float | None
    raised_at: datetime
    cleared_at: datetime | None
    acknowledged_by: PersonView | None
    acknowledged_at: datetime | None


@router.get("")
async def standing(
    access: CanSee, tx: Tx, page: Paged, house: OfHouse = None, severity: OfSeverity = None
) -> Page[AlertView]:
    """Return the alerts that still ask for somebody, the newest first."""
    return await _page(tx, access, page, house=house, severity=severity, only_open=True)


@router.get("/history")
async def history(
    access: CanSee, tx: Tx, page: Paged, house: OfHouse = None, severity: OfSeverity = None
) -> Page[AlertView]:
    """Return every alert that there was, the newest first."""
    return await _page(tx, access, page, house=house, severity=severity, only_open=False)


@router.get("/{alert}")
async def one(alert: UUID, access: CanSee, tx: Tx) -> AlertView:
    """Return an alert."""
    found = await tx.session.get(Alert, alert)
    if found is None or found.farm_id != access.farm_id:
        raise NotFound("alert")
    return (await alert_views(tx, [found]))[0]


@router.put("/{alert}/acknowledge", responses=problems("conflict"))
async def acknowledge(alert: UUID, access: CanOperate, tx: Tx) -> AlertView:
    """Say that you have seen it; a second time changes nothing."""
    seen = await service.acknowledge(tx, access.farm_id, alert, access.caller.user_id)
    return (await alert_views(tx, [seen]))[0]


async def alert_views(tx: Transaction, alerts: Sequence[Alert]) -> list[AlertView]:
    """Return alerts as the API answers them."""
    return [AlertView.model_validate(view) for view in await service.views(tx, alerts)]


class Digest(AlertDigest):
    """Says how bad it is on farms."""

    @override
    async def worst_by_farm(
        self, tx: Transaction, farm_ids: Sequence[UUID]
    ) -> Mapping[UUID, Severity]:
        standing = await store.standing(tx.session, farm_ids)
        return service.worst((farm_id, severity) for farm_id, _, severity in standing)


async def _page(
    tx: Transaction,
    access: FarmAccess,
    page: PageRequest,
    *,
    house: UUID | None,
    severity: Severity | None,
    only_open: bool,
) -> Page[AlertView]:
    rows = await store.page(
        tx.session,
        farm_id=access.farm_id,
        house_id=house,
        severity=severity,
        only_open=only_open,
        after=page.after_of(datetime.fromisoformat, UUID),
        limit=page.limit + 1,
    )
    items, cursor = page_of(rows, page, lambda row: [row.raised_at.isoformat(), str(row.id)])
    return Page(items=await alert_views(tx, items), next_cursor=cursor)
