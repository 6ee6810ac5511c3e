"""Set-points that an autopilot lends to a house: bounded, and over when nobody renews them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isfinite

from msgspec import structs

from tokkatot.automation.inputs import Loan
from tokkatot.automation.state import Lent, State
from tokkatot.domain.autopilot import LARGEST_SHIFT_K, LENT_FOR_S
from tokkatot.domain.houses import SetPoints
from tokkatot.domain.ids import HouseId


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
        if isfinite(loan.shift_k) and loan.shift_k != 0.0:
            shift_k = min(max(loan.shift_k, -LARGEST_SHIFT_K), LARGEST_SHIFT_K)
            lent[loan.house_id] = Lent(shift_k=shift_k, until_s=now_s + LENT_FOR_S)
    return lent


def turned(points: SetPoints, lent: Lent | None) -> SetPoints:
    """Return the set-points to hold; the hard limit stays, and bounds what is lent.

    Where there is no room below it the house keeps its own.
    """
    if lent is None:
        return points
    least_c = points.temperature_min_c + lent.shift_k
    most_c = points.temperature_max_c + lent.shift_k
    try:
        return replace(points, temperature_min_c=least_c, temperature_max_c=most_c)
    except ValueError:
        return points
