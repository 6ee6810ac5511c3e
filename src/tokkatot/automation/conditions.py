"""Whether a condition holds, with its hysteresis and its delay."""

from collections.abc import Mapping

from msgspec import Struct

from tokkatot.domain.ids import DeviceId
from tokkatot.domain.quantities import Quantity
from tokkatot.domain.rules import Combine, Comparison, Condition
from tokkatot.domain.vapour import derived


class Believed(Struct, frozen=True, kw_only=True):
    """What a house's believed sensors say: each for itself, and together by their mean."""

    together: Mapping[Quantity, float]
    alone: Mapping[tuple[DeviceId, Quantity], float]
    own: frozenset[tuple[DeviceId | None, Quantity]] = frozenset()
    """What might follow from others and has sensors of its own, of the house and of each."""

    def value(self, quantity: Quantity, device_id: DeviceId | None = None) -> float | None:
        """Return a value, None where nobody believed says one, nor what it follows from.

        A sensor of its own that is silent is not stood in for: its value must not leap.
        """
        value = self._said(quantity, device_id)
        if value is not None or (device_id, quantity) in self.own:
            return value
        return derived(quantity, lambda other: self._said(other, device_id))

    def _said(self, quantity: Quantity, device_id: DeviceId | None) -> float | None:
        if device_id is None:
            return self.together.get(quantity)
        return self.alone.get((device_id, quantity))


class Held(Struct, frozen=True):
    """A condition on its way: since when its value is beyond, and whether it holds."""

    since_s: float | None = None
    holds: bool = False


NOT_HELD = Held()


def beyond(
    value: float,
    comparison: Comparison,
    threshold: float,
    hysteresis: float,
    *,
    was: bool,
) -> bool:
    """Tell whether a value is beyond a threshold; what was beyond returns past the hysteresis."""
    if comparison is Comparison.ABOVE:
        return value > (threshold - hysteresis if was else threshold)
    return value < (threshold + hysteresis if was else threshold)


def is_known(condition: Condition, believed: Believed) -> bool:
    """Tell whether anybody measures what a condition is about."""
    return believed.value(condition.quantity, condition.device_id) is not None


def follow(condition: Condition, before: Held, believed: Believed, now_s: float) -> Held:
    """Return where a condition stands now; what nobody measures does not hold."""
    value = believed.value(condition.quantity, condition.device_id)
    if value is None or not beyond(
        value,
        condition.comparison,
        condition.threshold,
        condition.hysteresis,
        was=before.since_s is not None,
    ):
        return NOT_HELD
    since_s = now_s if before.since_s is None else before.since_s
    holds = before.holds or now_s - since_s >= condition.for_s
    if since_s == before.since_s and holds == before.holds:
        return before
    return Held(since_s, holds)


def combined(held: tuple[Held, ...], combine: Combine) -> bool:
    """Tell whether all of the conditions hold, or any of them."""
    if combine is Combine.ALL:
        return all(one.holds for one in held)
    return any(one.holds for one in held)
