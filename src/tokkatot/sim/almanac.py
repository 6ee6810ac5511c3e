"""When a schedule of the simulation is due, reckoned apart from the engine and more simply."""

from bisect import bisect_right
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from tokkatot.domain.schedules import CronTimes, DailyTimes, DurationBased, Schedule, start_of

_HOUR: Final = timedelta(hours=1)
_MINUTE: Final = timedelta(minutes=1)
_DAY: Final = timedelta(days=1)
_FARTHEST: Final = timedelta(hours=15)
"""No zone is farther from UTC."""


def due_between(schedule: Schedule, zone: str, after_ms: int, through_ms: int) -> list[int]:
    """Return the moments after one and through another at which a schedule is due."""
    if not schedule.enabled or through_ms <= after_ms:
        return []
    start = start_of(schedule)
    repeat, cycle_ms = 1, 0
    if isinstance(schedule.does, DurationBased) and schedule.does.repeat is not None:
        repeat = schedule.does.repeat
        cycle_ms = round((schedule.does.run_s + schedule.does.rest_s) * 1000)
    assert isinstance(start, CronTimes | DailyTimes), "the simulation has no others"
    from_ms = after_ms - repeat * cycle_ms
    starts = _starts(start, zone, from_ms, through_ms)
    due: set[int] = set()
    for at, begun_ms in enumerate(starts):
        # The turns of one start end where the next start comes.
        next_ms = starts[at + 1] if at + 1 < len(starts) else through_ms + 1
        due.update(
            moment
            for turn in range(repeat)
            if (moment := begun_ms + turn * cycle_ms) < next_ms or turn == 0
        )
    return sorted(moment for moment in due if after_ms < moment <= through_ms)


def _starts(times: CronTimes | DailyTimes, zone: str, from_ms: int, through_ms: int) -> list[int]:
    day = _utc(from_ms).date() - _DAY
    found: list[int] = []
    while day <= _utc(through_ms).date() + _DAY:
        if isinstance(times, CronTimes):
            found += _by_minutes(times.expression, day)
        else:
            found += _by_faces(times.times, zone, day)
        day += _DAY
    found = sorted(set(found))
    return found[bisect_right(found, from_ms) : bisect_right(found, through_ms)]


@lru_cache(maxsize=64)
def _by_minutes(expression: str, day: date) -> tuple[int, ...]:
    """Return the moments of a UTC day; in each zone of ours the minutes are those of UTC."""
    minutes, *rest = expression.split()
    assert rest == ["*"] * 4, "the simulation has no others"
    first, step = (0, int(minutes[2:])) if minutes.startswith("*/") else (int(minutes), 60)
    midnight = datetime.combine(day, time(), UTC)
    return tuple(
        _ms(midnight + hour * _HOUR + minute * _MINUTE)
        for hour in range(24)
        for minute in range(first, 60, step)
    )


@lru_cache(maxsize=64)
def _by_faces(faces: tuple[time, ...], zone: str, day: date) -> tuple[int, ...]:
    return tuple(_first_shown(datetime.combine(day, face), zone) for face in faces)


def _first_shown(face: datetime, zone: str) -> int:
    """Return the first moment at which a zone's clock shows a time or a later one."""
    hour = face.replace(tzinfo=UTC) - _FARTHEST
    while _shown(hour, zone) < face:
        hour += _HOUR
    # Where the clock is set back, it has shown the same up to an hour before.
    moment = hour - 2 * _HOUR
    while _shown(moment, zone) < face:
        moment += _MINUTE
    return _ms(moment)


def _shown(moment: datetime, zone: str) -> datetime:
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def _utc(t_ms: int) -> datetime:
    return datetime.fromtimestamp(t_ms / 1000, UTC)


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
