"""What the alarms that people wrote down see in their house."""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from tokkatot.automation.alarm_life import Condition
from tokkatot.automation.conditions import beyond
from tokkatot.automation.curves import value_at
from tokkatot.automation.evaluation import Facts, is_true
from tokkatot.automation.occurrences import Locality, next_after
from tokkatot.automation.plan import House, Watching
from tokkatot.automation.state import Alarm, AlarmKey, Memo, NextDrill, Sensed, Trail
from tokkatot.domain.alarms import (
    AgeLimit,
    Difference,
    Drill,
    Formula,
    Limit,
    Offline,
    Rate,
    Silent,
    Standard,
)
from tokkatot.domain.ids import DeviceId
from tokkatot.domain.quantities import Quantity
from tokkatot.domain.rules import Comparison

TRAIL_POINTS = 16
"""A window is looked at in so many steps: the rate of a value that trembles is no rate."""


class Watched(Struct, frozen=True, kw_only=True):
    """A house with all that its own alarms look at; `now_ms` is None while no clock is known."""

    house: House
    facts: Facts
    sensed: Mapping[tuple[DeviceId, Quantity], Sensed]
    locality: Locality
    now_s: float
    now_ms: int | None


class _Seen(Struct, frozen=True):
    present: bool | None
    threshold: float | None = None
    actual: float | None = None


_NOBODY_KNOWS = _Seen(None)


def watch(
    scene: Watched, alarms: Mapping[AlarmKey, Alarm], memos: Mapping[AlarmKey, Memo]
) -> Iterator[tuple[Watching, Condition | None, Memo | None]]:
    """Yield what each alarm of a house sees, if it is anything, with what it has to remember."""
    for watching in scene.house.watching:
        alarm, memo = alarms.get(watching.key), memos.get(watching.key)
        seen, kept = _look(watching, scene, memo, stands=alarm is not None and alarm.stands)
        if alarm is None and not seen.present:
            yield watching, None, kept
            continue
        condition = Condition(
            key=watching.key,
            manner=watching.manner,
            present=seen.present,
            threshold=seen.threshold,
            actual=seen.actual,
            name=watching.definition.name,
            cause=watching.cause,
        )
        yield watching, condition, kept


def _look(
    watching: Watching, scene: Watched, memo: Memo | None, *, stands: bool
) -> tuple[_Seen, Memo | None]:
    match watching.definition.watch:
        case Rate() as rate:
            return _rate(rate, scene, memo if isinstance(memo, Trail) else Trail())
        case Drill() as drill:
            return _drill(drill, scene, memo if isinstance(memo, NextDrill) else None)
        case Formula():
            assert watching.expression is not None, "it was parsed when the plan was made"
            return _Seen(is_true(watching.expression, scene.facts)), None
        case Limit() | AgeLimit() | Difference() as limit:
            return _limit(limit, scene, stands=stands), None
        case Silent() | Offline() as away:
            return _away(away, scene), None
        case Standard():
            raise AssertionError("it watches nothing of its own")


def _limit(watch: Limit | AgeLimit | Difference, scene: Watched, *, stands: bool) -> _Seen:
    facts = scene.facts
    threshold: float | None
    match watch:
        case Limit():
            threshold = watch.threshold
        case AgeLimit():
            threshold = None if facts.age is None else value_at(watch.curve, facts.age)
        case Difference():
            threshold = _reference(watch, facts)
    device_id = watch.device_id if isinstance(watch, Limit) else None
    actual = facts.believed.value(watch.quantity, device_id)
    if actual is None or threshold is None:
        return _Seen(None, threshold, actual)
    present = beyond(actual, watch.comparison, threshold, watch.deadband, was=stands)
    return _Seen(present, threshold, actual)


def _reference(watch: Difference, facts: Facts) -> float | None:
    """Return how far a value may be from what it is compared with."""
    points, above = facts.setpoints, watch.comparison is Comparison.ABOVE
    reference: float | None = points.temperature_max_c if above else points.temperature_min_c
    if watch.reference == "outside":
        reference = facts.outside_value(watch.quantity)
    if reference is None:
        return None
    return reference + watch.by if above else reference - watch.by


def _away(watch: Silent | Offline, scene: Watched) -> _Seen:
    known = scene.facts.known.get(watch.device_id)
    if known is None:
        return _NOBODY_KNOWS
    if isinstance(watch, Offline):
        return _Seen(not known.online)
    heard = [
        sensed.at_s
        for (device_id, _), sensed in scene.sensed.items()
        if device_id == watch.device_id
    ]
    quiet_s = scene.now_s - max(heard, default=known.since_s)
    return _Seen(quiet_s > watch.after_s, watch.after_s, quiet_s)


def _rate(watch: Rate, scene: Watched, trail: Trail) -> tuple[_Seen, Memo]:
    value = scene.facts.believed.value(watch.quantity, watch.device_id)
    if value is None:
        return _NOBODY_KNOWS, trail
    now_s, points = scene.now_s, trail.points
    if not points or now_s - points[-1][0] >= watch.window_s / TRAIL_POINTS:
        points = (
            *(point for point in points if now_s - point[0] <= watch.window_s),
            (now_s, value),
        )
        trail = Trail(points=points)
    first_s, first = points[0]
    # A short beginning of the window would call every tremble a storm.
    if now_s - first_s < watch.window_s / 2:
        return _NOBODY_KNOWS, trail
    per_minute = (value - first) / (now_s - first_s) * 60
    speed = per_minute if watch.comparison is Comparison.ABOVE else -per_minute
    return _Seen(speed > watch.per_minute, watch.per_minute, per_minute), trail


def _drill(watch: Drill, scene: Watched, memo: NextDrill | None) -> tuple[_Seen, Memo | None]:
    if scene.now_ms is None:
        return _Seen(present=False), memo
    if memo is None or memo.asked_ms > scene.now_ms:
        # The first look, or a clock that was set back: what comes next is asked anew.
        memo = _next_drill(watch, scene, scene.now_ms, None)
    if memo.due_ms is not None and scene.now_ms >= memo.due_ms:
        memo = _next_drill(watch, scene, scene.now_ms, scene.now_s + watch.lasts_s)
    runs = memo.until_s is not None and scene.now_s < memo.until_s
    return _Seen(runs), memo


def _next_drill(watch: Drill, scene: Watched, now_ms: int, until_s: float | None) -> NextDrill:
    return NextDrill(
        asked_ms=now_ms, due_ms=next_after(watch.at, now_ms, scene.locality), until_s=until_s
    )
