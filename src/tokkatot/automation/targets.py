"""The set-points that a house holds now: its own, by the age of its flock, by day and by night."""

from datetime import time, timedelta

from tokkatot.automation.curves import age_of, setpoints_at
from tokkatot.automation.occurrences import Locality, is_valid, sun_ms
from tokkatot.automation.plan import House
from tokkatot.automation.state import Targets
from tokkatot.domain.houses import HouseMode, SetPoints
from tokkatot.domain.schedules import Schedule, TemperatureCurve

_ALWAYS = (-(2**62), 2**62)


def targets_of(
    house: House, before: Targets | None, today_ms: int | None, locality: Locality
) -> Targets:
    """Return the set-points in force, and until when they are.

    Without any idea of the date they stay what they were.
    """
    if before is not None and before.basis is house:
        if today_ms is None or before.from_ms <= today_ms < before.until_ms:
            return before
    elif before is not None and today_ms is None:
        return _targets(house, house.setpoints, _ALWAYS)
    curves = _curves(house)
    if today_ms is None or not (curves or house.night):
        return _targets(house, house.setpoints, _ALWAYS)
    day = locality.day(today_ms)
    midnights = (locality.at(day, time()), locality.at(day + timedelta(days=1), time()))
    if house.night is not None and locality.place is not None:
        rise = sun_ms("sunrise", day, locality.place)
        fall = sun_ms("sunset", day, locality.place)
        if rise is not None and fall is not None and not rise <= today_ms < fall:
            bounds = (midnights[0], rise) if today_ms < rise else (fall, midnights[1])
            return _targets(house, house.night, bounds)
        if rise is not None and fall is not None:
            midnights = (rise, fall)
    points = house.setpoints
    valid = [curve for schedule, curve in curves if is_valid(schedule, today_ms, locality)]
    if valid and house.flock is not None:
        # A house that is warmed before the chicks come is warmed for their first day.
        age = 0 if house.mode is HouseMode.PREHEAT else age_of(house.flock, day)
        points = setpoints_at(points, valid[0], age)
    return _targets(house, points, midnights)


def _targets(house: House, points: SetPoints, bounds: tuple[int, int]) -> Targets:
    return Targets(basis=house, setpoints=points, from_ms=bounds[0], until_ms=bounds[1])


def _curves(house: House) -> list[tuple[Schedule, TemperatureCurve]]:
    """Return the curves that may hold in this mode on their days, the first of them first."""
    curves = [
        (schedule, schedule.does)
        for schedule in house.schedules
        if schedule.enabled
        and isinstance(schedule.does, TemperatureCurve)
        and (not schedule.modes or house.mode in schedule.modes)
    ]
    return sorted(curves, key=lambda curve: -curve[0].priority)
