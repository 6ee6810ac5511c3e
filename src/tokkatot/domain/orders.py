"""What a person's order comes down to, at the cloud and on the farm's own network alike."""

from dataclasses import dataclass

from tokkatot.domain.commands import AT_ONCE, Action
from tokkatot.domain.devices import ACTUATORS, LONGEST_HOLD_S, OFF, ON, DeviceRole, Level

AT_ONCE_S = 1
"""What stands where an order names its end, for one that holds nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a person asks of a device."""

    action: Action
    value: float | None = None
    duration_s: int | None = None


class OrderRefused(Exception):
    """An order that makes no sense; `field` of the request, a code for it, and a sentence."""

    def __init__(self, field: str, code: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field
        self.code = code
        self.detail = detail


class StateUnknown(Exception):
    """A toggle of a device that has not said what it does."""


def resolve(order: Order, actual: Level | None) -> tuple[Action, Level]:
    """Return what an order comes down to, given what the device last reported.

    Raises:
        OrderRefused: when value or duration and action do not go together.
        StateUnknown: when a toggle has nothing to start from.
    """
    if (order.action is Action.SET_VALUE) != (order.value is not None):
        raise OrderRefused(
            "body.value", "value_and_action", "`set_value` needs a value, no other action has one."
        )
    if order.action in AT_ONCE and order.duration_s is not None:
        raise OrderRefused(
            "body.duration_s", "duration_and_action", f"`{order.action}` lasts no time."
        )
    match order.action:
        case Action.ON:
            return Action.ON, ON
        case Action.OFF:
            return Action.OFF, OFF
        case Action.SET_VALUE:
            assert order.value is not None, "checked above"
            return Action.SET_VALUE, order.value
        case Action.AUTO | Action.RESET:
            return order.action, OFF
        case Action.TOGGLE:
            if actual is None:
                raise StateUnknown
            return (Action.ON, ON) if actual == OFF else (Action.OFF, OFF)


def hold_s(role: DeviceRole, action: Action, level: Level, wanted_s: int | None) -> int:
    """Return how long an order holds: as long as was asked, or what a tap on this role means.

    Raises:
        OrderRefused: when it is longer than this role may be held.
    """
    if action in AT_ONCE:
        return AT_ONCE_S
    spec = ACTUATORS[role]
    longest_s = (
        LONGEST_HOLD_S if level == OFF else min(spec.max_on_s or LONGEST_HOLD_S, LONGEST_HOLD_S)
    )
    if wanted_s is None:
        return spec.tap_off_s if level == OFF else spec.tap_on_s
    if wanted_s > longest_s:
        raise OrderRefused(
            "body.duration_s", "too_long", f"This device may be held for {longest_s} s at most."
        )
    return wanted_s
