"""Schedules that no clock begins: on conditions, in turns, and by the age of a flock."""

from msgspec.structs import replace

from tokkatot.automation.beginnings import Scene, begun_run, mode_forbids, run_of
from tokkatot.automation.conditions import NOT_HELD, combined, follow, is_known
from tokkatot.automation.curves import age_of, ventilated_share
from tokkatot.automation.guards import STARTS_WINDOW_S
from tokkatot.automation.instant import Instant
from tokkatot.automation.occurrences import is_valid
from tokkatot.automation.proposals import Proposal, Source
from tokkatot.automation.state import Booked, Running
from tokkatot.domain.devices import ON
from tokkatot.domain.ids import DeviceId
from tokkatot.domain.schedules import (
    ConditionBased,
    DurationBased,
    Schedule,
    VentilationCurve,
)

_REASON_LENGTH = 60


def conditional(
    scene: Scene, schedule: Schedule, does: ConditionBased, run: Running | None
) -> Running | None:
    """Return the run that conditions have begun, for as long as they hold."""
    now_s = scene.now.monotonic_s
    before = scene.state.agenda.get(schedule.id)
    if before is None or before.version != schedule.version:
        before = Booked(version=schedule.version)
    held = before.held
    if len(held) != len(does.conditions):
        held = (NOT_HELD,) * len(does.conditions)
    had_run = before.over or before.left_s is not None
    after = tuple(
        # What had its run has to be seen to clear: a sensor that is silent does not say so.
        one
        if had_run and not is_known(condition, scene.believed)
        else follow(condition, one, scene.believed, now_s)
        for condition, one in zip(does.conditions, held, strict=True)
    )
    are_met = combined(after, does.combine)
    over, left_s = before.over and are_met, before.left_s if are_met else None
    scene.turn.agenda[schedule.id] = (
        before
        if (after, over, left_s) == (before.held, before.over, before.left_s)
        else Booked(version=schedule.version, held=after, over=over, left_s=left_s)
    )
    if run is not None and run.request is not None:
        return run
    if not are_met or not _applies(scene, schedule):
        scene.turn.end(run, "cleared")
        return None
    if run is not None or over:
        return run
    if left_s is None:
        return begun_run(scene, schedule, scene.now.utc_ms, None)
    return _gone_on(scene, schedule, does, left_s)


def _gone_on(
    scene: Scene, schedule: Schedule, does: ConditionBased, left_s: float
) -> Running | None:
    """Return the run that a restart cut, as soon as somebody measures that it is still wanted.

    It was told before the restart.
    """
    agenda = scene.turn.agenda
    booked = agenda[schedule.id]
    measured = tuple(
        one if is_known(condition, scene.believed) else NOT_HELD
        for condition, one in zip(does.conditions, booked.held, strict=True)
    )
    if not combined(measured, does.combine):
        return None
    agenda[schedule.id] = replace(booked, left_s=None)
    run = run_of(scene, schedule, scene.now.utc_ms, None, None)
    until_s = scene.now.monotonic_s + left_s
    return replace(run, until_s=until_s, waiting=False, done=True, told=True)


def spend(scene: Scene, schedule: Schedule, run: Running | None) -> None:
    """Note that conditions have had the run that they have begun; a person's own is not theirs."""
    if run is None or run.request is not None or not isinstance(schedule.does, ConditionBased):
        return
    agenda = scene.turn.agenda
    agenda[schedule.id] = replace(agenda[schedule.id], over=True)


def in_turns(
    scene: Scene, schedule: Schedule, does: DurationBased, run: Running | None
) -> Running | None:
    """Return the run of a schedule that runs and rests for ever, by monotonic time."""
    now_s = scene.now.monotonic_s
    cycle_s = does.run_s + does.rest_s
    before = scene.state.agenda.get(schedule.id)
    if before is not None and before.version != schedule.version and before.next_s is not None:
        before = Booked(version=schedule.version, next_s=min(before.next_s, now_s + cycle_s))
    next_s = now_s if before is None or before.next_s is None else before.next_s
    if before is not None and now_s < next_s:
        # Kept where it may do nothing now, too: nobody is fed twice for a mode of a moment.
        scene.turn.agenda[schedule.id] = before
    if not _applies(scene, schedule):
        if run is not None and run.request is None:
            scene.turn.end(run, "mode")
            run = None
        return run
    if now_s < next_s:
        return run
    turns = int((now_s - next_s) // cycle_s)
    if turns:
        scene.turn.skip(schedule.id, _ago(scene.now, now_s - next_s), "missed")
    scene.turn.agenda[schedule.id] = Booked(
        version=schedule.version, next_s=next_s + (turns + 1) * cycle_s
    )
    scene.turn.end(run, "superseded")
    return begun_run(scene, schedule, scene.now.utc_ms, None)


def ventilate(scene: Scene, schedule: Schedule, does: VentilationCurve) -> None:
    """Ask for the air of so many birds of their age, as a share of each cycle."""
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


def _applies(scene: Scene, schedule: Schedule) -> bool:
    """Tell whether a schedule that no clock begins may do something now."""
    if not schedule.enabled or mode_forbids(scene, schedule):
        return False
    if schedule.valid_from is None and schedule.valid_until is None:
        return True
    return scene.today_ms is not None and is_valid(schedule, scene.today_ms, scene.plan.locality)


def _ago(now: Instant, seconds: float) -> int | None:
    return None if now.utc_ms is None else now.utc_ms - round(seconds * 1000)


def _gentlest_s(scene: Scene, device_id: DeviceId) -> float:
    """Return the shortest cycle of an actuator in which it does not start too often."""
    actuator = scene.plan.actuators.get(device_id)
    return 0.0 if actuator is None else STARTS_WINDOW_S / actuator.limits.starts_per_hour
