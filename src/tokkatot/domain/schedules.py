"""What a house does by the clock, by age, in turns and on conditions, as people write it down."""

from datetime import UTC, date, datetime, time
from enum import StrEnum, unique
from typing import Literal

from cronsim import CronSim, CronSimError
from msgspec import Struct

from tokkatot.domain.devices import ON, Level
from tokkatot.domain.houses import HouseMode
from tokkatot.domain.ids import DeviceId, HouseId, ScheduleId
from tokkatot.domain.rules import (
    MAX_CONDITIONS,
    Combine,
    Condition,
    check_devices,
    check_level,
    check_within,
)

MAX_TIMES = 48
MAX_STEPS = 50
MAX_POINTS = 60
MAX_REPEATS = 288
DAY_S = 86_400.0
LONGEST_SUN_OFFSET_S = 6 * 3600
OLDEST_DAY = 1_000
PRIORITIES = (-100, 100)


@unique
class Weekday(StrEnum):
    """A day of the week, in the farm's own zone."""

    MONDAY = "mon"
    TUESDAY = "tue"
    WEDNESDAY = "wed"
    THURSDAY = "thu"
    FRIDAY = "fri"
    SATURDAY = "sat"
    SUNDAY = "sun"


EVERY_DAY: tuple[Weekday, ...] = tuple(Weekday)


@unique
class Missed(StrEnum):
    """What to do with a run whose time went by while the hub was off or had no clock."""

    SKIP = "skip"
    ONCE = "once"


def _check_days(days: tuple[Weekday, ...]) -> None:
    if not days or len(set(days)) != len(days):
        raise ValueError("days must name at least one weekday, each once")


def _check_time(value: time) -> None:
    if value.tzinfo is not None:
        raise ValueError("a time of day is the farm's own and names no zone")
    if value.microsecond:
        raise ValueError("a time of day has whole seconds")


class TimesBase(Struct, frozen=True, kw_only=True, tag_field="kind"):
    """What tells moments of the farm's own day."""


class CronTimes(TimesBase, frozen=True, kw_only=True, tag="cron"):
    """Moments by a cron expression of five fields, as Debian's cron understands it."""

    expression: str

    def __post_init__(self) -> None:
        if len(self.expression) > 100 or len(self.expression.split()) != 5:
            raise ValueError("a cron expression has five fields: minute hour day month weekday")
        try:
            next(CronSim(self.expression, datetime(2024, 1, 1, tzinfo=UTC)))
        except CronSimError as error:
            raise ValueError(f"{self.expression!r} is no cron expression: {error}") from error
        except StopIteration as error:
            raise ValueError(f"{self.expression!r} never comes") from error


class DailyTimes(TimesBase, frozen=True, kw_only=True, tag="daily"):
    """The same times on each of the days."""

    times: tuple[time, ...]
    days: tuple[Weekday, ...] = EVERY_DAY

    def __post_init__(self) -> None:
        if not 1 <= len(self.times) <= MAX_TIMES or len(set(self.times)) != len(self.times):
            raise ValueError(f"times must be 1 to {MAX_TIMES}, each once")
        for value in self.times:
            _check_time(value)
        _check_days(self.days)


class SunTimes(TimesBase, frozen=True, kw_only=True, tag="sun"):
    """Sunrise or sunset where the farm is, earlier (negative) or later."""

    event: Literal["sunrise", "sunset"]
    offset_s: int = 0
    days: tuple[Weekday, ...] = EVERY_DAY

    def __post_init__(self) -> None:
        check_within(self.offset_s, -LONGEST_SUN_OFFSET_S, LONGEST_SUN_OFFSET_S, "offset_s")
        _check_days(self.days)


Times = CronTimes | DailyTimes | SunTimes


class DoesBase(Struct, frozen=True, kw_only=True, tag_field="kind"):
    """What a schedule does."""


class TimeBased(DoesBase, frozen=True, kw_only=True, tag="time_based"):
    """Brings devices to a level from one moment to another, or for a while."""

    start: Times
    devices: tuple[DeviceId, ...]
    end: Times | None = None
    duration_s: float | None = None
    level: Level = ON

    def __post_init__(self) -> None:
        check_devices(self.devices)
        check_level(self.level)
        if (self.end is None) == (self.duration_s is None):
            raise ValueError("give either an end or a duration_s: whatever begins must end")
        if self.duration_s is not None:
            check_within(self.duration_s, 1.0, DAY_S, "duration_s")


class DurationBased(DoesBase, frozen=True, kw_only=True, tag="duration_based"):
    """Runs and rests in turns: from a moment on so many times, or always, which needs no clock."""

    run_s: float
    rest_s: float
    devices: tuple[DeviceId, ...]
    start: Times | None = None
    repeat: int | None = None
    level: Level = ON

    def __post_init__(self) -> None:
        check_devices(self.devices)
        check_level(self.level)
        check_within(self.run_s, 1.0, DAY_S, "run_s")
        check_within(self.rest_s, 1.0, 7 * DAY_S, "rest_s")
        if (self.start is None) != (self.repeat is None):
            raise ValueError("a start needs a repeat and a repeat a start; without both it goes on")
        if self.repeat is not None:
            check_within(self.repeat, 1, MAX_REPEATS, "repeat")
            check_within(self.repeat * (self.run_s + self.rest_s), 0.0, 7 * DAY_S, "all its turns")


