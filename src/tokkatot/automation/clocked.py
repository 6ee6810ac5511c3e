"""Schedules by the clock: which of their runs begin, go on, and were missed."""

from collections.abc import Iterator
from itertools import islice
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from tokkatot.automation.agenda import without_time
from tokkatot.automation.beginnings import (
    Scene,
    begun_run,
    moves_things,
    restarted,
    run_of,
    window_end,
)
from tokkatot.automation.occurrences import (
    Locality,
    is_valid,
    last_through,
    next_due,
)
from tokkatot.automation.runs import advance, goes_on
from tokkatot.automation.state import Booked, Running
from tokkatot.automation.timeline import Span
from tokkatot.automation.turn import Turn
from tokkatot.domain.schedules import Missed, Schedule, start_of

LATE_MS = 60_000
"""A run that is found due later than this was missed."""

_MOVED_S = 0.25
"""By less a clock that is being adjusted moves no end."""

MAX_MISSED = 500
"""So many missed runs of one schedule are told one by one; the next is told for all behind it."""


def clocked(scene: Scene, schedule: Schedule, run: Running | None) -> Running | None:
    """Return the run of a schedule that a clock begins, and account for what it missed."""
    now_ms, turn, locality = scene.now.utc_ms, scene.turn, scene.plan.locality
    before = scene.state.agenda.get(schedule.id)
    if now_ms is None:
        turn.agenda[schedule.id] = without_time(schedule, before, locality)
        return run
    run = _timed(scene, schedule, _rezoned(scene, schedule, before, run, now_ms), now_ms)
    if before is None or not before.is_of(schedule, locality.zone.key):
        turn.agenda[schedule.id] = Booked(
            version=schedule.version,
            zone=locality.zone.key,
            next_ms=next_due(schedule, now_ms, locality),
            of=schedule,
            ahead=_told_ahead(scene, schedule, before),
            begun=frozenset() if before is None else before.begun,
        )
        return run or _resumed(scene, schedule, now_ms)
    if not (before.recalled or scene.passage.jumped or before.is_reached(now_ms)):
        turn.agenda[schedule.id] = before
        return run
    run = _account(scene, schedule, run, now_ms, begun=before.begun)
    turn.agenda[schedule.id] = Booked(
        version=schedule.version,
        zone=locality.zone.key,
        next_ms=next_due(schedule, now_ms, locality),
        of=schedule,
        ahead=before.ahead,
        begun=before.begun,
    )
    if run is None and (before.recalled or not moves_things(scene, schedule)):
        # A clock that was set may show a time that nobody waited for, or one that was lived
        # already: there is light in it again, but nobody is fed again.
        run = _resumed(scene, schedule, now_ms)
    return run


def _rezoned(
    scene: Scene, schedule: Schedule, before: Booked | None, run: Running | None, now_ms: int
) -> Running | None:
    """Return the run with its end by the time zone that the farm has now.

    Where it is another time of day there it is over. What a person asked for goes on to its end.
    """
    if before is None or before.zone == scene.plan.locality.zone.key:
        return run
    if run is None or run.end_ms is None or run.due_ms is None:
        return run
    end_ms: int | None
    if run.request is not None:
        end_ms = window_end(scene, schedule, run.due_ms)
    else:
        _, end_ms = _window(scene, schedule, now_ms) or (None, None)
    return replace(run, end_ms=now_ms if end_ms is None else end_ms)


def _timed(scene: Scene, schedule: Schedule, run: Running | None, now_ms: int) -> Running | None:
    """Return the run with its end where the clock has it now, unless its time is another one."""
    if run is None or run.end_ms is None or run.due_ms is None:
        return run
    if run.due_ms - now_ms > LATE_MS:
        if run.request is not None:
            return run  # a person asked for it at whatever time that was
        scene.turn.end(run, "clock_jump")
        return None
    now_s = scene.now.monotonic_s
    until_s = now_s + (run.end_ms - now_ms) / 1000
    if run.until_s is not None and abs(until_s - run.until_s) < _MOVED_S:
        return run
    run = replace(run, until_s=until_s)
    if until_s > now_s:
        return run
    _, outcome = advance(schedule, run, scene.state.known, now_s)
    if outcome is not None:
        scene.turn.outcomes.append(outcome)
    return None


