"""What every kind of schedule needs to begin a run, or to tell why it does not."""

from msgspec import Struct
from msgspec.structs import replace

from tokkatot.automation.conditions import Believed
from tokkatot.automation.instant import Instant
from tokkatot.automation.modes import forbids
from tokkatot.automation.occurrences import end_of
from tokkatot.automation.plan import House, Plan
from tokkatot.automation.runs import Outcome, RunOutcome, begin
from tokkatot.automation.state import Running, State
from tokkatot.automation.timeline import Passage
from tokkatot.automation.turn import Turn
from tokkatot.domain.ids import RequestId
from tokkatot.domain.schedules import (
    LightCurve,
    Schedule,
    TimeBased,
    devices_of,
)


class Scene(Struct, frozen=True, kw_only=True):
    """All that one schedule's turn may look at."""

    plan: Plan
    house: House
    state: State
    passage: Passage
    believed: Believed
    now: Instant
    today_ms: int | None
    turn: Turn


def begun_run(
    scene: Scene,
    schedule: Schedule,
    due_ms: int | None,
    reason: str | None,
    *,
    request: RequestId | None = None,
) -> Running | None:
    """Return a run that begins now; where it may not it is accounted for as skipped.

    A stretch of time begins in a mode that forbids it, too: the mode may be over before it is.
    """
    turn = scene.turn
    is_forbidden = request is None and mode_forbids(scene, schedule)
    end_ms: int | None = None
    if isinstance(schedule.does, LightCurve) or _has_end(schedule):
        end_ms = None if due_ms is None else window_end(scene, schedule, due_ms)
        if end_ms is None or scene.now.utc_ms is None or end_ms <= scene.now.utc_ms:
            why = "no_end" if end_ms is None else "missed"
            turn.skip(schedule.id, due_ms, "mode" if is_forbidden else why, request=request)
            return None
    elif is_forbidden:
        turn.skip(schedule.id, due_ms, "mode")
        return None
    return run_of(scene, schedule, due_ms, end_ms, reason, request=request)


def run_of(
    scene: Scene,
    schedule: Schedule,
    due_ms: int | None,
    end_ms: int | None,
    reason: str | None,
    *,
    request: RequestId | None = None,
) -> Running:
    """Return a run at its first moment, which a clock ends where its schedule has no length."""
    now = scene.now
    until_s = None
    if end_ms is not None and now.utc_ms is not None:
        until_s = now.monotonic_s + (end_ms - now.utc_ms) / 1000
    run = begin(
        schedule,
        due_ms=due_ms,
        now_s=now.monotonic_s,
        until_s=until_s,
        reason=reason,
        request=request,
    )
    return replace(run, end_ms=end_ms)


def window_end(scene: Scene, schedule: Schedule, due_ms: int) -> int | None:
    """Return when the stretch that begins at a moment ends; None where no clock tells it."""
    return end_of(schedule, due_ms, scene.plan.locality, scene.house.flock)


def mode_forbids(scene: Scene, schedule: Schedule) -> bool:
    """Tell whether the mode of its house lets a schedule rest."""
    mode, actuators = scene.house.mode, scene.plan.actuators
    if mode is None and not schedule.modes:
        return False
    moved = [actuators[device].role for device in devices_of(schedule) if device in actuators]
    return forbids(mode, schedule, moved)


def moves_things(scene: Scene, schedule: Schedule) -> bool:
    """Tell whether a schedule feeds, waters or drives something: twice is too much of that."""
    actuators = scene.plan.actuators
    return any(
        actuators[device].spec.moves for device in devices_of(schedule) if device in actuators
    )


def restarted(schedule: Schedule, due_ms: int | None) -> RunOutcome:
    """Return what is told of a run that a restart of the hub cut short."""
    return RunOutcome(
        schedule_id=schedule.id, due_ms=due_ms, outcome=Outcome.FAILED, reason="restarted"
    )


def _has_end(schedule: Schedule) -> bool:
    return isinstance(schedule.does, TimeBased) and schedule.does.end is not None
