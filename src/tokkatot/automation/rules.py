"""The rules that a house lives by when nobody asks anything: water, warmth and air."""

from tokkatot.automation.plan import Actuator, Trait
from tokkatot.automation.proposals import Proposal, Source
from tokkatot.automation.state import Climate, Senses
from tokkatot.domain.devices import OFF, ON
from tokkatot.domain.houses import SetPoints

HYSTERESIS_C = 1.0
_FILL = Proposal(source=Source.RULE, reason="water_low", level=ON)
_HEAT = Proposal(source=Source.RULE, reason="temperature_low", level=ON)
_VENT = Proposal(source=Source.RULE, reason="temperature_high", level=ON)
_SHUT = Proposal(source=Source.RULE, reason="keep_warm", level=OFF)


def fill(points: SetPoints, senses: Senses, *, filling: bool) -> bool:
    """Tell whether the tank is to be filled: from below low up to full, never on a guess."""
    level = senses.water_percent
    if level is None:
        return False
    if level < points.water_low_percent:
        return True
    return filling and level < points.water_full_percent


def regulate(points: SetPoints, senses: Senses, before: Climate, fan_share: float = 1.0) -> Climate:
    """Return where the temperature rules stand now; heating and venting exclude each other.

    - heating: from below minimum until the hysteresis above it;
    - venting: from above maximum until the hysteresis below it;
    - shut: the air rests off from the cold until half way to maximum, so that a coop's fans,
      which rest on, don't blow out what was heated;
    - fans: all of them; where an autopilot lends fewer, from its `fan_share` half way between the
      limits up to all of them at maximum, and fewer only once it is cooler by the hysteresis.
    Without a fresh value nothing is asked, and the hard limit stays as it was: a sensor that died
    of heat does not make the house cool.
    """
    over = _over_hard_limit(points, senses.warmest_c, before)
    celsius = senses.temperature_c
    if celsius is None:
        return Climate(over_hard_limit=over)
    step_c = min(HYSTERESIS_C, (points.temperature_max_c - points.temperature_min_c) / 4)
    warm_c = points.temperature_min_c + step_c
    middle_c = (points.temperature_min_c + points.temperature_max_c) / 2

    def share(at_c: float) -> float:
        part = (at_c - middle_c) / (points.temperature_max_c - middle_c)
        return min(max(part, fan_share), 1.0)

    return Climate(
        heating=celsius < points.temperature_min_c or (before.heating and celsius < warm_c),
        venting=celsius > points.temperature_max_c
        or (before.venting and celsius > points.temperature_max_c - step_c),
        shut=celsius < warm_c or (before.shut and celsius < middle_c),
        over_hard_limit=over,
        fan_share=min(max(before.fan_share, share(celsius)), share(celsius + step_c)),
    )


def rule_proposal(actuator: Actuator, climate: Climate, *, filling: bool) -> Proposal | None:
    """Return what the rules of its house ask of one actuator."""
    trait = actuator.trait
    if trait is Trait.WATER:
        return _FILL if filling else None
    if trait is Trait.HEAT:
        return _HEAT if climate.heating else None
    if trait is Trait.COOP_AIR or trait is Trait.AIR:
        return _VENT if climate.venting else _SHUT if climate.shut else None
    return None


def _over_hard_limit(points: SetPoints, warmest_c: float | None, before: Climate) -> bool:
    if warmest_c is None:
        return before.over_hard_limit
    if warmest_c >= points.temperature_hard_max_c:
        return True
    return before.over_hard_limit and warmest_c > points.temperature_hard_max_c - HYSTERESIS_C
