"""Watches whether flocks and crops grow as their twins have foretold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from types import MappingProxyType
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import func, select, union_all

from tokkatot.cloud.alerts import service, store
from tokkatot.cloud.farms import harvests
from tokkatot.cloud.farms.model import CropCycle, Farm, Flock, House
from tokkatot.cloud.intelligence.model import FORETOLD_DAYS, Foretold, Prediction
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.telemetry.daily import weights_of
from tokkatot.cloud.telemetry.store import Readings, ReadingStore, Span
from tokkatot.domain.alerts import AlertType

LEAST_AHEAD: Final = 3
"""Days that a forecast looks ahead at least: what is foretold of tomorrow hardly misses."""
_LOCK: Final = 0x67726F77


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Over which days what came is held against what was foretold, and how much less is too little.

    Growth that is ahead of its forecast is told to nobody: there is nothing to do about it.
    """

    alert: AlertType
    looked_back_days: int
    fewest_days: int
    behind_pct: float
    back_under_pct: float


RULES: Final[Mapping[Foretold, Rule]] = MappingProxyType(
    {
        # At three weeks birds that gain a third less than foretold are so much lighter six days on.
        Foretold.WEIGHT: Rule(
            alert=AlertType.WEIGHT_BEHIND,
            looked_back_days=5,
            fewest_days=3,
            behind_pct=10.0,
            back_under_pct=5.0,
        ),
        # Two weeks, since nobody picks each day; wider, since people weigh less often than scales.
        Foretold.YIELD: Rule(
            alert=AlertType.YIELD_BEHIND,
            looked_back_days=14,
            fewest_days=10,
            behind_pct=30.0,
            back_under_pct=15.0,
        ),
    }
)
_LONGEST: Final = timedelta(
    days=max(rule.looked_back_days for rule in RULES.values()) + FORETOLD_DAYS + 1
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Grown:
    """A house with a flock or a crop, and what was foretold of it, the oldest first."""

    house: House
    farm: Farm
    rule: Rule
    told: Sequence[Prediction]


async def watch_growth(tx: Transaction, readings: ReadingStore) -> None:
    """Raise an alert for each house that falls behind its forecast, and end it where it is not."""
    # Of several processes that look at the same moment one does it.
    if not await tx.session.scalar(select(func.pg_try_advisory_xact_lock(_LOCK))):
        return
    rows = await store.standing_of(tx.session, [rule.alert for rule in RULES.values()])
    standing = {(alert.house_id, alert.type): alert for alert in rows}
    stored = readings.within(tx)
    for one in await _growing(tx):
        behind_pct = await _behind_pct(tx, stored, one)
        if behind_pct is None:
            continue
        rule = one.rule
        alert = standing.get((one.house.id, rule.alert))
        if alert is None and behind_pct > rule.behind_pct:
            await service.raise_in_house(
                tx, one.house, rule.alert, threshold=rule.behind_pct, actual=round(behind_pct, 1)
            )
        elif alert is not None and behind_pct >= rule.back_under_pct:
            del standing[one.house.id, rule.alert]
    for alert in standing.values():
        await service.clear(tx, alert, at=tx.now)


async def _growing(tx: Transaction) -> Sequence[_Grown]:
    """Return what lives now and was foretold lately, by its house."""
    living = union_all(
        select(Flock.id).where(Flock.cleared_on.is_(None), Flock.deleted_at.is_(None)),
        select(CropCycle.id).where(CropCycle.ended_on.is_(None), CropCycle.deleted_at.is_(None)),
    )
    rows = await tx.session.execute(
        select(House, Farm, Prediction)
        .join(Farm, Farm.id == House.farm_id)
        .join(Prediction, Prediction.house_id == House.id)
        .where(
            House.deleted_at.is_(None),
            Farm.deleted_at.is_(None),
            Prediction.cycle_id.in_(living),
            Prediction.made_on > tx.now.date() - _LONGEST,
            Prediction.kg.is_not(None),
        )
        .order_by(House.id, Prediction.made_on)
    )
    found: dict[UUID, tuple[House, Farm, list[Prediction]]] = {}
    for house, farm, prediction in rows:
        found.setdefault(house.id, (house, farm, []))[2].append(prediction)
    return [
        _Grown(house=house, farm=farm, rule=RULES[told[-1].quantity], told=told)
        for house, farm, told in found.values()
    ]


async def _behind_pct(tx: Transaction, readings: Readings, one: _Grown) -> float | None:
    """Return how much less came than was foretold; None where too little can be compared."""
    today = one.farm.today(tx.now)
    days = [today - timedelta(days=back) for back in range(one.rule.looked_back_days, 0, -1)]
    foretold = _foretold(one.told)
    told = {day: foretold[day] for day in days if day in foretold}
    if len(told) < one.rule.fewest_days:
        return None
    if one.rule.alert is AlertType.WEIGHT_BEHIND:
        weighed = await _weighed(tx, readings, one, days)
        told = {day: kg for day, kg in told.items() if day in weighed}
        came_kg = sum(weighed[day] for day in told)
    else:
        picked = await harvests.picked(tx.session, one.house.id, days[0], days[-1])
        # Where nobody noted anything, nobody may have written it down.
        told = told if picked else {}
        # On days that nobody foretold something ripened too, and is picked on others.
        came_kg = sum(picked.values()) * len(told) / len(days)
    told_kg = sum(told.values())
    if len(told) < one.rule.fewest_days or told_kg <= 0:
        return None
    return 100.0 * (1.0 - came_kg / told_kg)


def _foretold(told: Sequence[Prediction]) -> Mapping[date, float]:
    """Return what was foretold of each day by the one that looked farthest ahead."""
    found: dict[date, float] = {}
    for prediction in told:
        for ahead, kg in enumerate(prediction.kg or []):
            if ahead >= LEAST_AHEAD:
                found.setdefault(prediction.made_on + timedelta(days=ahead), kg)
    return found


async def _weighed(
    tx: Transaction, readings: Readings, one: _Grown, days: Sequence[date]
) -> Mapping[date, float]:
    zone = ZoneInfo(one.farm.time_zone)
    span = Span(
        start=datetime.combine(days[0], time.min, zone),
        end=datetime.combine(days[-1] + timedelta(days=1), time.min, zone),
    )
    weights = await weights_of(tx.session, readings, one.house.id, span, zone)
    shown = zip(days, weights.tolist(), strict=True)
    return {day: kg for day, kg in shown if np.isfinite(kg)}