def _account(
    scene: Scene, schedule: Schedule, run: Running | None, now_ms: int, *, begun: frozenset[int]
) -> Running | None:
    """Begin or skip every run that became due; return the one that goes on."""
    locality, turn = scene.plan.locality, scene.turn
    due = list(moments_within(schedule, scene.passage.due, locality, turn))
    missed = [moment for moment in due if now_ms - moment > LATE_MS]
    missed.extend(moments_within(schedule, scene.passage.missed, locality, turn))
    missed.sort()
    last = missed[-1] if missed and missed[-1] not in begun else None
    rescued = last if last is not None and _is_rescued(scene, schedule, last, now_ms) else None
    for moment in missed:
        if moment in begun:
            turn.outcomes.append(restarted(schedule, moment))
        elif moment != rescued:
            turn.skip(schedule.id, moment, "missed")
    chosen = [] if rescued is None else [(rescued, "late")]
    for moment, reason in (*chosen, *((one, None) for one in due if now_ms - one <= LATE_MS)):
        turn.end(run, "superseded")
        run = begun_run(scene, schedule, moment, reason)
    return run


def _told_ahead(scene: Scene, schedule: Schedule, before: Booked | None) -> frozenset[int]:
    """Account for the runs of a new schedule in time that comes again; return all that are told."""
    spans, locality = scene.passage.ahead, scene.plan.locality
    if not spans:
        return frozenset()
    told = set[int]() if before is None else set(before.ahead)
    if before is not None and before.of is not None:
        earlier = Locality(zone=ZoneInfo(before.zone), place=locality.place)
        told.update(islice(_moments(before.of, spans, earlier), MAX_MISSED))
    for moment in moments_within(schedule, spans, locality, scene.turn):
        if moment not in told:
            scene.turn.skip(schedule.id, moment, "clock_jump")
            told.add(moment)
    return frozenset(told)


def _is_rescued(scene: Scene, schedule: Schedule, moment: int, now_ms: int) -> bool:
    if schedule.missed is Missed.ONCE:
        return True
    # A stretch of time that is not over yet has not been missed: it begins late.
    end_ms = window_end(scene, schedule, moment) if goes_on(schedule) else None
    return end_ms is not None and end_ms > now_ms


def _resumed(scene: Scene, schedule: Schedule, now_ms: int) -> Running | None:
    """Return the run of a stretch of time that began before anybody looked; it was told then."""
    window = _window(scene, schedule, now_ms)
    if window is None:
        return None
    return replace(run_of(scene, schedule, *window, None), done=True, told=True)


def _window(scene: Scene, schedule: Schedule, now_ms: int) -> tuple[int, int] | None:
    """Return when the stretch of time of this moment began and ends, None between two of them."""
    start = start_of(schedule)
    if not schedule.enabled or start is None or not goes_on(schedule):
        return None
    begun_ms = last_through(start, now_ms, scene.plan.locality)
    if begun_ms is None or not is_valid(schedule, begun_ms, scene.plan.locality):
        return None
    end_ms = window_end(scene, schedule, begun_ms)
    return None if end_ms is None or end_ms <= now_ms else (begun_ms, end_ms)


def moments_within(
    schedule: Schedule, spans: tuple[Span, ...], locality: Locality, turn: Turn
) -> Iterator[int]:
    """Yield when a schedule was due; of too many the next is told for all behind it."""
    for told, moment in enumerate(_moments(schedule, spans, locality)):
        if told >= MAX_MISSED:
            turn.skip(schedule.id, moment, "missed_more")
            return
        yield moment


def _moments(schedule: Schedule, spans: tuple[Span, ...], locality: Locality) -> Iterator[int]:
    for span in spans:
        moment = next_due(schedule, span.after_ms, locality)
        while moment is not None and moment <= span.through_ms:
            yield moment
            moment = next_due(schedule, moment, locality)
