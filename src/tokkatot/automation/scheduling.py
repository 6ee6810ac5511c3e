"""Which schedules begin, go on and end in a step, and what they ask for."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from tokkatot.automation.agenda import all_wait, without_time
from tokkatot.automation.conditions import NOT_HELD, Believed, combined, follow
from tokkatot.automation.curves import age_of, ventilated_share
from tokkatot.automation.guards import STARTS_WINDOW_S
from tokkatot.automation.inputs import Ask
from tokkatot.automation.instant import Instant
from tokkatot.automation.modes import forbids
from tokkatot.automation.occurrences import (
    Locality,
    end_of,
    is_valid,
    last_through,
    next_due,
)
from tokkatot.automation.plan import House, Plan
from tokkatot.automation.proposals import Proposal, Source
from tokkatot.automation.runs import (
    Outcome,
    RunOutcome,
    advance,
    begin,
    goes_on,
    proposals,
)
from tokkatot.automation.state import Booked, Running, State
from tokkatot.automation.timeline import Passage, Span
from tokkatot.automation.turn import Turn
from tokkatot.domain.devices import ON
from tokkatot.domain.ids import DeviceId, HouseId, RequestId, ScheduleId
from tokkatot.domain.schedules import (
    ConditionBased,
    DurationBased,
    LightCurve,
    Missed,
    Schedule,
    TemperatureCurve,
    TimeBased,
    VentilationCurve,
    devices_of,
    start_of,
)

LATE_MS = 60_000
"""A run that is found due later than this was missed."""

MAX_MISSED = 500
"""So many missed runs of one schedule are told one by one; the next is told for all behind it."""

_REASON_LENGTH = 60


class _Scene(Struct, frozen=True, kw_only=True):
    """All that one schedule's turn may look at."""

    plan: Plan
    house: House
    state: State
    passage: Passage
    through_ms: int | None
    """How far the passage goes: asked of it once, for all schedules of a house."""
    believed: Believed
    now: Instant
    today_ms: int | None
    turn: Turn


def take_turn(
    plan: Plan,
    state: State,
    passage: Passage,
    believed: Mapping[HouseId, Believed],
    *,
    asks: Sequence[Ask],
    now: Instant,
) -> Turn:
    """Begin what is due or asked for, go on with what runs, and end what is over."""
    turn = Turn()
    for ask in asks:
        if ask.schedule_id not in plan.schedules:
            turn.skip(ask.schedule_id, now.utc_ms, "unknown_schedule", request=ask.request)
    if not plan.houses:
        # A hub that has no document yet has lost none of its schedules.
        turn.agenda.update(state.agenda)
        turn.runs.update(state.runs)
        return turn
    if all_wait(plan, state, passage, asks=asks, now=now):
        turn.agenda.update(state.agenda)
        return turn
    _leave(plan, state.agenda, passage, turn)
    today_ms = now.utc_ms if now.utc_ms is not None else state.timeline.head_ms
    for house in plan.houses:
        if not house.schedules:
            continue
        scene = _Scene(
            plan=plan,
            house=house,
            state=state,
            passage=passage,
            through_ms=passage.through_ms,
            believed=believed[house.id],
            now=now,
            today_ms=today_ms,
            turn=turn,
        )
        for schedule in house.schedules:
            own = [ask for ask in asks if ask.schedule_id == schedule.id] if asks else ()
            _live(scene, schedule, own)
    for schedule_id, run in state.runs.items():
        if schedule_id not in plan.schedules:
            turn.end(run, "removed")
    _rank(turn.asked)
    return turn


def _leave(plan: Plan, agenda: Mapping[ScheduleId, Booked], passage: Passage, turn: Turn) -> None:
    """Account for what was due of schedules that are others or gone now: nobody begins it any more.

    A hub that had no clock learns the time and other schedules at once.
    """
    spans = (*passage.due, *passage.missed)
    for schedule_id, booked in agenda.items() if spans else ():
        if booked.of is None:
            continue
        present = plan.schedules.get(schedule_id)
        if present is not None and booked.is_of(present, plan.locality.zone.key):
            continue
        earlier = Locality(zone=ZoneInfo(booked.zone), place=plan.locality.place)
        for moment in _within(booked.of, spans, earlier, turn):
            turn.skip(schedule_id, moment, "missed")


