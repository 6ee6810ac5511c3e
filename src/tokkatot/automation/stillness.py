"""Whether an actuator's interlocks wait for a moment, or for something new alone."""

from tokkatot.automation.guards import (
    DRY_RUN_RETRY_S,
    PUMP_MINIMUM_OFF_S,
    SETTLES,
    Guarded,
)
from tokkatot.automation.plan import Trait
from tokkatot.domain.devices import OFF


def is_still(guarded: Guarded, now_s: float) -> bool:
    """Tell whether time alone changes nothing of what the interlocks say of an actuator.

    In doubt it is not; neither is who yields to another, which may begin to run.
    """
    actuator, relay = guarded.actuator, guarded.relay
    limits, longest_s = actuator.limits, actuator.spec.max_on_s
    is_limited = longest_s is not None and actuator.trait is not Trait.COOP_AIR
    if actuator.yields_to or (relay.target > OFF and is_limited):
        return False
    if len(relay.starts) >= limits.starts_per_hour:
        return False
    if relay.cool_until_s is not None and now_s < relay.cool_until_s:
        return False
    if actuator.trait is Trait.WATER and not _rests(guarded, now_s):
        return False
    settle = SETTLES.get(actuator.trait)
    least_s = max(limits.min_on_s, limits.min_off_s)
    if settle is not None:
        least_s = max(least_s, settle.on_s, settle.off_s)
    return relay.changed_s is None or now_s - relay.changed_s >= least_s


def _rests(pump: Guarded, now_s: float) -> bool:
    """Tell whether a pump is off, and nothing that it did lately keeps it so."""
    relay, dry_run = pump.relay, pump.dry_run
    if relay.target > OFF or dry_run.mark_s is not None or dry_run.dry_since_s is not None:
        return False
    since = (
        (relay.changed_s, PUMP_MINIMUM_OFF_S),
        (relay.recalled_s, PUMP_MINIMUM_OFF_S),
        (dry_run.reset_s, DRY_RUN_RETRY_S),
        (dry_run.wait_until_s, 0.0),
    )
    return all(at_s is None or now_s - at_s >= least_s for at_s, least_s in since)
