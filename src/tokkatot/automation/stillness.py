"""How long an actuator's interlocks wait for something new alone, and from when for the clock."""

from collections.abc import Iterator
from math import inf

from tokkatot.automation.guards import (
    DRY_RUN_RETRY_S,
    PUMP_MINIMUM_OFF_S,
    SETTLES,
    STARTS_WINDOW_S,
    Guarded,
)
from tokkatot.automation.plan import Trait
from tokkatot.automation.sameness import soon
from tokkatot.domain.devices import OFF


def still_until(guarded: Guarded, now_s: float) -> float:
    """Return until when time alone changes nothing of what the interlocks say of an actuator.

    Who yields to another, which may begin to run, is looked at each time.
    """
    if guarded.actuator.yields_to:
        return now_s
    since_s = soon(now_s)
    return soon(min((at_s for at_s in _moments(guarded) if at_s > since_s), default=inf))


def _moments(guarded: Guarded) -> Iterator[float]:
    """Yield every moment, gone or to come, at which one of the interlocks looks at the clock."""
    actuator, relay = guarded.actuator, guarded.relay
    limits, longest_s = actuator.limits, actuator.spec.max_on_s
    if relay.on_since_s is not None:
        yield relay.on_since_s + limits.min_on_s
        if longest_s is not None:
            yield relay.on_since_s + longest_s
    if relay.cool_until_s is not None:
        yield relay.cool_until_s
    if len(relay.starts) >= limits.starts_per_hour:
        yield relay.starts[-limits.starts_per_hour] + STARTS_WINDOW_S
    if relay.changed_s is not None:
        settle = SETTLES.get(actuator.trait)
        if settle is not None:
            yield relay.changed_s + (settle.off_s if relay.target == OFF else settle.on_s)
        yield relay.changed_s + limits.min_off_s
    if actuator.trait is Trait.WATER:
        yield from _moments_of_a_pump(guarded)


def _moments_of_a_pump(pump: Guarded) -> Iterator[float]:
    relay, dry_run = pump.relay, pump.dry_run
    waits = (
        (relay.changed_s, PUMP_MINIMUM_OFF_S),
        (dry_run.reset_s, DRY_RUN_RETRY_S),
        (dry_run.wait_until_s, 0.0),
        (dry_run.dry_since_s, pump.actuator.flow_within_s),
        (dry_run.flow_since_s, pump.actuator.flow_within_s),
        (dry_run.mark_s, pump.actuator.rise_within_s),
    )
    for since_s, least_s in waits:
        if since_s is not None:
            yield since_s + least_s
