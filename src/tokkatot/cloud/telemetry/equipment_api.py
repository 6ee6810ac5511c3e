"""The routes that tell what devices did: their lines over time, and what was counted of them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum, unique
from typing import Annotated, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
from fastapi import APIRouter, Query
from pydantic import Field

from tokkatot.cloud.devices import store as device_store
from tokkatot.cloud.devices.model import Device
from tokkatot.cloud.devices.service import device_in
from tokkatot.cloud.farms.access import CanSee, FarmAccess
from tokkatot.cloud.farms.service import farm_in
from tokkatot.cloud.platform.base import JsonObject
from tokkatot.cloud.platform.context import Tx
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.paging import Page, Paged, PageRequest, page_of
from tokkatot.cloud.platform.schemas import View
from tokkatot.cloud.telemetry import equipment, history
from tokkatot.cloud.telemetry.access import Stored
from tokkatot.cloud.telemetry.api import SeriesView, SomeDrawing, series_view
from tokkatot.cloud.telemetry.asking import Period, SomePeriod
from tokkatot.cloud.telemetry.equipment import NO_REPORTS, Counts, Reports
from tokkatot.cloud.telemetry.equipment_log import known_until, read_reports
from tokkatot.cloud.telemetry.local_time import day_edges, hour_edges
from tokkatot.cloud.telemetry.store import Span
from tokkatot.cloud.telemetry.summary import Integers
from tokkatot.domain.devices import ACTUATORS, DeviceRole
from tokkatot.domain.ids import DeviceId
from tokkatot.kit.clock import from_ms

router = APIRouter(prefix="/v1/farms/{farm}")

RATED_POWER: Final = "power_w"
"""The entry of a device's `specs` that says what it draws at 100 %."""

_LONGEST: Final = timedelta(days=731)
_LONGEST_BY_HOUR: Final = timedelta(days=31)
"""So that no device has more stretches than a chart has points."""


@unique
class ReportStep(StrEnum):
    """How long the stretches are that are counted one by one."""

    DAY = "day"
    HOUR = "hour"


class ErrorSpellView(View):
    """For how long a device reported one error."""

    start: datetime = Field(serialization_alias="from")
    end: datetime | None = Field(serialization_alias="to", description="Null: it still does.")
    error: str


class LineView(View):
    """What a device did, few enough points to draw; each of them holds until the next."""

    points: list[tuple[int, float | None, float | None, float | None, float]] = Field(
        description="Time in ms since 1970 UTC, actual level and set-point in % (null: unknown),"
        " power in W by the rated one in `specs.power_w` (null without it), share of time online."
    )
    truncated: bool = Field(description="The points stand for more reports than they are.")
    errors: list[ErrorSpellView] = Field(description="The newest errors, the oldest first.")
    known_until: datetime = Field(description="From then on nothing was heard of it.")


class CountsView(View):
    """What was counted of a device over a time."""

    runtime_hours: float
    on_cycles: int
    errors: int
    energy_kwh: float | None = Field(
        description="By the rated power in `specs.power_w` and the level; null without it."
    )
    known_hours: float = Field(description="For how long it is known what it did.")


class DeviceHistoryView(View):
    """What a device measured and did over a time."""

    series: list[SeriesView]
    line: LineView
    counts: CountsView


class UsageView(View):
    """What was counted of a device over a time."""

    device_id: UUID
    house_id: UUID
    name: str
    role: DeviceRole
    counts: CountsView


class StretchView(CountsView):
    """What was counted of a device in one stretch of time."""

    start: datetime = Field(serialization_alias="from")


class MetricsView(View):
    """What was counted of a device, stretch by stretch."""

    device_id: UUID
    house_id: UUID
    name: str
    role: DeviceRole
    stretches: list[StretchView]


@router.get("/devices/{device}/history", tags=["devices"])
async def device_history(
    device: UUID,
    access: CanSee,
    tx: Tx,
    stored: Stored,
    period: SomePeriod,
    drawing: SomeDrawing,
) -> DeviceHistoryView:
    """Return what a device measured and did, each as at most `points` points."""
    found = (await device_in(tx, access.farm_id, DeviceId(device))).device
    span = period.past(tx.now, usual=timedelta(days=1), longest=_LONGEST)
    reports = (await read_reports(tx.session, [device], span)).get(device, NO_REPORTS)
    known_ms = (await known_until(tx.session, [found], now=tx.now))[device]
    counts = equipment.count(reports, _ends(span), known_ms)
    keys = await history.find_series(tx.session, found.house_id, devices=[device])
    drawn = await history.draw(stored, keys, span, points=drawing.points, shape=drawing.shape)
    return DeviceHistoryView(
        series=[series_view(one) for one in drawn],
        line=_line_view(found, reports, span, known_ms, points=drawing.points),
        counts=CountsView(**_counted(found, counts, 0)),
    )


