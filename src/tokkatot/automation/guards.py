"""Which interlocks are active for one actuator, from how it and its house have been."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from msgspec import Struct
from msgspec.structs import replace

from tokkatot.automation.interlocks import Interlock
from tokkatot.automation.plan import Actuator, House, Trait
from tokkatot.automation.proposals import Proposal, Source
from tokkatot.automation.state import Climate, DryRun, Known, Relay, Senses
from tokkatot.domain.desired import MOST_STARTS_PER_HOUR
from tokkatot.domain.devices import OFF, Level
from tokkatot.domain.ids import DeviceId

COOL_DOWN_S = 300.0
"""The rest after the longest time on: long enough to cool, short enough not to dry a tank."""

PUMP_MINIMUM_OFF_S = 60.0

DRY_RUN_RISE_PERCENT = 1.0
DRY_RUN_RETRY_S = 300.0
DRY_RUN_STRIKES = 3

NO_FLOW_L_MIN = 0.2

STARTS_WINDOW_S = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle:
    """How long an automatic source leaves an actuator as it is, so that relays don't chatter."""

    on_s: float
    off_s: float


# A heater may always stop at once, and a coop may always have more air at once.
SETTLES = {
    Trait.COOP_AIR: Settle(on_s=30.0, off_s=0.0),
    Trait.AIR: Settle(on_s=30.0, off_s=30.0),
    Trait.HEAT: Settle(on_s=0.0, off_s=60.0),
}
_NO_SETTLE = Settle(on_s=0.0, off_s=0.0)
_ROOM = frozenset({Interlock.SETTLING})
_NOTHING: frozenset[Interlock] = frozenset()


class Guarded(Struct, frozen=True, kw_only=True):
    """An actuator with what is known of it and what its interlocks remember."""

    actuator: Actuator
    known: Known
    relay: Relay
    dry_run: DryRun


def everywhere(house: House, climate: Climate, senses: Senses) -> frozenset[Interlock]:
    """Return the interlocks that are active in the whole house."""
    if not (climate.over_hard_limit or house.software_stop or senses.temperature_stale):
        return _NOTHING
    named = (
        (Interlock.HARD_LIMIT, climate.over_hard_limit),
        (Interlock.SOFTWARE_STOP, house.software_stop),
        (Interlock.SENSOR_STALE, senses.temperature_stale),
    )
    return frozenset(interlock for interlock, is_active in named if is_active)


def guard(
    guarded: Guarded, around: frozenset[Interlock], running: AbstractSet[DeviceId], now_s: float
) -> AbstractSet[Interlock]:
    """Return the interlocks that are active for one actuator whoever asks.

    `around` are those of its house, `running` what runs beside it.
    """
    actuator, relay, dry_run = guarded.actuator, guarded.relay, guarded.dry_run
    active: set[Interlock] | None = None
    if relay.cool_until_s is not None and now_s < relay.cool_until_s:
        active = {Interlock.COOL_DOWN}
    if actuator.trait is Trait.WATER:
        active = _guard_pump(relay, dry_run, now_s) | (active or set())
    if relay.starts and _is_worn(actuator, relay, now_s):
        active = (active or set()) | {Interlock.STARTS}
    if actuator.yields_to and actuator.yields_to & running:
        active = (active or set()) | {Interlock.EXCLUDED}
    return around | active if active else around


def _guard_pump(relay: Relay, dry_run: DryRun, now_s: float) -> set[Interlock]:
    active: set[Interlock] = set()
    if dry_run.latched or (dry_run.wait_until_s is not None and now_s < dry_run.wait_until_s):
        active.add(Interlock.DRY_RUN)
    stopped_s = relay.changed_s if relay.target == OFF else relay.recalled_s
    if stopped_s is not None and now_s - stopped_s < PUMP_MINIMUM_OFF_S:
        active.add(Interlock.MINIMUM_OFF)
    return active


def _is_worn(actuator: Actuator, relay: Relay, now_s: float) -> bool:
    """Tell whether an actuator has started so often that it must stay as it is.

    What is off stays off; the air of a coop, once it is on, stays on.
    """
    most = actuator.limits.starts_per_hour
    if len(relay.starts) < most or now_s - relay.starts[-most] >= STARTS_WINDOW_S:
        return False
    return (relay.target > OFF) == (actuator.trait is Trait.COOP_AIR)


