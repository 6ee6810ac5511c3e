"""What a mode of a house changes: which roles nothing automatic moves, and what is not watched."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tokkatot.domain.devices import DeviceRole
from tokkatot.domain.houses import HouseMode
from tokkatot.domain.schedules import Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """A mode's habits. No mode ever takes the air away, and no mode touches an interlock."""

    rests: frozenset[DeviceRole] = frozenset()
    warmth_matters: bool = True


_AS_USUAL = Habits()

HABITS: Mapping[HouseMode, Habits] = MappingProxyType(
    {
        # Nobody lives there: nothing is heated, fed, watered or fogged.
        HouseMode.EMPTY: Habits(
            rests=frozenset(
                {
                    DeviceRole.HEATER,
                    DeviceRole.HVAC,
                    DeviceRole.FEEDER,
                    DeviceRole.WATER_PUMP,
                    DeviceRole.FOGGER,
                    DeviceRole.COOLING_PAD,
                    DeviceRole.IRRIGATION_VALVE,
                    DeviceRole.CO2_VALVE,
                }
            ),
            warmth_matters=False,
        ),
        # The house gets warm before the chicks come; nobody eats yet.
        HouseMode.PREHEAT: Habits(rests=frozenset({DeviceRole.FEEDER, DeviceRole.FOGGER})),
        HouseMode.GROWTH: _AS_USUAL,
        # People are in the house and doors are open: nothing moves under their hands.
        HouseMode.CATCHING: Habits(
            rests=frozenset(
                {
                    DeviceRole.FEEDER,
                    DeviceRole.CONVEYOR,
                    DeviceRole.FOGGER,
                    DeviceRole.HEATER,
                    DeviceRole.HVAC,
                }
            ),
            warmth_matters=False,
        ),
        HouseMode.SEEDLING: _AS_USUAL,
        HouseMode.VEGETATIVE: _AS_USUAL,
        HouseMode.FLOWERING: _AS_USUAL,
        HouseMode.HARVEST: _AS_USUAL,
    }
)


def habits_of(mode: HouseMode | None) -> Habits:
    """Return the habits of a mode; a house without one lives as usual."""
    return _AS_USUAL if mode is None else HABITS[mode]


def forbids(mode: HouseMode | None, schedule: Schedule, roles: Collection[DeviceRole]) -> bool:
    """Tell whether a schedule does nothing in a mode; `roles` are those of what it moves."""
    if schedule.modes and mode not in schedule.modes:
        return True
    rests = habits_of(mode).rests
    return bool(rests and roles) and all(role in rests for role in roles)
