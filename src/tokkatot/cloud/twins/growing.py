"""What flocks will weigh and crops will bear in the coming days, foretold each morning and kept."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

import msgspec
import structlog
from msgspec.structs import replace
from sqlalchemy import select

from tokkatot.climate.env.growing import fresh_kg
from tokkatot.climate.physics.known import House as KnownHouse
from tokkatot.cloud.devices.model import Device
from tokkatot.cloud.farms.breeds import lays
from tokkatot.cloud.farms.model import CropCycle, Farm, Flock, House
from tokkatot.cloud.intelligence import store
from tokkatot.cloud.intelligence.model import FORETOLD_DAYS, Foretold
from tokkatot.cloud.jobs.child import ask
from tokkatot.cloud.jobs.model import Failure
from tokkatot.cloud.platform.base import JsonObject
from tokkatot.cloud.platform.context import Context
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.problems import Conflict
from tokkatot.cloud.schedules.targets import targets_in
from tokkatot.cloud.telemetry.store import Readings, ReadingStore, Span
from tokkatot.cloud.twins.ahead import skies_ahead
from tokkatot.cloud.twins.built import Birds
from tokkatot.cloud.twins.fitted import fitted_fields
from tokkatot.cloud.twins.forecasts import Forecasts
from tokkatot.cloud.twins.grower import Task
from tokkatot.cloud.twins.house import (
    birds_on,
    devices_in,
    equipped,
    twin_of,
    usual_twin,
)
from tokkatot.cloud.twins.past_days import FAILED, MOST_A_ROUND, SETTLED
from tokkatot.cloud.twins.recorded import weighed_kg
from tokkatot.cloud.twins.simulating import begun_in, points_of
from tokkatot.domain.houses import HouseKind
from tokkatot.kit.clock import from_ms, to_ms

PROGRAM: Final = (sys.executable, "-m", "tokkatot.cloud.twins.grower")
LIMIT_S: Final = 600.0
MOST_DAYS: Final = 366
"""A crop that is older counts as planted so long ago."""
LIGHTEST_KG: Final = 0.02
HEAVIEST_KG: Final = 10.0
"""What scales show beyond this is no bird."""
_TOMATO: Final = ("tomato", "ប៉េងប៉ោះ")
_CHERRY: Final = "cherry"
_A_DAY: Final = 24

Living = TypeVar("Living", Flock, CropCycle)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A house, who lives in it, and the morning on which nothing is foretold of them yet."""

    house: House
    farm: Farm
    cycle: Flock | CropCycle
    today: date

    @property
    def quantity(self) -> Foretold:
        """Return what is foretold of them."""
        return Foretold.WEIGHT if self.house.kind is HouseKind.COOP else Foretold.YIELD

    @property
    def start(self) -> datetime:
        """Return from when on their twin lives: from yesterday's noon, or from the planting."""
        zone = ZoneInfo(self.farm.time_zone)
        if isinstance(self.cycle, Flock):
            return datetime.combine(self.today - timedelta(days=1), time(12), zone)
        since = max(self.cycle.planted_on, self.today - timedelta(days=MOST_DAYS))
        return datetime.combine(since, time.min, zone)

    @property
    def told_after(self) -> Sequence[int]:
        """Return after how many hours: at each noon what a bird weighs, else at each midnight."""
        if isinstance(self.cycle, Flock):
            return range(_A_DAY, (FORETOLD_DAYS + 1) * _A_DAY, _A_DAY)
        morning = datetime.combine(self.today, time.min, ZoneInfo(self.farm.time_zone))
        lived = round((morning - self.start) / timedelta(hours=1))
        return range(lived, lived + FORETOLD_DAYS * _A_DAY + 1, _A_DAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What the twin is to live through, and what is to be kept beside its answer."""

    task: Task
    fitted: bool
    foretold_hours: int | None


async def foretell(
    context: Context,
    readings: ReadingStore,
    forecasts: Forecasts,
    *,
    program: Sequence[str] = PROGRAM,
) -> None:
    """Foretell what lives in each house, once a day."""
    async with context.database.transaction() as tx:
        due = await _due(tx)
    for one in due:
        asked: _Asked | str
        told: list[float] | str
        try:
            async with context.database.transaction() as tx:
                asked = await _asked(tx, readings, forecasts, one)
            told = asked if isinstance(asked, str) else await _told(asked, one, program)
        except Exception:  # noqa: BLE001 - one house's failure must not end the others' morning
            _log.exception("growing.broke", house=str(one.house.id))
            asked = told = FAILED
        async with context.database.transaction() as tx:
            await store.keep_prediction(tx.session, _row(one, asked, told) | {"made_at": tx.now})


async def _due(tx: Transaction) -> Sequence[Due]:
    """Return of whom nothing was foretold today."""
    living = [*await _living(tx, Flock), *await _living(tx, CropCycle)]
    made = await store.predictions_since(tx.session, tx.now.date() - timedelta(days=2))
    found = [
        one
        for one in living
        if one.cycle.began_on <= one.today and (one.cycle.id, one.today) not in made
    ]
    return found[:MOST_A_ROUND]


async def _living(tx: Transaction, kind: type[Living]) -> Sequence[Due]:
    rows = await tx.session.execute(
        select(House, Farm, kind)
        .join(Farm, Farm.id == House.farm_id)
        .join(kind, kind.house_id == House.id)
        .where(
            House.deleted_at.is_(None),
            Farm.deleted_at.is_(None),
            kind.ended_on.is_(None),
            kind.deleted_at.is_(None),
        )
        .order_by(House.id)
    )
    return [
        Due(house=house, farm=farm, cycle=cycle, today=farm.today(tx.now - SETTLED))
        for house, farm, cycle in rows
    ]


async def _asked(
    tx: Transaction, readings: ReadingStore, forecasts: Forecasts, one: Due
) -> _Asked | str:
    """Return what the twin is asked, or what is lacking for it."""
    house, devices = one.house, await devices_in(tx, one.house)
    known, fitted = await _known(tx, one, devices)
    lacking = _lacking(one, known)
    if lacking is not None:
        return lacking
    stored = readings.within(tx)
    sky = await skies_ahead(
        tx,
        stored,
        forecasts,
        one.farm,
        start_ms=to_ms(one.start),
        hours=one.told_after[-1],
        sunlit=isinstance(one.cycle, CropCycle),
    )
    if sky is None:
        return "weather"
    twin = await twin_of(tx, house, known, devices, at=one.start)
    if isinstance(one.cycle, Flock):
        twin = replace(twin, birds=await _birds(tx, stored, one, one.cycle))
    begun, _ = await begun_in(tx, stored, house, sky)
    targets = await targets_in(tx, house)
    task = Task(
        twin=replace(twin, fitted=fitted),
        begun=begun,
        weather=list(sky.rows),
        hours=sky.hours(one.farm.time_zone),
        points=[points_of(targets.at(from_ms(t_ms))) for t_ms in sky.row_ms],
        told_after=list(one.told_after),
    )
    return _Asked(task=task, fitted=bool(fitted), foretold_hours=sky.foretold_hours)


async def _birds(tx: Transaction, stored: Readings, one: Due, flock: Flock) -> Birds:
    """Return a flock as it was at noon the day before, also on the morning on which it comes."""
    birds = birds_on(one.house, flock, one.farm.today(one.start))
    if flock.placed_on >= one.today:
        # Scales showed the flock before it.
        return birds
    span = Span(start=one.start - timedelta(hours=12), end=one.start + timedelta(hours=12))
    weighed = await weighed_kg(tx.session, stored, one.house.id, span)
    if weighed is None or not LIGHTEST_KG <= weighed <= HEAVIEST_KG:
        return birds
    return replace(birds, kg=weighed)


async def _known(
    tx: Transaction, one: Due, devices: Sequence[Device]
) -> tuple[KnownHouse, dict[str, float]]:
    """Return what a house is built like and what was found of it; a fit that fails is none."""
    house, flock = one.house, one.cycle if isinstance(one.cycle, Flock) else None
    fit = await store.fit_of(tx.session, house.id)
    if fit is not None:
        try:
            known = KnownHouse(fit.known_as)
            has = equipped(house, known, devices)
            floor_m2 = house.floor_area_m2
            return known, fitted_fields(fit, known, floor_m2=floor_m2, equipped=has)
        except (Conflict, ValueError):
            _log.warning("growing.fit_unknown", house=str(house.id))
    return usual_twin(house, flock, devices), {}


def _lacking(one: Due, known: KnownHouse) -> str | None:
    """Return why its twin can't foretell it at all."""
    if isinstance(one.cycle, Flock):
        # Hens hardly grow, and eggs are not counted yet.
        hens = known is KnownHouse.HENS or lays(one.house, one.cycle)
        return "hens" if hens else None
    if not any(word in one.cycle.crop_type.lower() for word in _TOMATO):
        return "crop"
    return None if one.house.floor_area_m2 else "area"


async def _told(asked: _Asked, one: Due, program: Sequence[str]) -> list[float] | str:
    said = await ask(
        program, msgspec.msgpack.encode(asked.task), limit_s=LIMIT_S, progress=_unheard
    )
    if isinstance(said, Failure):
        _log.warning("growing.failed", house=str(one.house.id), detail=said.detail)
        return FAILED
    told: list[float] = said["told"]
    if isinstance(one.cycle, Flock):
        return [round(kg, 3) for kg in told]
    floor_m2, cherry = one.house.floor_area_m2, _CHERRY in one.cycle.crop_type.lower()
    assert floor_m2 is not None, "without an area nobody asks"
    return [
        round(fresh_kg(after - before, floor_m2, cherry=cherry), 3)
        for before, after in pairwise(told)
    ]


def _unheard(_done: float) -> None:
    """Nobody waits for it."""


def _row(one: Due, asked: _Asked | str, told: list[float] | str) -> JsonObject:
    return {
        "cycle_id": one.cycle.id,
        "made_on": one.today,
        "house_id": one.house.id,
        "quantity": one.quantity,
        "kg": None if isinstance(told, str) else told,
        "foretold_hours": None if isinstance(asked, str) else asked.foretold_hours,
        "fitted": not isinstance(asked, str) and asked.fitted,
        "lacking": told if isinstance(told, str) else None,
    }
