"""The routes of alerts."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field
from typing_extensions import override

from tokkatot.cloud.alerts import messages, service, shelves, store
from tokkatot.cloud.alerts.model import Alert
from tokkatot.cloud.farms.access import CanOperate, CanSee, FarmAccess
from tokkatot.cloud.farms.ports import AlertDigest
from tokkatot.cloud.farms.views import PersonView
from tokkatot.cloud.platform import audit
from tokkatot.cloud.platform.context import FromWhere, Tx
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.openapi import problems
from tokkatot.cloud.platform.paging import Page, Paged, PageRequest, page_of
from tokkatot.cloud.platform.problems import NotFound
from tokkatot.cloud.platform.schemas import Body, View
from tokkatot.domain.alarms import LONGEST_SHELF_MS
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
    name: str | None
    """What people call an alarm of their own; a node's alert names the node in `about`."""
    about: str | None
    """The definition or the node that it is of; of droppings the detection."""
    under: UUID | None
    """The alert that it is told with: nobody is called for this one."""
    times: int
    flaps: bool
    shelved_until: datetime | None
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


class ShelveBody(Body):
    """For how long nobody is to hear of it; 0 ends the rest."""

    for_s: Annotated[int, Field(ge=0, le=LONGEST_SHELF_MS // 1000)]


@router.put("/{alert}/shelve", responses=problems("conflict"))
async def shelve(
    alert: UUID, body: ShelveBody, access: CanOperate, tx: Tx, origin: FromWhere
) -> AlertView:
    """Let an alarm rest until a moment; dangerous heat and what the cloud sees never do."""
    rest = timedelta(seconds=body.for_s)
    shelved = await shelves.shelve(tx, access, alert, rest, origin=origin)
    return (await alert_views(tx, [shelved]))[0]


class TestBody(Body):
    """How bad the test is to be: `critical` reaches people in their quiet hours too."""

    severity: Severity


class TestView(View):
    """How many people were told."""

    told: int


@router.post("/test", status_code=202, responses=problems("conflict"))
async def test(body: TestBody, access: CanOperate, tx: Tx, origin: FromWhere) -> TestView:
    """Tell everybody on the farm, as their subscriptions want it, that this is a test."""
    told = await messages.test(tx, access.farm_id, body.severity)
    audit.record(
        tx,
        "alerts.tested",
        farm_id=access.farm_id,
        user_id=access.caller.user_id,
        data={"told": told},
        origin=origin,
    )
    return TestView(told=told)


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
