"""The conflict table: which safety rule constrains which kind of actuator."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from enum import StrEnum, unique
from types import MappingProxyType

from msgspec import Struct

from tokkatot.automation.plan import Trait
from tokkatot.domain.devices import OFF, ON, Level


@unique
class Interlock(StrEnum):
    """A safety rule; the order of the members is their precedence."""

    HARD_LIMIT = "hard_limit"
    SOFTWARE_STOP = "software_stop"
    SENSOR_STALE = "sensor_stale"
    COOL_DOWN = "cool_down"
    DRY_RUN = "dry_run"
    MINIMUM_OFF = "minimum_off"
    STARTS = "starts"
    EXCLUDED = "excluded"
    SETTLING = "settling"


PRECEDENCE = tuple(Interlock)


@unique
class Effect(StrEnum):
    """What an interlock does to a level."""

    FREE = "free"
    RUN = "run"
    STOP = "stop"
    KEEP = "keep"


# The cells. What is not named is FREE: the interlock does not care about that kind of actuator.
# - The hard limit and a stale sensor run a coop's air, since still air kills birds.
# - A greenhouse's vents stay as they are behind a stale sensor: open ones may freeze a crop.
# - The software stop keeps all ventilation, since "all off" kills birds.
# - A coop's air has no cool-down: nothing ever limits how long it runs. Too many starts keep it on.
# - Nothing excludes air: what heats yields to it, never the other way round.
TABLE: Mapping[Interlock, Mapping[Trait, Effect]] = MappingProxyType(
    {
        Interlock.HARD_LIMIT: MappingProxyType(
            {Trait.COOP_AIR: Effect.RUN, Trait.AIR: Effect.RUN, Trait.HEAT: Effect.STOP}
        ),
        Interlock.SOFTWARE_STOP: MappingProxyType(
            {Trait.HEAT: Effect.STOP, Trait.WATER: Effect.STOP, Trait.MOTION: Effect.STOP}
        ),
        Interlock.SENSOR_STALE: MappingProxyType(
            {Trait.COOP_AIR: Effect.RUN, Trait.HEAT: Effect.STOP}
        ),
        Interlock.COOL_DOWN: MappingProxyType(
            {
                Trait.AIR: Effect.STOP,
                Trait.HEAT: Effect.STOP,
                Trait.WATER: Effect.STOP,
                Trait.MOTION: Effect.STOP,
                Trait.OTHER: Effect.STOP,
            }
        ),
        Interlock.DRY_RUN: MappingProxyType({Trait.WATER: Effect.STOP}),
        Interlock.MINIMUM_OFF: MappingProxyType({Trait.WATER: Effect.STOP}),
        Interlock.STARTS: MappingProxyType(
            {
                Trait.COOP_AIR: Effect.RUN,
                Trait.AIR: Effect.STOP,
                Trait.HEAT: Effect.STOP,
                Trait.WATER: Effect.STOP,
                Trait.MOTION: Effect.STOP,
                Trait.OTHER: Effect.STOP,
            }
        ),
        Interlock.EXCLUDED: MappingProxyType(
            {
                Trait.HEAT: Effect.STOP,
                Trait.WATER: Effect.STOP,
                Trait.MOTION: Effect.STOP,
                Trait.OTHER: Effect.STOP,
            }
        ),
        Interlock.SETTLING: MappingProxyType(
            {
                Trait.COOP_AIR: Effect.KEEP,
                Trait.AIR: Effect.KEEP,
                Trait.HEAT: Effect.KEEP,
                Trait.WATER: Effect.KEEP,
                Trait.MOTION: Effect.KEEP,
                Trait.OTHER: Effect.KEEP,
            }
        ),
    }
)


class Constrained(Struct, frozen=True, kw_only=True):
    """The level that is left, and the interlocks that wanted another one than was asked for."""

    level: Level
    cut_by: tuple[Interlock, ...] = ()


def constrain(
    asked: Level, *, trait: Trait, active: AbstractSet[Interlock], kept: Level
) -> Constrained:
    """Apply the active interlocks to a level; where they disagree, the first one of all decides.

    `kept` is the level that the actuator has now, for those that keep it.
    """
    if not active:
        return Constrained(level=asked)
    wishes = [
        (interlock, _wish(TABLE[interlock].get(trait, Effect.FREE), kept))
        for interlock in PRECEDENCE
        if interlock in active
    ]
    wanted = [(interlock, level) for interlock, level in wishes if level is not None]
    if not wanted:
        return Constrained(level=asked)
    level = wanted[0][1]
    if level == asked:
        return Constrained(level=asked)
    return Constrained(
        level=level, cut_by=tuple(interlock for interlock, wish in wanted if wish != asked)
    )


def _wish(effect: Effect, kept: Level) -> Level | None:
    match effect:
        case Effect.FREE:
            return None
        case Effect.RUN:
            return ON
        case Effect.STOP:
            return OFF
        case Effect.KEEP:
            return kept