@router.get("/reports/device-usage", tags=["reports"])
async def device_usage(
    access: CanSee,
    tx: Tx,
    page: Paged,
    period: SomePeriod,
    house: UUID | None = None,
    device: UUID | None = None,
) -> Page[UsageView]:
    """Return how long each actuator ran, how often it started and failed, and what it drew."""
    span = period.past(tx.now, usual=timedelta(days=30), longest=_LONGEST)
    devices, cursor = await _actuators(tx, access, page, house=house, device=device)
    counted = await counts_of(tx, devices, span, _ends(span))
    return Page(
        items=[
            UsageView(**_named(one), counts=CountsView(**_counted(one, counted[one.id], 0)))
            for one in devices
        ],
        next_cursor=cursor,
    )


@router.get("/reports/device-metrics", tags=["reports"])
async def device_metrics(
    access: CanSee,
    tx: Tx,
    page: Paged,
    period: SomePeriod,
    house: UUID | None = None,
    device: UUID | None = None,
    step: Annotated[ReportStep, Query(description="In the farm's time zone.")] = ReportStep.DAY,
) -> Page[MetricsView]:
    """Return what was counted of each actuator day by day, or hour by hour."""
    zone = ZoneInfo((await farm_in(tx, access.farm_id)).time_zone)
    span, edges = _stretches(step, period, tx.now, zone)
    devices, cursor = await _actuators(tx, access, page, house=house, device=device)
    counted = await counts_of(tx, devices, span, edges)
    return Page(
        items=[
            MetricsView(
                **_named(one),
                stretches=[
                    StretchView(start=from_ms(start_ms), **_counted(one, counted[one.id], index))
                    for index, start_ms in enumerate(edges[:-1].tolist())
                ],
            )
            for one in devices
        ],
        next_cursor=cursor,
    )


def _stretches(
    step: ReportStep, period: Period, now: datetime, zone: ZoneInfo
) -> tuple[Span, Integers]:
    """Return which time is asked for, and where its stretches begin and end."""
    if step is ReportStep.HOUR:
        span = period.past(now, usual=timedelta(days=1), longest=_LONGEST_BY_HOUR)
        return span, hour_edges(span, zone)
    span = period.past(now, usual=timedelta(days=30), longest=_LONGEST)
    return span, day_edges(span, zone)


async def _actuators(
    tx: Transaction,
    access: FarmAccess,
    page: PageRequest,
    *,
    house: UUID | None,
    device: UUID | None,
) -> tuple[Sequence[Device], str | None]:
    after = page.after_of(UUID)
    rows = await device_store.devices_of(
        tx.session,
        access.farm_id,
        house_id=house,
        only=device,
        roles=ACTUATORS.keys(),
        after=None if after is None else after[0],
        limit=page.limit + 1,
    )
    return page_of([row.device for row in rows], page, lambda one: [str(one.id)])


async def counts_of(
    tx: Transaction, devices: Sequence[Device], span: Span, edges: Integers
) -> Mapping[UUID, Counts]:
    """Return what was counted of each device between each edge and the next."""
    return dict(await each_counted(tx, devices, span, edges))


async def each_counted(
    tx: Transaction, devices: Sequence[Device], span: Span, edges: Integers
) -> Iterator[tuple[UUID, Counts]]:
    """Return device by device what was counted: of many edges nobody holds all at once."""
    reports = await read_reports(tx.session, [one.id for one in devices], span)
    known_ms = await known_until(tx.session, devices, now=tx.now)
    return (
        (one.id, equipment.count(reports.get(one.id, NO_REPORTS), edges, known_ms[one.id]))
        for one in devices
    )


def _ends(span: Span) -> Integers:
    return np.array([span.start_ms, span.end_ms], np.int64)


def _named(device: Device) -> JsonObject:
    return {
        "device_id": device.id,
        "house_id": device.house_id,
        "name": device.name,
        "role": device.role,
    }


def _counted(device: Device, counts: Counts, index: int) -> JsonObject:
    power_w = rated_w(device)
    load_hours = float(counts.load_s[index]) / 3600
    return {
        "runtime_hours": float(counts.runtime_s[index]) / 3600,
        "on_cycles": int(counts.on_cycles[index]),
        "errors": int(counts.errors[index]),
        "energy_kwh": None if power_w is None else power_w * load_hours / 1000,
        "known_hours": float(counts.known_s[index]) / 3600,
    }


def _line_view(
    device: Device, reports: Reports, span: Span, known_ms: int, *, points: int
) -> LineView:
    line, summed_up = equipment.draw(
        reports, span.start_ms, span.end_ms, known_until_ms=known_ms, points=points
    )
    power_w = rated_w(device)
    return LineView(
        points=[
            (t_ms, actual, target, _power(power_w, actual), online)
            for t_ms, actual, target, online in line
        ],
        truncated=summed_up,
        errors=[
            ErrorSpellView(
                start=from_ms(spell.start_ms),
                end=None if spell.end_ms is None else from_ms(spell.end_ms),
                error=spell.error,
            )
            for spell in equipment.spells(reports, span.start_ms)
        ],
        known_until=from_ms(known_ms),
    )


def rated_w(device: Device) -> float | None:
    """Return what a device draws at 100 %, where somebody has said it."""
    said = device.specs.get(RATED_POWER)
    return float(said) if isinstance(said, (int, float)) and said >= 0 else None


def _power(full_w: float | None, actual: float | None) -> float | None:
    return None if full_w is None or actual is None else full_w * actual / 100