class ConditionBased(DoesBase, frozen=True, kw_only=True, tag="condition_based"):
    """Brings devices to a level while conditions hold, for no longer than `longest_s`."""

    conditions: tuple[Condition, ...]
    devices: tuple[DeviceId, ...]
    combine: Combine = Combine.ALL
    level: Level = ON
    longest_s: float = DAY_S

    def __post_init__(self) -> None:
        if not 1 <= len(self.conditions) <= MAX_CONDITIONS:
            raise ValueError(f"conditions must be 1 to {MAX_CONDITIONS}")
        check_devices(self.devices)
        check_level(self.level)
        check_within(self.longest_s, 1.0, DAY_S, "longest_s")


class Step(Struct, frozen=True, kw_only=True):
    """One step of a sequence: a device at a level for a while, and a rest after it."""

    device_id: DeviceId
    run_s: float
    rest_s: float = 0.0
    level: Level = ON

    def __post_init__(self) -> None:
        check_level(self.level)
        check_within(self.run_s, 1.0, DAY_S, "run_s")
        check_within(self.rest_s, 0.0, DAY_S, "rest_s")


class Sequence(DoesBase, frozen=True, kw_only=True, tag="sequence"):
    """Steps over several devices, one after the other."""

    start: Times
    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.steps) <= MAX_STEPS:
            raise ValueError(f"steps must be 1 to {MAX_STEPS}")
        check_within(sum(s.run_s + s.rest_s for s in self.steps), 0.0, DAY_S, "all steps together")


class CurvePoint(Struct, frozen=True, kw_only=True):
    """A value at a day of age; between two points it goes in a straight line."""

    day: int
    value: float


Curve = tuple[CurvePoint, ...]


def check_curve(points: Curve, low: float, high: float, what: str) -> None:
    """Refuse a curve whose days don't rise or whose values are out of range.

    Raises:
        ValueError: with what is wrong.
    """
    if not 1 <= len(points) <= MAX_POINTS:
        raise ValueError(f"{what} must have 1 to {MAX_POINTS} points")
    days = [point.day for point in points]
    if days != sorted(set(days)):
        raise ValueError(f"the days of {what} must rise")
    for point in points:
        check_within(point.day, -30, OLDEST_DAY, f"a day of {what}")
        check_within(point.value, low, high, f"a value of {what}")


class LightCurve(DoesBase, frozen=True, kw_only=True, tag="light_curve"):
    """Light from a time of day on, for as many hours as the age of the flock needs."""

    start: time
    hours: Curve
    devices: tuple[DeviceId, ...]
    level: Level = ON

    def __post_init__(self) -> None:
        _check_time(self.start)
        check_curve(self.hours, 0.0, 24.0, "hours")
        check_devices(self.devices)
        check_level(self.level)


class VentilationCurve(DoesBase, frozen=True, kw_only=True, tag="ventilation_curve"):
    """The air that each kilogram of birds needs at least, by fans that run a share of a cycle.

    `capacity_m3_h` is what all of the devices move together when they are on.
    """

    m3_h_kg: Curve
    capacity_m3_h: float
    devices: tuple[DeviceId, ...]
    cycle_s: float = 300.0

    def __post_init__(self) -> None:
        check_curve(self.m3_h_kg, 0.0, 20.0, "m3_h_kg")
        check_within(self.capacity_m3_h, 1.0, 10_000_000.0, "capacity_m3_h")
        check_within(self.cycle_s, 60.0, 1800.0, "cycle_s")
        check_devices(self.devices)


class TemperatureCurve(DoesBase, frozen=True, kw_only=True, tag="temperature_curve"):
    """The set-points of the house by day of age; its hard limit stays what it is."""

    minimum_c: Curve
    maximum_c: Curve

    def __post_init__(self) -> None:
        check_curve(self.minimum_c, -20.0, 60.0, "minimum_c")
        check_curve(self.maximum_c, -20.0, 60.0, "maximum_c")


Does = (
    TimeBased
    | DurationBased
    | ConditionBased
    | Sequence
    | LightCurve
    | VentilationCurve
    | TemperatureCurve
)


class Schedule(Struct, frozen=True, kw_only=True):
    """One schedule of one house, in one version.

    Of two schedules that ask the same device the higher priority wins. `modes` are the modes of
    the house in which it applies; none named means all.
    """

    id: ScheduleId
    house_id: HouseId
    name: str
    does: Does
    version: int = 1
    enabled: bool = True
    priority: int = 0
    valid_from: date | None = None
    valid_until: date | None = None
    missed: Missed = Missed.SKIP
    modes: tuple[HouseMode, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= len(self.name) <= 100:
            raise ValueError("name must have 1 to 100 characters")
        check_within(self.priority, *PRIORITIES, "priority")
        check_within(self.version, 1, 2**31, "version")
        if (
            self.valid_from is not None
            and self.valid_until is not None
            and self.valid_until < self.valid_from
        ):
            raise ValueError("valid_until must not lie before valid_from")


def devices_of(schedule: Schedule) -> tuple[DeviceId, ...]:
    """Return every actuator that a schedule moves, each once."""
    match schedule.does:
        case Sequence(steps=steps):
            return tuple(dict.fromkeys(step.device_id for step in steps))
        case TemperatureCurve():
            return ()
        case does:
            return does.devices


def start_of(schedule: Schedule) -> Times | None:
    """Return the moments at which a schedule begins; None where no clock tells them."""
    match schedule.does:
        case TimeBased() | Sequence() | DurationBased():
            return schedule.does.start
        case LightCurve():
            return DailyTimes(times=(schedule.does.start,))
        case ConditionBased() | VentilationCurve() | TemperatureCurve():
            return None
