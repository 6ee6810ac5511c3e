"""Knows what a house was told to do, for rooms below: what it could not, and what it holds now."""

from collections.abc import Mapping
from uuid import UUID

from typing_extensions import override

from tokkatot.cloud.farms import store as farms_store
from tokkatot.cloud.farms.model import Farm, House
from tokkatot.cloud.farms.ports import Automation
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.problems import Invalid
from tokkatot.cloud.schedules import store
from tokkatot.cloud.schedules.checks import (
    Surroundings,
    check_rule,
    check_schedule,
    surroundings_of,
)
from tokkatot.cloud.schedules.houses import rules_in, schedules_in
from tokkatot.cloud.schedules.targets import targets_in
from tokkatot.domain.houses import SetPoints
from tokkatot.domain.ids import FarmId, HouseId
from tokkatot.domain.rules import Rule
from tokkatot.domain.schedules import Schedule


class Plans(Automation):
    """The schedules and rules of houses."""

    @override
    async def misfits(
        self, tx: Transaction, farm_id: FarmId, house_id: HouseId | None = None
    ) -> Mapping[UUID, str]:
        if house_id is not None:
            await store.lock_house(tx.session, house_id)
        farm = await tx.session.get_one(Farm, farm_id)
        houses = [
            house
            for house in await farms_store.houses_of(tx.session, farm_id)
            if house_id in {None, house.id}
        ]
        around = {one.house.id: one for one in await surroundings_of(tx, farm, houses)}
        schedules = await schedules_in(tx, list(around))
        rules = await store.rules_of(tx.session, list(around))
        found: dict[UUID, str] = {
            schedule.id: schedule.name
            for schedule in schedules
            if schedule.enabled and not _fits(schedule, around[schedule.house_id])
        }
        for place, stored in rules.items():
            found.update(
                (rule.id, rule.name)
                for rule in rules_in(stored)
                if rule.enabled and not _fits(rule, around[place])
            )
        return found

    @override
    async def held_now(self, tx: Transaction, house: House) -> SetPoints:
        return (await targets_in(tx, house)).at(tx.now)


def _fits(planned: Schedule | Rule, around: Surroundings) -> bool:
    try:
        if isinstance(planned, Schedule):
            check_schedule(planned, around)
        else:
            check_rule(planned, "body", around)
    except Invalid:
        return False
    return True
