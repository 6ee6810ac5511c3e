"""What the rules that people wrote for a house ask for."""

from collections.abc import Mapping

from msgspec.structs import replace

from tokkatot.automation.conditions import Believed, beyond, follow
from tokkatot.automation.proposals import Proposal, Source
from tokkatot.automation.state import Known, Ruled, RuledHouse
from tokkatot.domain.devices import Level
from tokkatot.domain.ids import DeviceId
from tokkatot.domain.rules import (
    Exclusion,
    LeadLag,
    Proportional,
    Rule,
    Staged,
    Threshold,
)

_REASON_LENGTH = 60
_ROUNDING = 1e-9

UNHEARD_S = 30.0
"""A device that the hub has not heard of since it belongs here is taken for there for so long."""

_FRESH = Ruled()

Wishes = tuple[tuple[tuple[DeviceId, ...], Level], ...]


def obey(
    rules: tuple[Rule, ...],
    before: RuledHouse | None,
    believed: Believed,
    devices: Mapping[DeviceId, Known],
    now_s: float,
) -> RuledHouse:
    """Return where every rule of a house stands and what it asks; the first that is listed wins."""
    after = [
        _obeyed(rule, ruled, believed, devices, now_s)
        for rule, ruled in zip(rules, _known(rules, before), strict=True)
    ]
    return RuledHouse(basis=rules, rules=tuple(after))


def _known(rules: tuple[Rule, ...], before: RuledHouse | None) -> tuple[Ruled, ...]:
    """Return where each rule stands: as before, while nobody has changed that very rule."""
    if before is None:
        return (_FRESH,) * len(rules)
    if before.basis is rules:
        return before.rules
    stood = {rule.id: (rule, ruled) for rule, ruled in zip(before.basis, before.rules, strict=True)}
    return tuple(
        stood[rule.id][1] if rule.id in stood and stood[rule.id][0] == rule else _FRESH
        for rule in rules
    )


def _obeyed(
    rule: Rule,
    before: Ruled,
    believed: Believed,
    known: Mapping[DeviceId, Known],
    now_s: float,
) -> Ruled:
    after, wishes = _follow(rule, before, believed, known, now_s)
    if after is before:
        return before
    reason = rule.name[:_REASON_LENGTH]
    asks = tuple(
        (device, Proposal(source=Source.RULE, reason=reason, level=level))
        for devices, level in wishes
        for device in devices
    )
    return replace(after, asks=asks)


def _follow(
    rule: Rule,
    ruled: Ruled,
    believed: Believed,
    known: Mapping[DeviceId, Known],
    now_s: float,
) -> tuple[Ruled, Wishes]:
    """Return where a rule stands, the same object where nothing changed, and what it asks for."""
    match rule:
        case Threshold():
            held = follow(rule.when, ruled.held, believed, now_s)
            if held is ruled.held:
                return ruled, ()
            return replace(ruled, held=held), (((rule.devices, rule.level),) if held.holds else ())
        case Staged():
            return _staged(rule, ruled, believed)
        case Proportional():
            return _proportional(rule, ruled, believed)
        case LeadLag():
            return _lead_lag(rule, ruled, believed, known, now_s)
        case Exclusion():
            return ruled, ()


def _staged(rule: Staged, ruled: Ruled, believed: Believed) -> tuple[Ruled, Wishes]:
    value = believed.value(rule.quantity)
    if value is None:
        return _FRESH, ()
    stage = 0
    for number, one in enumerate(rule.stages, start=1):
        was = ruled.stage >= number
        if not beyond(value, rule.comparison, one.threshold, rule.hysteresis, was=was):
            break
        stage = number
    if stage == ruled.stage:
        return ruled, ()
    levels: dict[DeviceId, Level] = {}
    for one in rule.stages[:stage]:
        for device in one.devices:
            levels[device] = max(one.level, levels.get(device, 0.0))
    wishes = tuple(((device,), level) for device, level in levels.items())
    return replace(ruled, stage=stage), wishes


def _proportional(rule: Proportional, ruled: Ruled, believed: Believed) -> tuple[Ruled, Wishes]:
    value = believed.value(rule.quantity)
    if value is None:
        return _FRESH, ()
    share = (value - rule.from_value) / (rule.to_value - rule.from_value)
    share = min(max(share, 0.0), 1.0)
    exact = rule.from_level + share * (rule.to_level - rule.from_level)
    level = ruled.level
    # A drive moves when it is a whole step away, or to reach an end.
    at_end = share in {0.0, 1.0} and level != exact
    if level is None or at_end or abs(exact - level) >= rule.step - _ROUNDING:
        level = exact if share in {0.0, 1.0} else round(exact / rule.step) * rule.step
        level = min(max(level, 0.0), 100.0)
    if level == ruled.level:
        return ruled, ()
    return replace(ruled, level=level), ((rule.devices, level),)


def _lead_lag(
    rule: LeadLag,
    ruled: Ruled,
    believed: Believed,
    known: Mapping[DeviceId, Known],
    now_s: float,
) -> tuple[Ruled, Wishes]:
    value = believed.value(rule.quantity)
    since_s = now_s if ruled.led_since_s is None else ruled.led_since_s
    lead = ruled.lead % len(rule.devices)
    stage = 0 if value is None else _twins(rule, ruled.stage, value)
    led_s = now_s - since_s
    if led_s >= rule.swap_every_s and (stage != 1 or led_s >= 2 * rule.swap_every_s):
        # They change places while both do the same, so that none starts for it alone; where
        # that never comes, one starts all the same.
        lead, since_s = (lead + 1) % len(rule.devices), now_s
    ordered = rule.devices[lead:] + rule.devices[:lead]
    asked = (0, _through_the_first_there(ordered, known, now_s), len(ordered))[stage]
    if (stage, asked, lead, since_s) == (ruled.stage, ruled.asked, ruled.lead, ruled.led_since_s):
        return ruled, ()
    wishes = ((ordered[:asked], rule.level),) if asked else ()
    return Ruled(stage=stage, asked=asked, lead=lead, led_since_s=since_s), wishes


def _through_the_first_there(
    ordered: tuple[DeviceId, ...], known: Mapping[DeviceId, Known], now_s: float
) -> int:
    """Return how many twins are asked to do the work of one: those away, and one that is there.

    Who is away is asked all the same: it may hear, though nobody hears of it.
    """
    for count, device in enumerate(ordered, start=1):
        one = known.get(device)
        if one is None or one.online or now_s - one.since_s <= UNHEARD_S:
            return count
    return len(ordered)


def _twins(rule: LeadLag, before: int, value: float) -> int:
    if beyond(value, rule.comparison, rule.lag, rule.hysteresis, was=before >= 2):
        return 2
    return int(beyond(value, rule.comparison, rule.lead, rule.hysteresis, was=before >= 1))
