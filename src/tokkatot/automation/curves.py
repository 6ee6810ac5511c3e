"""What a curve asks for at an age, and how old a flock is."""

from dataclasses import replace
from datetime import date

from tokkatot.domain.flocks import Flock
from tokkatot.domain.houses import SetPoints
from tokkatot.domain.schedules import Curve, TemperatureCurve, VentilationCurve


def value_at(curve: Curve, day: int) -> float:
    """Return a curve's value at a day of age; before and after it the nearest point's."""
    before = curve[0]
    for point in curve:
        if point.day >= day:
            span = point.day - before.day
            if span <= 0 or day <= before.day:
                return point.value if point.day <= day else before.value
            return before.value + (point.value - before.value) * (day - before.day) / span
        before = point
    return before.value


def age_of(flock: Flock, today: date) -> int:
    """Return a flock's day of age; negative before its birds are placed."""
    return (today - flock.placed_on).days


def setpoints_at(points: SetPoints, curve: TemperatureCurve, day: int) -> SetPoints:
    """Return the set-points at an age, at least 1 °C apart.

    The hard limit is the house's own and bounds the curve, never the other way round.
    """
    most_c = min(value_at(curve.maximum_c, day), points.temperature_hard_max_c - 1)
    least_c = min(value_at(curve.minimum_c, day), most_c - 1)
    return replace(points, temperature_min_c=least_c, temperature_max_c=most_c)


def ventilated_share(curve: VentilationCurve, flock: Flock, day: int) -> float:
    """Return which share of its cycle a house's air must move at least."""
    birds_kg = flock.count * value_at(flock.weight_kg, day)
    return min(birds_kg * value_at(curve.m3_h_kg, day) / curve.capacity_m3_h, 1.0)
