"""Which schedules begin, go on and end in a step, and what they ask for."""

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from tokkatot.automation.agenda import all_wait
from tokkatot.automation.beginnings import (
    Scene,
    begun_run,
    mode_forbids,
    restarted,
    run_of,
    window_end,
)
from tokkatot.automation.clocked import clocked, moments_within
from tokkatot.automation.conditions import Believed
from tokkatot.automation.inputs import Ask
from tokkatot.automation.instant import Instant
from tokkatot.automation.occurrences import Locality
from tokkatot.automation.plan import Plan
from tokkatot.automation.proposals import Proposal
from tokkatot.automation.runs import advance, goes_on, proposals
from tokkatot.automation.state import Booked, Running, State
from tokkatot.automation.timeline import Passage
from tokkatot.automation.turn import Turn
from tokkatot.automation.unclocked import conditional, in_turns, spend, ventilate
from tokkatot.domain.ids import DeviceId, HouseId, ScheduleId
from tokkatot.domain.schedules import (
    ConditionBased,
    DurationBased,
    Schedule,
    TemperatureCurve,
    VentilationCurve,
)


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
        scene = Scene(
            plan=plan,
            house=house,
            state=state,
            passage=passage,
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
        for moment in moments_within(booked.of, spans, earlier, turn):
            turn.skip(schedule_id, moment, "missed")


def _rank(asked: Mapping[DeviceId, list[Proposal]]) -> None:
    """Put the proposals for each device in the order of their schedules' priority."""
    for proposals_of_device in asked.values():
        if len(proposals_of_device) > 1:
            # Sorting is stable: of equal priority the one that is listed first in the house wins.
            proposals_of_device.sort(key=lambda proposal: -proposal.priority)


def _live(scene: Scene, schedule: Schedule, asks: Sequence[Ask]) -> None:
    turn, now_s = scene.turn, scene.now.monotonic_s
    does = schedule.does
    if isinstance(does, (TemperatureCurve, VentilationCurve)):
        for ask in asks:
            turn.skip(schedule.id, scene.now.utc_ms, "no_runs", request=ask.request)
        if isinstance(does, VentilationCurve):
            ventilate(scene, schedule, does)
        return
    run = _followed(scene, schedule, _still(scene, schedule))
    for ask in asks:
        turn.end(run, "superseded")
        spend(scene, schedule, run)
        run = begun_run(scene, schedule, scene.now.utc_ms, "asked", request=ask.request)
    if run is None:
        return
    rests = run.end_ms is not None and run.request is None and mode_forbids(scene, schedule)
    left, outcome = advance(
        schedule, _resting(turn, run) if rests else run, scene.state.known, now_s
    )
    if outcome is not None:
        turn.outcomes.append(outcome)
    if left is None:
        spend(scene, schedule, run)
        return
    turn.runs[schedule.id] = left
    if rests:
        return
    for device, proposal in proposals(schedule, left):
        turn.asked.setdefault(device, []).append(proposal)


def _resting(turn: Turn, run: Running) -> Running:
    """Return the run of a stretch of time in a mode that forbids it, which is told by that.

    It asks for nothing, and goes on when the mode is another one before its end.
    """
    turn.end(run, "mode")
    return (
        run if run.told and not run.waiting else replace(run, waiting=False, done=True, told=True)
    )


def _still(scene: Scene, schedule: Schedule) -> Running | None:
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


def _after_restart(scene: Scene, schedule: Schedule, run: Running) -> Running | None:
    """Return the run of a stretch of time that is not over; a dose is never begun again."""
    now_ms = scene.now.utc_ms
    if now_ms is not None and run.due_ms is not None and goes_on(schedule):
        end_ms = window_end(scene, schedule, run.due_ms)
        if end_ms is not None and end_ms > now_ms:
            return run_of(scene, schedule, run.due_ms, end_ms, "late")
    scene.turn.outcomes.append(restarted(schedule, run.due_ms))
    return None


def _followed(scene: Scene, schedule: Schedule, run: Running | None) -> Running | None:
    does = schedule.does
    if isinstance(does, ConditionBased):
        return conditional(scene, schedule, does, run)
    if isinstance(does, DurationBased) and does.start is None:
        return in_turns(scene, schedule, does, run)
    return clocked(scene, schedule, run)
