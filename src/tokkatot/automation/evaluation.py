"""What an expression is now; None where somebody it asks does not know."""

from collections.abc import Callable, Mapping
from operator import add, ge, gt, le, lt, mul, sub
from types import MappingProxyType
from typing import assert_never

from msgspec import Struct

from tokkatot.automation.conditions import Believed
from tokkatot.automation.state import Known
from tokkatot.domain.expressions import (
    Age,
    Both,
    Calculated,
    Calculation,
    Called,
    Compared,
    Either,
    Function,
    Measured,
    Not,
    Number,
    Numeric,
    Position,
    Relation,
    SetPoint,
    Truth,
)
from tokkatot.domain.houses import SetPoints
from tokkatot.domain.ids import DeviceId
from tokkatot.domain.quantities import Quantity
from tokkatot.domain.vapour import derived

_CALCULATIONS: Mapping[Calculation, Callable[[float, float], float]] = MappingProxyType(
    {Calculation.ADD: add, Calculation.SUBTRACT: sub, Calculation.MULTIPLY: mul}
)
_RELATIONS: Mapping[Relation, Callable[[float, float], bool]] = MappingProxyType(
    {Relation.LESS: lt, Relation.AT_MOST: le, Relation.MORE: gt, Relation.AT_LEAST: ge}
)


class Facts(Struct, frozen=True, kw_only=True):
    """All that an expression can ask of its house."""

    believed: Believed
    outside: Mapping[Quantity, float]
    setpoints: SetPoints
    known: Mapping[DeviceId, Known]
    age: int | None

    def outside_value(self, quantity: Quantity) -> float | None:
        """Return what the weather stations say, or what follows from it."""
        value = self.outside.get(quantity)
        return derived(quantity, self.outside.get) if value is None else value


def is_true(node: Truth, facts: Facts) -> bool | None:
    """Tell whether it is so; what can be decided without the unknown is decided."""
    match node:
        case Compared():
            left, right = value_of(node.left, facts), value_of(node.right, facts)
            return None if left is None or right is None else _RELATIONS[node.how](left, right)
        case Both():
            left_is, right_is = is_true(node.left, facts), is_true(node.right, facts)
            if left_is is False or right_is is False:
                return False
            return None if left_is is None or right_is is None else True
        case Either():
            left_is, right_is = is_true(node.left, facts), is_true(node.right, facts)
            if left_is or right_is:
                return True
            return None if left_is is None or right_is is None else False
        case Not():
            so = is_true(node.of, facts)
            return None if so is None else not so
        case _:
            assert_never(node)


def value_of(node: Numeric, facts: Facts) -> float | None:
    """Return a number; one that can't be calculated nobody knows."""
    match node:
        case Number():
            return node.value
        case Measured():
            if node.outside:
                return facts.outside_value(node.quantity)
            return facts.believed.value(node.quantity, node.device_id)
        case SetPoint():
            return _set_point(node, facts.setpoints)
        case Position():
            known = facts.known.get(node.device_id)
            return known.level if known is not None and known.online else None
        case Age():
            return None if facts.age is None else float(facts.age)
        case Calculated():
            return _calculated(node, facts)
        case Called():
            return _called(node, facts)
        case _:
            assert_never(node)


def _calculated(node: Calculated, facts: Facts) -> float | None:
    left, right = value_of(node.left, facts), value_of(node.right, facts)
    if left is None or right is None:
        return None
    if node.how is Calculation.DIVIDE:
        return None if right == 0 else left / right
    return _CALCULATIONS[node.how](left, right)


def _called(node: Called, facts: Facts) -> float | None:
    values: list[float] = []
    for one in node.of:
        value = value_of(one, facts)
        if value is None:
            return None
        values.append(value)
    match node.function:
        case Function.MIN:
            return min(values)
        case Function.MAX:
            return max(values)
        case Function.MEAN:
            return sum(values) / len(values)
        case Function.ABS:
            return abs(values[0])


def _set_point(node: SetPoint, points: SetPoints) -> float:
    value: float = getattr(points, node.name.value)
    return value
