"""Which interlocks are active for one actuator, from how it and its house have been."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from tokkatot.automation.interlocks import Interlock
from tokkatot.automation.perception import Senses
from tokkatot.automation.plan import Actuator, House, Trait
from tokkatot.automation.proposals import Source
from tokkatot.automation.state import Climate, DryRun, Relay
from tokkatot.domain.devices import OFF, Level

COOL_DOWN_S = 300.0
"""The rest after the longest time on: long enough to cool, short enough not to dry a tank."""

PUMP_MINIMUM_OFF_S = 60.0

DRY_RUN_WINDOW_S = 180.0
DRY_RUN_RISE_PERCENT = 1.0
DRY_RUN_RETRY_S = 300.0
DRY_RUN_STRIKES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle:
    """How long an automatic source leaves an actuator as it is, so that relays don't chatter."""

    on_s: float
    off_s: float


# A heater may always stop at once, and a coop's air may always start at once.
SETTLES = {
    Trait.COOP_AIR: Settle(on_s=30.0, off_s=0.0),
    Trait.AIR: Settle(on_s=30.0, off_s=30.0),
    Trait.HEAT: Settle(on_s=0.0, off_s=60.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """An actuator with what its interlocks need to know of it."""

    actuator: Actuator
    relay: Relay
    dry_run: DryRun


def guard(
    guarded: Guarded, house: House, climate: Climate, senses: Senses, now_s: float
) -> AbstractSet[Interlock]:
    """Return the interlocks that are active whoever asks."""
    relay, dry_run = guarded.relay, guarded.dry_run
    active: set[Interlock] = set()
    if climate.over_hard_limit:
        active.add(Interlock.HARD_LIMIT)
    if house.software_stop:
        active.add(Interlock.SOFTWARE_STOP)
    if senses.temperature_stale:
        active.add(Interlock.SENSOR_STALE)
    if relay.cool_until_s is not None and now_s < relay.cool_until_s:
        active.add(Interlock.COOL_DOWN)
    if dry_run.latched or (dry_run.wait_until_s is not None and now_s < dry_run.wait_until_s):
        active.add(Interlock.DRY_RUN)
    if (
        guarded.actuator.trait is Trait.WATER
        and relay.target == OFF
        and relay.changed_s is not None
        and now_s - relay.changed_s < PUMP_MINIMUM_OFF_S
    ):
        active.add(Interlock.MINIMUM_OFF)
    return active


def settling(
    guarded: Guarded, climate: Climate, source: Source, now_s: float
) -> AbstractSet[Interlock]:
    """Return the interlock that keeps an actuator as it is for a while, for automatic sources."""
    settle = SETTLES.get(guarded.actuator.trait)
    relay = guarded.relay
    if settle is None or source is Source.PERSON or relay.changed_s is None:
        return frozenset()
    if climate.heating and guarded.actuator.spec.ventilates:
        return frozenset()
    least_s = settle.off_s if relay.target == OFF else settle.on_s
    return frozenset({Interlock.SETTLING}) if now_s - relay.changed_s < least_s else frozenset()


def watch_on_time(actuator: Actuator, relay: Relay, now_s: float) -> Relay:
    """Begin the cool-down of an actuator that has been on for as long as its role may be."""
    longest_s = actuator.spec.max_on_s
    if actuator.trait is Trait.COOP_AIR or longest_s is None or relay.on_since_s is None:
        return relay
    if now_s - relay.on_since_s < longest_s:
        return relay
    return replace(relay, cool_until_s=now_s + COOL_DOWN_S)


def watch_dry_run(dry_run: DryRun, *, running: bool, percent: float | None, now_s: float) -> DryRun:
    """Count a strike against a pump that runs while the level does not rise; the third latches."""
    if not running or percent is None:
        return replace(dry_run, mark_s=None)
    if dry_run.mark_s is None:
        return replace(dry_run, mark_s=now_s, mark_percent=percent)
    if percent >= dry_run.mark_percent + DRY_RUN_RISE_PERCENT:
        return DryRun(mark_s=now_s, mark_percent=percent)
    if now_s - dry_run.mark_s < DRY_RUN_WINDOW_S:
        return dry_run
    strikes = dry_run.strikes + 1
    return DryRun(
        strikes=strikes,
        wait_until_s=now_s + DRY_RUN_RETRY_S,
        latched=strikes >= DRY_RUN_STRIKES,
    )


def moved(relay: Relay, target: Level, now_s: float) -> Relay:
    """Return the relay with a new target, and since when it is on."""
    if target == relay.target:
        return relay
    on_since_s = now_s if relay.on_since_s is None else relay.on_since_s
    return replace(
        relay,
        target=target,
        on_since_s=None if target == OFF else on_since_s,
        changed_s=now_s,
    )
