"""What an autopilot lends: set-points and fewer fans, bounded, and over when nobody renews it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from math import ceil, isfinite

from msgspec import structs

from tokkatot.automation.inputs import Loan
from tokkatot.automation.plan import Actuator, Trait
from tokkatot.automation.proposals import Proposal, Source
from tokkatot.automation.state import Climate, Lent, State
from tokkatot.domain.autopilot import LARGEST_SHIFT_K, LEAST_FAN_SHARE, LENT_FOR_S
from tokkatot.domain.devices import OFF, DeviceRole
from tokkatot.domain.houses import SetPoints
from tokkatot.domain.ids import DeviceId, HouseId

SPARED = Proposal(source=Source.RULE, reason="fewer_fans", level=OFF)
TURN_S = 600.0
"""So long the same fans run: they wear alike, and none whose belt is torn stands in for long."""
TURNS_WITHIN_S = 30.0
"""After so long a fan that was asked to run says so, where it says anything."""
_ROUNDING = 1e-9


def borrow(state: State, loans: Sequence[Loan], now_s: float) -> State:
    """Return the state with what is lent from now on."""
    lent = lend(state.lent, loans, now_s)
    return state if lent is state.lent else structs.replace(state, lent=lent)


def lend(
    before: Mapping[HouseId, Lent], loans: Sequence[Loan], now_s: float
) -> Mapping[HouseId, Lent]:
    """Return what is lent from now on; a loan of nothing gives a house back to its people."""
    if not before and not loans:
        return before
    lent = {house_id: one for house_id, one in before.items() if now_s < one.until_s}
    for loan in loans:
        lent.pop(loan.house_id, None)
        if not (isfinite(loan.shift_k) and isfinite(loan.fan_share)):
            continue
        one = Lent(
            shift_k=min(max(loan.shift_k, -LARGEST_SHIFT_K), LARGEST_SHIFT_K),
            fan_share=min(max(loan.fan_share, LEAST_FAN_SHARE), 1.0),
            until_s=now_s + LENT_FOR_S,
        )
        if one.shift_k != 0.0 or one.fan_share < 1.0:
            lent[loan.house_id] = one
    return lent


def turned(points: SetPoints, lent: Lent | None) -> SetPoints:
    """Return the set-points to hold; the hard limit stays, and bounds what is lent.

    Where there is no room below it the house keeps its own.
    """
    if lent is None or lent.shift_k == 0.0:
        return points
    least_c = points.temperature_min_c + lent.shift_k
    most_c = points.temperature_max_c + lent.shift_k
    try:
        return replace(points, temperature_min_c=least_c, temperature_max_c=most_c)
    except ValueError:
        return points


def count_running(fan_share: float, fans: int) -> int:
    """Return how many of a house's fans a part of them is: never none of some."""
    return max(ceil(fan_share * fans - _ROUNDING), min(fans, 1))


def spared(
    actuators: Sequence[Actuator],
    climate: Climate,
    state: State,
    asked: Collection[DeviceId],
    now_s: float,
) -> Sequence[DeviceId]:
    """Return the fans that an autopilot lets rest between the limits of a coop, in turn.

    Fans of which schedules and people's own rules ask something (`asked`) are left to these, as
    are those that a person holds. Of the others so many run that there are enough, and only those
    that are there count: where too few are, none rests. Beyond the limits the rules have them all.
    """
    if climate.fan_share >= 1.0 or climate.shut or climate.venting or climate.over_hard_limit:
        return ()
    fans = [
        actuator.id
        for actuator in actuators
        if actuator.role is DeviceRole.FAN and actuator.trait is Trait.COOP_AIR
    ]
    # The turn is one of all fans: who comes and goes changes nothing for the others.
    first = int(now_s / TURN_S) % max(len(fans), 1)
    free = [
        fan
        for fan in fans[first:] + fans[:first]
        if fan not in asked and fan not in state.holds and _is_there(fan, state, now_s)
    ]
    return free[count_running(climate.fan_share, len(fans)) :]


def _is_there(fan: DeviceId, state: State, now_s: float) -> bool:
    """Tell whether a fan turns once it is asked to, as far as anybody knows."""
    known, relay = state.known.get(fan), state.relays.get(fan)
    if known is None or not known.online or known.error is not None:
        return False
    if relay is None or relay.target == OFF or relay.changed_s is None:
        return True
    # One that says for long that it does not turn is asked on, and another runs for it.
    return known.level != OFF or now_s - relay.changed_s < TURNS_WITHIN_S
