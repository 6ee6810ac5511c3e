"""The routes of readings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field, StringConstraints
from sqlalchemy import func, select

from tokkatot.cloud.farms.access import CanOperate, CanSee
from tokkatot.cloud.farms.houses import house_in
from tokkatot.cloud.platform.context import Tx
from tokkatot.cloud.platform.http import json_response
from tokkatot.cloud.platform.paging import Page, Paged, PageRequest, encode_cursor, page_of
from tokkatot.cloud.platform.schemas import Body, View
from tokkatot.cloud.telemetry import history, posting, vapour
from tokkatot.cloud.telemetry.access import Store, Stored
from tokkatot.cloud.telemetry.asking import SomeReadings
from tokkatot.cloud.telemetry.drawing import Shape
from tokkatot.cloud.telemetry.history import Drawn, RawAfter, SeriesKey
from tokkatot.cloud.telemetry.model import RefusedReading
from tokkatot.cloud.telemetry.posting import PostedReading
from tokkatot.cloud.telemetry.store import Readings, Span
from tokkatot.domain.ids import HouseId
from tokkatot.domain.quantities import SPECS, Quality, Quantity, Refusal
from tokkatot.kit.clock import from_ms

router = APIRouter(prefix="/v1/farms/{farm}/houses/{house}", tags=["readings"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """What form the answer has."""

    points: int
    shape: Shape


async def drawing(
    points: Annotated[int, Query(ge=2, le=history.MAX_POINTS)] = 500,
    shape: Shape = Shape.AVERAGE,
) -> Drawing:
    """Read what form the answer is to have."""
    return Drawing(points=points, shape=shape)


SomeDrawing = Annotated[Drawing, Depends(drawing)]


class SeriesView(View):
    """Readings of one quantity of one device, few enough to draw."""

    device_id: UUID
    quantity: str
    unit: str
    points: list[tuple[int, float, int]]
    """Time in milliseconds since 1970 UTC, value, quality."""
    gaps: list[tuple[int, int]] = Field(
        description="From the last reading before a hole to the first after it, in ms since 1970"
        " UTC: no line leads over it."
    )
    truncated: bool
    """The points stand for more readings than they are."""


class HistoryView(View):
    """A chart's worth of readings."""

    series: list[SeriesView]


class RawReadingView(View):
    """One stored reading."""

    device_id: UUID
    quantity: str
    t: datetime
    value: float
    quality: int


class ReadingBody(Body):
    """One value: `t` is RFC 3339 with its zone, the unit is the quantity's."""

    device_id: Annotated[str, StringConstraints(max_length=64)]
    quantity: Annotated[str, StringConstraints(max_length=64)]
    t: Annotated[str, StringConstraints(max_length=64)]
    value: float | bool | Annotated[str, StringConstraints(max_length=200)] | None
    quality: Quality = Quality.GOOD


class ReadingsBody(Body):
    """Readings of one house."""

    readings: Annotated[list[ReadingBody], Field(min_length=1, max_length=posting.MAX_POSTED)]


class RefusedPostView(View):
    """A posted value that is no reading, by its place in the request."""

    index: int
    reason: Refusal


class PostedView(View):
    """What became of a post; `known` were stored before."""

    accepted: int
    known: int
    refused: list[RefusedPostView]


class RefusedView(View):
    """A value that is no reading, as it came."""

    device_id: str
    quantity: str
    t: datetime | None
    raw: str
    reason: str
    received_at: datetime


class RefusedPage(Page[RefusedView]):
    """A page of refused values, with how many there are."""

    total: int


