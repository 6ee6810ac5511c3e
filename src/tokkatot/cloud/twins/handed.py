"""What hubs are told of the fits of their houses, for the twins of their shields."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from tokkatot.climate.physics.known import COOPS
from tokkatot.cloud.farms.model import House
from tokkatot.cloud.intelligence import store as intelligence_store
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.problems import Conflict
from tokkatot.cloud.twins.fitted import fitted_fields
from tokkatot.cloud.twins.house import devices_in, equipped
from tokkatot.domain.autopilot import HouseTwin


async def handed_twins(tx: Transaction, houses: Sequence[House]) -> Mapping[UUID, HouseTwin]:
    """Return the fitted twins of these houses; a shield knows coops alone."""
    if not houses:
        return {}
    fits = await intelligence_store.fits_of(tx.session, [house.id for house in houses])
    by_id = {house.id: house for house in houses}
    found: dict[UUID, HouseTwin] = {}
    for fit in fits:
        house = by_id[fit.house_id]
        known = next((one for one in COOPS if one == fit.known_as), None)
        if known is None:
            continue
        has = equipped(house, known, await devices_in(tx, house))
        try:
            fitted = fitted_fields(fit, known, floor_m2=house.floor_area_m2, equipped=has)
        except Conflict:
            # By another program, or over another floor: who asks the twin is told.
            continue
        found[house.id] = HouseTwin(house=fit.known_as, equipped=has, fitted=fitted)
    return found