def settling(
    guarded: Guarded, climate: Climate, winner: Proposal, now_s: float
) -> AbstractSet[Interlock]:
    """Return the interlock that keeps an actuator as it is for a while, for automatic sources."""
    actuator, relay = guarded.actuator, guarded.relay
    if winner.source is Source.PERSON or relay.changed_s is None:
        return _NOTHING
    if actuator.trait is Trait.COOP_AIR and winner.level > relay.target:
        # Nothing keeps more air from a coop, least of all what somebody had asked for before.
        return _NOTHING
    reset_s = guarded.dry_run.reset_s
    if reset_s is not None and now_s - reset_s < DRY_RUN_RETRY_S and relay.target == OFF:
        # A cleared latch starts nothing by itself: a person may, and automatic waits its turn. But
        # what a person started then ends when their time is over.
        return _ROOM
    settle = SETTLES.get(actuator.trait, _NO_SETTLE)
    rested_s = max(settle.off_s, actuator.limits.min_off_s)
    least_s = rested_s if relay.target == OFF else settle.on_s
    if now_s - relay.changed_s >= least_s and not _stays_on(actuator, relay, winner, now_s):
        return _NOTHING
    if climate.heating and actuator.spec.ventilates:
        return _NOTHING
    return _ROOM


def _stays_on(actuator: Actuator, relay: Relay, winner: Proposal, now_s: float) -> bool:
    """Tell whether an actuator has its own least time on before it, at whatever level.

    What a hub that begins again took over has none: it would start what nobody asks for.
    """
    if winner.level > OFF or relay.on_since_s is None or relay.changed_s == relay.recalled_s:
        return False
    return now_s - relay.on_since_s < actuator.limits.min_on_s


def watch_on_time(actuator: Actuator, relay: Relay, now_s: float) -> Relay:
    """Begin the cool-down of an actuator that has been on for as long as its role may be."""
    longest_s = actuator.spec.max_on_s
    if actuator.trait is Trait.COOP_AIR or longest_s is None or relay.on_since_s is None:
        return relay
    if now_s - relay.on_since_s < longest_s:
        return relay
    return replace(relay, cool_until_s=now_s + COOL_DOWN_S)


def watch_dry_run(
    pump: Actuator,
    dry_run: DryRun,
    *,
    running: bool,
    answers: bool,
    percent: float | None,
    flow_l_min: float | None,
    now_s: float,
) -> DryRun:
    """Count a strike against a pump that moves no water: no rise of the level, or no flow.

    The third strike latches; what moves water again has none: the level is up, or, where none was
    told since it runs, water has flowed for as long as it may be lacking. Without contact nobody
    knows whether the pump does what it last said: it waits like any other, since it may run, but
    is struck by none, since it may rest.
    """
    if not running:
        return replace(dry_run, mark_s=None, dry_since_s=None, flow_since_s=None)
    dry_since_s = flow_since_s = None
    if flow_l_min is not None and flow_l_min >= NO_FLOW_L_MIN:
        flow_since_s = now_s if dry_run.flow_since_s is None else dry_run.flow_since_s
    elif flow_l_min is not None:
        dry_since_s = now_s if dry_run.dry_since_s is None else dry_run.dry_since_s
    if dry_since_s is not None and now_s - dry_since_s >= pump.flow_within_s:
        return _strike(dry_run, now_s, counts=answers)
    dry_run = replace(dry_run, dry_since_s=dry_since_s, flow_since_s=flow_since_s)
    if percent is None:
        # Nobody can tell; but a gauge that falls silent now and then must not begin the watch anew,
        # nor may what flows past the tank count for water in it.
        flowed_s = 0.0 if flow_since_s is None else now_s - flow_since_s
        is_fine = dry_run.mark_s is None and flowed_s >= pump.flow_within_s
        return replace(dry_run, strikes=0) if is_fine else dry_run
    if dry_run.mark_s is None:
        return replace(dry_run, mark_s=now_s, mark_percent=percent)
    if percent >= dry_run.mark_percent + DRY_RUN_RISE_PERCENT:
        return DryRun(
            mark_s=now_s,
            mark_percent=percent,
            dry_since_s=dry_since_s,
            flow_since_s=flow_since_s,
        )
    if now_s - dry_run.mark_s < pump.rise_within_s:
        return dry_run
    return _strike(dry_run, now_s, counts=answers)


def _strike(dry_run: DryRun, now_s: float, *, counts: bool) -> DryRun:
    strikes = dry_run.strikes + counts
    return DryRun(
        strikes=strikes,
        wait_until_s=now_s + DRY_RUN_RETRY_S,
        latched=strikes >= DRY_RUN_STRIKES,
    )


def moved(relay: Relay, target: Level, now_s: float) -> Relay:
    """Return the relay with a new target, and since when it is on."""
    if target == relay.target:
        return relay
    starts = relay.target == OFF
    return replace(
        relay,
        target=target,
        on_since_s=None if target == OFF else now_s if starts else relay.on_since_s,
        changed_s=now_s,
        starts=(*relay.starts, now_s)[-MOST_STARTS_PER_HOUR:] if starts else relay.starts,
    )
