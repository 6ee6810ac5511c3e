"""A house at one moment: what it is to be, what its sensors say, and what its rules conclude."""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from tokkatot.automation.guards import everywhere
from tokkatot.automation.instant import Instant
from tokkatot.automation.interlocks import Interlock
from tokkatot.automation.lending import turned
from tokkatot.automation.perception import look
from tokkatot.automation.plan import House, Plan
from tokkatot.automation.rules import fill, regulate
from tokkatot.automation.sameness import are_same
from tokkatot.automation.state import Climate, Lent, Senses, State, Targets
from tokkatot.automation.targets import targets_of
from tokkatot.domain.houses import SetPoints
from tokkatot.domain.quantities import Quantity

_NOT_KNOWN = Climate()


class Setting(Struct, frozen=True, kw_only=True):
    """A house at this moment, with what its rules concluded."""

    house: House
    targets: Targets
    points: SetPoints
    lent: Lent | None
    senses: Senses
    climate: Climate
    filling: bool
    around: frozenset[Interlock]


def setting_of(house: House, plan: Plan, state: State, now: Instant) -> Setting:
    """Return a house as it is now; as it was concluded before, while nothing of it is new."""
    today_ms = now.utc_ms if now.utc_ms is not None else state.timeline.head_ms
    targets = targets_of(house, state.targets.get(house.id), today_ms, plan.locality)
    lent = state.lent.get(house.id)
    points = turned(targets.setpoints, lent)
    senses = look(house, points, state, now.monotonic_s)
    before = state.settings.get(house.id)
    if (
        isinstance(before, Setting)
        and before.house is house
        and before.targets is targets
        and before.points is points
        and before.lent is lent
        and before.senses is senses
    ):
        return before  # the rules conclude no more from the same a second time
    stood = state.climates.get(house.id, _NOT_KNOWN)
    if stood.over_hard_limit and not _has_thermometer(house):
        stood = _NOT_KNOWN  # it would never end: not even a restart forgets it
    climate = regulate(points, senses, stood, 1.0 if lent is None else lent.fan_share)
    return Setting(
        house=house,
        targets=targets,
        points=points,
        lent=lent,
        senses=senses,
        climate=climate,
        filling=fill(points, senses, filling=house.id in state.filling),
        around=everywhere(house, climate, senses),
    )


def _has_thermometer(house: House) -> bool:
    return any(one.inside and one.quantity is Quantity.TEMPERATURE for one in house.probes)


def with_settings(state: State, settings: Sequence[Setting]) -> State:
    """Return the state after these settings; where all are as before, so is what is in it."""
    if are_same(settings, state.settings.values()):
        return state
    return replace(
        state,
        settings={one.house.id: one for one in settings},
        targets={one.house.id: one.targets for one in settings},
        senses={one.house.id: one.senses for one in settings},
        climates={one.house.id: one.climate for one in settings},
        filling=frozenset(one.house.id for one in settings if one.filling),
    )
