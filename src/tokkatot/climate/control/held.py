"""A hub's own rules in a coop, as a twin lives by them: warmth below a set-point, air above."""

from dataclasses import dataclass

from tokkatot.automation.conditions import Believed
from tokkatot.automation.lending import count_running, turned
from tokkatot.automation.rules import regulate
from tokkatot.automation.state import Climate, Lent, Senses
from tokkatot.climate.physics.poultry.model import Controls, Parameters
from tokkatot.domain.houses import SetPoints
from tokkatot.domain.ids import DeviceId

LIT_FROM_H = 5.0
LIT_UNTIL_H = 20.0
FANS = 8
"""Of a house whose own nobody has counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRules:
    """The set-points that people gave a house, and by how much warmer they are held.

    Between them at least a part of its fans runs: all of them where nobody lends fewer.
    """

    points: SetPoints
    shift_k: float = 0.0
    fan_share: float = 1.0
    fans: int = FANS


def held_points(rules: HeldRules) -> SetPoints:
    """Return the set-points that the house is held to."""
    return turned(rules.points, Lent(shift_k=rules.shift_k, until_s=0.0))


def regulated(air_c: float, rules: HeldRules, before: Climate) -> Climate:
    """Return where the engine's rules stand in this air."""
    return regulated_at(air_c, held_points(rules), before, rules.fan_share)


def regulated_at(
    air_c: float, points: SetPoints, before: Climate, fan_share: float = 1.0
) -> Climate:
    """Return the same of the set-points that the house is held to."""
    return regulate(points, _felt(air_c), before, fan_share)


def steer_held(climate: Climate, hour: float, p: Parameters, fans: int = FANS) -> Controls:
    """Return what the engine does then: the fans of a coop rest on, and heat ends at the limit.

    What schedules and rules of people's own add is not known here.
    """
    over = climate.venting or climate.over_hard_limit
    air = 0.0 if climate.shut and not over else 1.0
    turning = air
    if fans > 0 and not over:
        turning *= count_running(climate.fan_share, fans) / fans
    heat = climate.heating and not climate.over_hard_limit
    return Controls(
        fans=turning if p.fan_m3_s > 0.0 else 0.0,
        inlets=max(air, 0.05),
        curtains=air if p.curtain_m2 > 0.0 else 0.0,
        heaters=1.0 if heat else 0.0,
        light=1.0 if LIT_FROM_H <= hour < LIT_UNTIL_H else 0.0,
        stir=turning if p.stir_m_s > 0.0 else 0.0,
    )


def _felt(air_c: float) -> Senses:
    nobody: frozenset[DeviceId] = frozenset()
    return Senses(
        temperature_c=air_c,
        warmest_c=air_c,
        temperature_stale=False,
        water_percent=None,
        flow_l_min=None,
        stale=nobody,
        unheard=nobody,
        doubted=nobody,
        apart_s=None,
        is_apart=False,
        believed=Believed(together={}, alone={}),
    )
