"""The set-points of a house as its hub holds them."""

from datetime import datetime

from tokkatot.automation.plan import plan_of
from tokkatot.automation.targets import targets_of
from tokkatot.cloud.farms.model import Farm, House
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.schedules.houses import house_configs, schedules_in
from tokkatot.domain.desired import DesiredDocument
from tokkatot.domain.houses import SetPoints
from tokkatot.domain.ids import FarmId, HubId
from tokkatot.domain.schedules import Schedule
from tokkatot.kit.clock import to_ms


class Targets:
    """What the set-points of a house are at any moment, by its schedules, its night and its age."""

    def __init__(self, document: DesiredDocument) -> None:
        plan = plan_of(document)
        (self._house,) = plan.houses
        self._locality = plan.locality

    def at(self, moment: datetime) -> SetPoints:
        """Return what is in force then."""
        return targets_of(self._house, None, to_ms(moment), self._locality).setpoints


async def targets_in(tx: Transaction, house: House) -> Targets:
    """Return the set-points of a house as its hub holds them."""
    farm = await tx.session.get_one(Farm, house.farm_id)
    schedules: tuple[Schedule, ...] = await schedules_in(tx, [house.id])
    return Targets(
        DesiredDocument(
            farm_id=FarmId(farm.id),
            hub_id=HubId(house.id),
            version=1,
            expires_ms=0,
            time_zone=farm.time_zone,
            houses=await house_configs(tx, farm, [house]),
            devices=(),
            place=farm.place,
            schedules=schedules,
        )
    )