def _rank(asked: Mapping[DeviceId, list[Proposal]]) -> None:
    """Put the proposals for each device in the order of their schedules' priority."""
    for proposals_of_device in asked.values():
        if len(proposals_of_device) > 1:
            # Sorting is stable: of equal priority the one that is listed first in the house wins.
            proposals_of_device.sort(key=lambda proposal: -proposal.priority)


def _live(scene: _Scene, schedule: Schedule, asks: Sequence[Ask]) -> None:
    turn, now_s = scene.turn, scene.now.monotonic_s
    does = schedule.does
    if isinstance(does, (TemperatureCurve, VentilationCurve)):
        for ask in asks:
            turn.skip(schedule.id, scene.now.utc_ms, "no_runs", request=ask.request)
        if isinstance(does, VentilationCurve):
            _ventilate(scene, schedule, does)
        return
    run = _followed(scene, schedule, _still(scene, schedule))
    for ask in asks:
        turn.end(run, "superseded")
        run = _begun(scene, schedule, scene.now.utc_ms, "asked", request=ask.request)
    if run is None:
        return
    left, outcome = advance(schedule, run, scene.state.known, now_s)
    if outcome is not None:
        turn.outcomes.append(outcome)
    if left is None:
        return
    turn.runs[schedule.id] = left
    for device, proposal in proposals(schedule, left):
        turn.asked.setdefault(device, []).append(proposal)


def _still(scene: _Scene, schedule: Schedule) -> Running | None:
    """Return the run that goes on, unless its schedule became another one or was switched off."""
    run = scene.state.runs.get(schedule.id)
    if run is None:
        return None
    if run.version != schedule.version:
        scene.turn.end(run, "changed")
        return None
    if not schedule.enabled and run.request is None:
        scene.turn.end(run, "disabled")
        return None
    return _after_restart(scene, schedule, run) if run.recalled else run


def _after_restart(scene: _Scene, schedule: Schedule, run: Running) -> Running | None:
    """Return the run of a stretch of time that is not over; a dose is never begun again."""
    now_ms = scene.now.utc_ms
    if now_ms is not None and run.due_ms is not None and goes_on(schedule):
        end_ms = _window_end(scene, schedule, run.due_ms)
        if end_ms is not None and end_ms > now_ms:
            return _run(scene, schedule, run.due_ms, end_ms, "late")
    scene.turn.outcomes.append(_restarted(schedule, run.due_ms))
    return None


def _restarted(schedule: Schedule, due_ms: int | None) -> RunOutcome:
    return RunOutcome(
        schedule_id=schedule.id, due_ms=due_ms, outcome=Outcome.FAILED, reason="restarted"
    )


def _followed(scene: _Scene, schedule: Schedule, run: Running | None) -> Running | None:
    does = schedule.does
    if isinstance(does, ConditionBased):
        return _conditional(scene, schedule, does, run)
    if isinstance(does, DurationBased) and does.start is None:
        return _in_turns(scene, schedule, does, run)
    return _clocked(scene, schedule, run)


# ------------------------------------------------------------------------------------- by the clock


def _clocked(scene: _Scene, schedule: Schedule, run: Running | None) -> Running | None:
    now_ms, turn, locality = scene.now.utc_ms, scene.turn, scene.plan.locality
    before = scene.state.agenda.get(schedule.id)
    if now_ms is None:
        turn.agenda[schedule.id] = without_time(schedule, before, locality)
        return run
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
    is_reached = before.is_reached(scene.through_ms)
    if not (before.recalled or scene.passage.jumped or is_reached):
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
    if before.recalled and run is None:
        run = _resumed(scene, schedule, now_ms)
    return run