@router.get("/history", response_model=HistoryView | Page[RawReadingView])
async def readings(
    house: UUID,
    access: CanSee,
    tx: Tx,
    stored: Stored,
    page: Paged,
    asked: SomeReadings,
    drawing: SomeDrawing,
    raw: Annotated[bool, Query(description="Every stored reading, by pages.")] = False,  # noqa: FBT002 - a query parameter
) -> Response:
    """Return readings over a time, at most `points` of each series.

    Where there are more, each point is the average of a stretch, or with `shape=extremes` a
    stretch's lowest and highest reading. With `raw=true` it is every stored reading, the oldest
    first, by pages. `vpd`, asked for by its name, is computed where a device measures temperature
    and humidity and does not report it.
    """
    await house_in(tx, access.farm_id, HouseId(house))
    keys = await history.find_series(
        tx.session, house, devices=asked.devices, quantities=asked.quantities
    )
    span = asked.period.span(tx.now)
    if raw:
        return json_response((await _raw(stored, keys, span, page)).model_dump_json())
    drawn = await history.draw(stored, keys, span, points=drawing.points, shape=drawing.shape)
    if Quantity.VPD in asked.quantities:
        pairs = await vapour.find_pairs(tx.session, house, devices=asked.devices)
        drawn += await vapour.draw(stored, pairs, span, points=drawing.points, shape=drawing.shape)
    # To look through two kinds of answers, and thousands of points, would take longer than drawing.
    return json_response(HistoryView(series=[series_view(one) for one in drawn]).model_dump_json())


@router.post("/readings")
async def post_readings(
    house: UUID, body: ReadingsBody, access: CanOperate, tx: Tx, store: Store
) -> PostedView:
    """Store readings of the house's devices; what was stored before changes nothing.

    What is no reading is refused with its reason, and the rest is kept. A series has one reading
    at a time, so the same request may be sent again.
    """
    await house_in(tx, access.farm_id, HouseId(house))
    readings = [
        PostedReading(
            device=one.device_id,
            quantity=one.quantity,
            t=one.t,
            value=one.value,
            quality=one.quality,
        )
        for one in body.readings
    ]
    checked = await posting.check(tx, access.farm_id, house, readings)
    # Made beside the transaction: a day's table must be there before anything is written to it.
    # It takes a connection of its own, so that this one is given back meanwhile.
    await tx.release()
    await store.prepare(checked.days())
    posted = await posting.store(tx, store.within(tx), checked)
    return PostedView.model_validate(posted)


@router.get("/readings/refused")
async def refused(house: UUID, access: CanSee, tx: Tx, page: Paged) -> RefusedPage:
    """Return the values that were no readings, the newest first."""
    await house_in(tx, access.farm_id, HouseId(house))
    after = page.after_of(int)
    wanted = RefusedReading.house_id == house
    statement = select(RefusedReading).where(wanted).order_by(RefusedReading.id.desc())
    if after is not None:
        statement = statement.where(RefusedReading.id < after[0])
    rows = (await tx.session.scalars(statement.limit(page.limit + 1))).all()
    items, cursor = page_of(rows, page, lambda row: [row.id])
    total = await tx.session.scalar(select(func.count()).select_from(RefusedReading).where(wanted))
    return RefusedPage(
        items=[
            RefusedView(
                device_id=row.device,
                quantity=row.quantity,
                t=row.t,
                raw=row.raw,
                reason=row.reason,
                received_at=row.received_at,
            )
            for row in items
        ],
        next_cursor=cursor,
        total=total or 0,
    )


async def _raw(
    stored: Readings, keys: Sequence[SeriesKey], span: Span, page: PageRequest
) -> Page[RawReadingView]:
    parts = page.after_of(RawAfter.parse)
    after = None if parts is None else parts[0]
    rows = await history.read_raw(stored, keys, span, after=after, limit=page.limit + 1)
    items, _ = page_of(rows, page, lambda _: [])
    more = len(rows) > page.limit
    by_id = {key.id: key for key in keys}
    return Page(
        items=[
            RawReadingView(
                device_id=by_id[row.series_id].device_id,
                quantity=by_id[row.series_id].quantity,
                t=from_ms(row.t_ms),
                value=row.value,
                quality=row.quality,
            )
            for row in items
        ],
        next_cursor=encode_cursor([str(history.after_page(items, after))]) if more else None,
    )


def series_view(drawn: Drawn) -> SeriesView:
    """Return a drawn series as an answer; what was drawn here need not be looked through."""
    return SeriesView.model_construct(
        device_id=drawn.key.device_id,
        quantity=drawn.key.quantity,
        unit=SPECS[Quantity(drawn.key.quantity)].unit,
        points=list(drawn.points),
        gaps=list(drawn.gaps),
        truncated=drawn.summed_up,
    )
