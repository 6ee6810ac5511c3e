"""What people, schedules and rules ask of the actuators in one step."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from tokkatot.automation.inputs import Asked, Inputs
from tokkatot.automation.proposals import Hold, Proposal
from tokkatot.automation.state import State
from tokkatot.automation.turn import Turn
from tokkatot.domain.ids import DeviceId


class Wishes(Struct, frozen=True, kw_only=True):
    """What is asked of each actuator: what people hold, what they say now, and what else asks."""

    holds: Mapping[DeviceId, Hold]
    orders: Mapping[DeviceId, Sequence[Asked]]
    asked: Mapping[DeviceId, Sequence[Proposal]]


def wishes_of(state: State, turn: Turn, inputs: Inputs) -> Wishes:
    """Return what is asked in a step; an order that was withdrawn holds nothing any more."""
    holds = state.holds
    if inputs.withdrawn:
        holds = {key: one for key, one in holds.items() if one.command not in inputs.withdrawn}
    orders: dict[DeviceId, list[Asked]] = {}
    for order in inputs.orders:
        orders.setdefault(order.device_id, []).append(order)
    return Wishes(holds=holds, orders=orders, asked=turn.asked)
