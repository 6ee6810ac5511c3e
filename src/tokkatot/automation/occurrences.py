"""The moments that a schedule names, in the zone and under the sun of its farm.

A time that a clock change leaves out comes at the first moment after the gap; one that a clock
change repeats comes the first time only.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim

from tokkatot.automation.curves import age_of, value_at
from tokkatot.automation.sun import SunEvent, sun_event_ms
from tokkatot.domain.flocks import Flock
from tokkatot.domain.places import Place
from tokkatot.domain.schedules import (
    CronTimes,
    DailyTimes,
    DurationBased,
    LightCurve,
    Schedule,
    Sequence,
    SunTimes,
    TimeBased,
    Times,
    Weekday,
    start_of,
)

_NEAR = timedelta(hours=3)
_MAX_DAYS = 400
_MAX_WITHOUT_END = 31
_HOUR_MS = 3_600_000
_WEEKDAYS = tuple(Weekday)
# Beyond these a clock is so wrong that no calendar is asked any more.
_EARLIEST_MS = round(datetime(1971, 1, 1, tzinfo=UTC).timestamp() * 1000)
_LATEST_MS = round(datetime(2900, 1, 1, tzinfo=UTC).timestamp() * 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Locality:
    """Where a farm's clock and sun are."""

    zone: ZoneInfo
    place: Place | None = None

    def local(self, utc_ms: int) -> datetime:
        """Return a moment as the farm's clock shows it."""
        return datetime.fromtimestamp(utc_ms / 1000, UTC).astimezone(self.zone)

    def day(self, utc_ms: int) -> date:
        """Return the farm's date at a moment."""
        return self.local(utc_ms).date()

    def at(self, day: date, clock: time) -> int:
        """Return when the farm's clock shows a time on a day."""
        naive = datetime.combine(day, clock)
        while True:
            moment = naive.replace(tzinfo=self.zone, fold=0).astimezone(UTC)
            if moment.astimezone(self.zone).replace(tzinfo=None) == naive:
                return _ms(moment)
            naive = naive.replace(second=0) + timedelta(minutes=1)


def next_after(times: Times, after_ms: int, locality: Locality) -> int | None:
    """Return the first moment after another; None where none comes for long."""
    if not _EARLIEST_MS <= after_ms <= _LATEST_MS:
        return None
    if isinstance(times, CronTimes):
        return _next_cron(times, after_ms, locality)
    first = locality.day(after_ms) - timedelta(days=1)
    for offset in range(_MAX_DAYS):
        moments = [m for m in _moments(times, first + timedelta(offset), locality) if m > after_ms]
        if moments:
            return min(moments)
    return None


def last_through(times: Times, through_ms: int, locality: Locality) -> int | None:
    """Return the newest moment that is not after another; None where there was none for long."""
    if not _EARLIEST_MS <= through_ms <= _LATEST_MS:
        return None
    if isinstance(times, CronTimes):
        return _last_cron(times, through_ms, locality)
    last = locality.day(through_ms) + timedelta(days=1)
    for offset in range(_MAX_DAYS):
        moments = [
            m for m in _moments(times, last - timedelta(offset), locality) if m <= through_ms
        ]
        if moments:
            return max(moments)
    return None


def next_due(schedule: Schedule, after_ms: int, locality: Locality) -> int | None:
    """Return when a schedule is due next, within the dates of its validity."""
    if not schedule.enabled:
        return None
    if schedule.valid_from is not None:
        after_ms = max(after_ms, locality.at(schedule.valid_from, time()) - 1)
    due_ms = _next_turn(schedule, after_ms, locality)
    if due_ms is None or not is_valid(schedule, due_ms, locality):
        return None
    return due_ms


def upcoming(schedule: Schedule, from_ms: int, count: int, locality: Locality) -> Iterator[int]:
    """Yield the next moments at which a schedule is due, `count` at most."""
    after_ms = from_ms - 1
    for _ in range(count):
        due_ms = next_due(schedule, after_ms, locality)
        if due_ms is None:
            return
        yield due_ms
        after_ms = due_ms