def _account(
    scene: _Scene, schedule: Schedule, run: Running | None, now_ms: int, *, begun: frozenset[int]
) -> Running | None:
    """Begin or skip every run that became due; return the one that goes on."""
    locality, turn = scene.plan.locality, scene.turn
    due = list(_within(schedule, scene.passage.due, locality, turn))
    missed = [moment for moment in due if now_ms - moment > LATE_MS]
    missed.extend(_within(schedule, scene.passage.missed, locality, turn))
    missed.sort()
    last = missed[-1] if missed and missed[-1] not in begun else None
    rescued = last if last is not None and _is_rescued(scene, schedule, last, now_ms) else None
    for moment in missed:
        if moment in begun:
            turn.outcomes.append(_restarted(schedule, moment))
        elif moment != rescued:
            turn.skip(schedule.id, moment, "missed")
    chosen = [] if rescued is None else [(rescued, "late")]
    for moment, reason in (*chosen, *((one, None) for one in due if now_ms - one <= LATE_MS)):
        turn.end(run, "superseded")
        run = _begun(scene, schedule, moment, reason)
    return run


def _told_ahead(scene: _Scene, schedule: Schedule, before: Booked | None) -> frozenset[int]:
    """Account for the runs of a new schedule in time that comes again; return all that are told."""
    spans, locality = scene.passage.ahead, scene.plan.locality
    if not spans:
        return frozenset()
    told = set[int]() if before is None else set(before.ahead)
    if before is not None and before.of is not None:
        earlier = Locality(zone=ZoneInfo(before.zone), place=locality.place)
        told.update(islice(_moments(before.of, spans, earlier), MAX_MISSED))
    for moment in _within(schedule, spans, locality, scene.turn):
        if moment not in told:
            scene.turn.skip(schedule.id, moment, "clock_jump")
            told.add(moment)
    return frozenset(told)


def _within(
    schedule: Schedule, spans: tuple[Span, ...], locality: Locality, turn: Turn
) -> Iterator[int]:
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


def _is_rescued(scene: _Scene, schedule: Schedule, moment: int, now_ms: int) -> bool:
    if schedule.missed is Missed.ONCE:
        return True
    # A stretch of time that is not over yet has not been missed: it begins late.
    end_ms = _window_end(scene, schedule, moment) if goes_on(schedule) else None
    return end_ms is not None and end_ms > now_ms


def _resumed(scene: _Scene, schedule: Schedule, now_ms: int) -> Running | None:
    """Return the run of a stretch of time that began before anybody looked; it was told then."""
    start = start_of(schedule)
    if not schedule.enabled or start is None or not goes_on(schedule):
        return None
    begun_ms = last_through(start, now_ms, scene.plan.locality)
    if begun_ms is None or not is_valid(schedule, begun_ms, scene.plan.locality):
        return None
    end_ms = _window_end(scene, schedule, begun_ms)
    if end_ms is None or end_ms <= now_ms or _mode_forbids(scene, schedule):
        return None
    return replace(_run(scene, schedule, begun_ms, end_ms, None), done=True, told=True)


def _begun(
    scene: _Scene,
    schedule: Schedule,
    due_ms: int | None,
    reason: str | None,
    *,
    request: RequestId | None = None,
) -> Running | None:
    """Return a run that begins now; where it may not it is accounted for as skipped."""
    turn = scene.turn
    if request is None and _mode_forbids(scene, schedule):
        turn.skip(schedule.id, due_ms, "mode")
        return None
    end_ms: int | None = None
    if isinstance(schedule.does, LightCurve) or _has_end(schedule):
        end_ms = None if due_ms is None else _window_end(scene, schedule, due_ms)
        if end_ms is None or scene.now.utc_ms is None or end_ms <= scene.now.utc_ms:
            why = "no_end" if end_ms is None else "missed"
            turn.skip(schedule.id, due_ms, why, request=request)
            return None
    return _run(scene, schedule, due_ms, end_ms, reason, request=request)


def _run(
    scene: _Scene,
    schedule: Schedule,
    due_ms: int | None,
    end_ms: int | None,
    reason: str | None,
    *,
    request: RequestId | None = None,
) -> Running:
    now = scene.now
    until_s = None
    if end_ms is not None and now.utc_ms is not None:
        until_s = now.monotonic_s + (end_ms - now.utc_ms) / 1000
    return begin(
        schedule,
        due_ms=due_ms,
        now_s=now.monotonic_s,
        until_s=until_s,
        reason=reason,
        request=request,
    )


def _has_end(schedule: Schedule) -> bool:
    return isinstance(schedule.does, TimeBased) and schedule.does.end is not None


