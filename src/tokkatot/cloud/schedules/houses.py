"""Houses as the engine takes them, with their rules and schedules."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from tokkatot.cloud.farms import store as farms_store
from tokkatot.cloud.farms.breeds import birds_of
from tokkatot.cloud.farms.model import Farm, Flock, House
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.schedules import store
from tokkatot.cloud.schedules.model import HouseRules
from tokkatot.cloud.schedules.service import schedule_of
from tokkatot.domain.desired import HouseConfig
from tokkatot.domain.ids import HouseId
from tokkatot.domain.rules import Rule
from tokkatot.domain.schedules import Schedule
from tokkatot.kit.clock import to_ms


async def house_configs(
    tx: Transaction, farm: Farm, houses: Sequence[House]
) -> tuple[HouseConfig, ...]:
    """Return houses of a farm as a hub is to run them."""
    ids = [house.id for house in houses]
    flocks = await farms_store.open_cycles(tx.session, Flock, ids)
    rules = await store.rules_of(tx.session, ids)
    return tuple(
        HouseConfig(
            id=HouseId(house.id),
            number=house.number,
            name=house.name,
            kind=house.kind,
            setpoints=house.setpoints,
            software_stop=stopped_ms is not None,
            stopped_ms=stopped_ms,
            mode=house.mode,
            night=house.night,
            flock=birds_of(house, flocks[house.id]) if house.id in flocks else None,
            rules=rules_in(rules.get(house.id)),
        )
        for house, stopped_ms in ((house, _stopped_ms(house, farm)) for house in houses)
    )


def _stopped_ms(house: House, farm: Farm) -> int | None:
    """Return when a house was stopped last, by itself or with the whole farm."""
    pressed = [moment for moment in (house.stopped_at, farm.stopped_at) if moment is not None]
    return to_ms(max(pressed)) if pressed else None


async def schedules_in(tx: Transaction, house_ids: Sequence[UUID]) -> tuple[Schedule, ...]:
    """Return every schedule of some houses."""
    found = await store.of_houses(tx.session, house_ids)
    return tuple(schedule_of(current.stored, current.version) for current in found)


def rules_in(stored: HouseRules | None) -> tuple[Rule, ...]:
    """Return the rules of a house as the engine takes them."""
    return () if stored is None else msgspec.convert(stored.items, tuple[Rule, ...])