def runs_ahead(
    schedule: Schedule, from_ms: int, count: int, locality: Locality, flock: Flock | None
) -> Iterator[tuple[int, int]]:
    """Yield when the next runs begin and end, `count` at most; what has no end does not begin.

    Light by the age of a flock has none where there is no flock, or on days that need no light.
    """
    told = endless = 0
    for due_ms in upcoming(schedule, from_ms, count + _MAX_WITHOUT_END, locality):
        until_ms = over_at(schedule, due_ms, locality, flock)
        if until_ms is not None:
            yield due_ms, until_ms
            told += 1
        else:
            endless += 1
        if told == count or endless == _MAX_WITHOUT_END:
            return


def is_valid(schedule: Schedule, utc_ms: int, locality: Locality) -> bool:
    """Tell whether a moment lies within the dates of a schedule's validity."""
    if schedule.valid_from is None and schedule.valid_until is None:
        return True
    day = locality.day(utc_ms)
    return (schedule.valid_from is None or day >= schedule.valid_from) and (
        schedule.valid_until is None or day <= schedule.valid_until
    )


def end_of(schedule: Schedule, due_ms: int, locality: Locality, flock: Flock | None) -> int | None:
    """Return when the stretch that begins at a moment ends; None where no clock tells it."""
    match schedule.does:
        case TimeBased(end=end) if end is not None:
            return next_after(end, due_ms, locality)
        case LightCurve(hours=curve) if flock is not None:
            hours = value_at(curve, age_of(flock, locality.day(due_ms)))
            return due_ms + round(hours * _HOUR_MS) if hours > 0 else None
        case _:
            return None


def over_at(schedule: Schedule, due_ms: int, locality: Locality, flock: Flock | None) -> int | None:
    """Return when a run that begins at a moment is over; None where no clock tells it."""
    match schedule.does:
        case TimeBased(duration_s=length_s) if length_s is not None:
            return due_ms + round(length_s * 1000)
        case DurationBased(run_s=run_s):
            return due_ms + round(run_s * 1000)
        case Sequence(steps=steps):
            return due_ms + round(sum(step.run_s + step.rest_s for step in steps) * 1000)
        case _:
            return end_of(schedule, due_ms, locality, flock)


def _next_turn(schedule: Schedule, after_ms: int, locality: Locality) -> int | None:
    start = start_of(schedule)
    if start is None:
        return None
    following = next_after(start, after_ms, locality)
    does = schedule.does
    if not isinstance(does, DurationBased) or does.repeat is None:
        return following
    # The turns of one start end where the next start comes.
    begun = last_through(start, after_ms, locality)
    if begun is None:
        return following
    cycle_ms = round((does.run_s + does.rest_s) * 1000)
    turn = (after_ms - begun) // cycle_ms + 1
    if turn >= does.repeat:
        return following
    due_ms = begun + turn * cycle_ms
    return due_ms if following is None else min(due_ms, following)


def _moments(times: DailyTimes | SunTimes, day: date, locality: Locality) -> list[int]:
    if _WEEKDAYS[day.weekday()] not in times.days:
        return []
    if isinstance(times, DailyTimes):
        return [locality.at(day, clock) for clock in times.times]
    if locality.place is None:
        return []
    moment = sun_ms(times.event, day, locality.place)
    return [] if moment is None else [moment + times.offset_s * 1000]


def sun_ms(event: SunEvent, day: date, place: Place) -> int | None:
    """Return a sun's event to the whole second, so that it is one moment however it is asked."""
    moment = sun_event_ms(event, day, place)
    return None if moment is None else round(moment / 1000) * 1000


def _next_cron(times: CronTimes, after_ms: int, locality: Locality) -> int | None:
    for moment in CronSim(times.expression, locality.local(after_ms)):
        moment_ms = _ms(moment)
        # In a repeated hour cron looks at the clock's face and may name what has been already.
        if moment_ms > after_ms:
            return moment_ms
    return None


def _last_cron(times: CronTimes, through_ms: int, locality: Locality) -> int | None:
    through = datetime.fromtimestamp(through_ms / 1000, UTC)
    around = [(through + offset).astimezone(locality.zone) for offset in (-_NEAR, _NEAR)]
    changes = around[0].utcoffset() != around[1].utcoffset()
    start = through + (_NEAR if changes else timedelta(seconds=1))
    for moment in CronSim(times.expression, start.astimezone(locality.zone), reverse=True):
        moment_ms = _ms(moment)
        if moment_ms <= through_ms:
            return moment_ms
    return None


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