def _window_end(scene: _Scene, schedule: Schedule, due_ms: int) -> int | None:
    return end_of(schedule, due_ms, scene.plan.locality, scene.house.flock)


def _mode_forbids(scene: _Scene, schedule: Schedule) -> bool:
    mode, actuators = scene.house.mode, scene.plan.actuators
    if mode is None and not schedule.modes:
        return False
    moved = [actuators[device].role for device in devices_of(schedule) if device in actuators]
    return forbids(mode, schedule, moved)


# --------------------------------------------------------------------------------- without a clock


def _applies(scene: _Scene, schedule: Schedule) -> bool:
    """Tell whether a schedule that no clock begins may do something now."""
    if not schedule.enabled or _mode_forbids(scene, schedule):
        return False
    if schedule.valid_from is None and schedule.valid_until is None:
        return True
    return scene.today_ms is not None and is_valid(schedule, scene.today_ms, scene.plan.locality)


def _conditional(
    scene: _Scene, schedule: Schedule, does: ConditionBased, run: Running | None
) -> Running | None:
    now_s = scene.now.monotonic_s
    before = scene.state.agenda.get(schedule.id)
    held = before.held if before is not None and before.version == schedule.version else ()
    if len(held) != len(does.conditions):
        held = (NOT_HELD,) * len(does.conditions)
    after = tuple(
        follow(condition, one, scene.believed, now_s)
        for condition, one in zip(does.conditions, held, strict=True)
    )
    scene.turn.agenda[schedule.id] = (
        before
        if before is not None and after == before.held and before.version == schedule.version
        else Booked(version=schedule.version, held=after)
    )
    holds = combined(after, does.combine) and _applies(scene, schedule)
    if run is not None and run.request is not None:
        return run if not run.over else None
    if run is not None and not holds:
        scene.turn.end(run, "cleared")
        return None
    if run is None and holds:
        return _begun(scene, schedule, scene.now.utc_ms, None)
    return run


def _in_turns(
    scene: _Scene, schedule: Schedule, does: DurationBased, run: Running | None
) -> Running | None:
    now_s = scene.now.monotonic_s
    before = scene.state.agenda.get(schedule.id)
    if not _applies(scene, schedule):
        if run is not None and run.request is None:
            scene.turn.end(run, "mode")
            run = None
        return run
    next_s = now_s
    if before is not None and before.version == schedule.version and before.next_s is not None:
        next_s = before.next_s
        if now_s < next_s:
            scene.turn.agenda[schedule.id] = before
            return run
    cycle_s = does.run_s + does.rest_s
    turns = int((now_s - next_s) // cycle_s)
    if turns:
        scene.turn.skip(schedule.id, _ago(scene.now, now_s - next_s), "missed")
    scene.turn.agenda[schedule.id] = Booked(
        version=schedule.version, next_s=next_s + (turns + 1) * cycle_s
    )
    scene.turn.end(run, "superseded")
    return _begun(scene, schedule, scene.now.utc_ms, None)


def _ago(now: Instant, seconds: float) -> int | None:
    return None if now.utc_ms is None else now.utc_ms - round(seconds * 1000)


def _ventilate(scene: _Scene, schedule: Schedule, does: VentilationCurve) -> None:
    flock = scene.house.flock
    if flock is None or scene.today_ms is None or not _applies(scene, schedule):
        return
    age = age_of(flock, scene.plan.locality.day(scene.today_ms))
    share = ventilated_share(does, flock, age) if age >= 0 else 0.0
    cycle_s = max((does.cycle_s, *(_gentlest_s(scene, device) for device in does.devices)))
    if scene.now.monotonic_s % cycle_s >= share * cycle_s:
        return
    asked = Proposal(
        source=Source.SCHEDULE,
        reason=schedule.name[:_REASON_LENGTH],
        level=ON,
        schedule=schedule.id,
        priority=schedule.priority,
    )
    for device in does.devices:
        scene.turn.asked.setdefault(device, []).append(asked)


def _gentlest_s(scene: _Scene, device_id: DeviceId) -> float:
    """Return the shortest cycle of an actuator in which it does not start too often."""
    actuator = scene.plan.actuators.get(device_id)
    return 0.0 if actuator is None else STARTS_WINDOW_S / actuator.limits.starts_per_hour
