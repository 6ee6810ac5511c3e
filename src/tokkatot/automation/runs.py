"""One run of a schedule, from its due moment to its one outcome."""

import math
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum, unique

from msgspec import Struct
from msgspec.structs import replace

from tokkatot.automation.proposals import Proposal, Source
from tokkatot.automation.state import Known, Running
from tokkatot.domain.devices import LONGEST_TRAVEL_S, Level
from tokkatot.domain.ids import DeviceId, RequestId, ScheduleId
from tokkatot.domain.schedules import (
    ConditionBased,
    DurationBased,
    LightCurve,
    Schedule,
    TemperatureCurve,
    TimeBased,
    VentilationCurve,
)
from tokkatot.domain.schedules import (
    Sequence as Steps,
)

RETRIES = 3
LONGEST_WINDOW_S = 900.0
ANSWER_S = 60.0
"""How long an online device may take to do what its schedule asks, its short runs aside.

A drive may be on its way for longer, as long as its level changes within this time.
"""

LONGEST_ANSWER_S = max(ANSWER_S, LONGEST_TRAVEL_S)

FITS_WITHIN = 1.0
_REASON_LENGTH = 60


@unique
class Outcome(StrEnum):
    """What became of a due run."""

    EXECUTED = "executed"
    FAILED = "failed"
    SKIPPED = "skipped"


class RunOutcome(Struct, frozen=True, kw_only=True):
    """The one answer to a run that was due or asked for.

    `due_ms` is None where no clock told when that was.
    """

    schedule_id: ScheduleId
    due_ms: int | None
    outcome: Outcome
    reason: str | None = None
    request: RequestId | None = None


class Part(Struct, frozen=True, kw_only=True):
    """What a run asks for at one time: a whole schedule, or one step of a sequence."""

    devices: tuple[DeviceId, ...]
    level: Level
    length_s: float | None


class Answer(Struct, frozen=True, kw_only=True):
    """What one actuator was told in this step, and by whom."""

    target: Level
    winner: Proposal
    cut_by: str | None
    ventilates: bool
    travel_s: float


def part_of(schedule: Schedule, index: int) -> Part:
    """Return what a run of a schedule asks for; the length is None where something else ends it."""
    match schedule.does:
        case Steps(steps=steps):
            step = steps[index]
            return Part(devices=(step.device_id,), level=step.level, length_s=step.run_s)
        case TimeBased() as does:
            return Part(devices=does.devices, level=does.level, length_s=does.duration_s)
        case DurationBased() as does:
            return Part(devices=does.devices, level=does.level, length_s=does.run_s)
        case ConditionBased() as does:
            return Part(devices=does.devices, level=does.level, length_s=does.longest_s)
        case LightCurve() as does:
            return Part(devices=does.devices, level=does.level, length_s=None)
        case VentilationCurve() | TemperatureCurve():
            raise AssertionError("such a curve has no runs")


def begin(
    schedule: Schedule,
    *,
    due_ms: int | None,
    now_s: float,
    until_s: float | None,
    reason: str | None = None,
    request: RequestId | None = None,
) -> Running:
    """Return a run at its first moment; `until_s` ends it where its schedule has no length."""
    length_s = part_of(schedule, 0).length_s
    end_s = now_s + length_s if length_s is not None else until_s
    return Running(
        schedule_id=schedule.id,
        version=schedule.version,
        due_ms=due_ms,
        since_s=now_s,
        until_s=end_s,
        retry_s=now_s,
        waiting=True,
        reason=reason,
        request=request,
    )


def advance(
    schedule: Schedule, run: Running, known: Mapping[DeviceId, Known], now_s: float
) -> tuple[Running | None, RunOutcome | None]:
    """Return the run at this moment, None where it is over, and the outcome if it has one now."""
    if run.until_s is not None and now_s >= run.until_s:
        following, outcome = _at_end(schedule, run, now_s)
        if following is None or following.retry_s > now_s:
            return following, outcome
        run = following
    if not run.waiting:
        return run, None
    part = part_of(schedule, run.step)
    online = any(known[device].online for device in part.devices if device in known)
    # Who was away at the first try is not kept waiting for the next one once it is back.
    if now_s < run.retry_s and not (run.tries and online):
        return run, None
    if online:
        until_s = run.until_s
        if run.tries and part.length_s is not None:
            until_s = now_s + part.length_s
        return replace(run, waiting=False, since_s=now_s, until_s=until_s), None
    if run.tries == RETRIES:
        return _give_up(schedule, run)
    gap_s = _window_s(run) / (RETRIES + 1)
    return replace(run, tries=run.tries + 1, retry_s=run.retry_s + gap_s), None


def proposals(schedule: Schedule, run: Running) -> Sequence[tuple[DeviceId, Proposal]]:
    """Return what a run asks for now."""
    if run.waiting:
        return ()
    part = part_of(schedule, run.step)
    asked = Proposal(
        source=Source.SCHEDULE,
        reason=schedule.name[:_REASON_LENGTH],
        level=part.level,
        until_s=run.until_s,
        schedule=schedule.id,
        priority=schedule.priority,
    )
    return [(device, asked) for device in part.devices]


def settle(
    schedule: Schedule,
    run: Running,
    answers: Callable[[DeviceId], Answer | None],
    known: Mapping[DeviceId, Known],
    now_s: float,
) -> tuple[Running | None, RunOutcome | None]:
    """Return the run after its devices were told, and its outcome as soon as there is one.

    Where others do what it asks, a device that is away may come back within the window of the run.
    """
    if run.done or run.waiting:
        return run, None
    part = part_of(schedule, run.step)
    told = [(answers(device), known.get(device)) for device in part.devices]
    found = [_obstacle(schedule, part.level, answer, one) for answer, one in told]
    is_shared = None in found
    # What conditions begin may be over at any moment, and then nobody would hear of who was away.
    is_conditional = isinstance(schedule.does, ConditionBased)
    obstacle: tuple[Outcome, str] | None = None
    for (answer, one), met in zip(told, found, strict=True):
        if met is None:
            continue
        fails = met[0] is Outcome.FAILED
        patience_s = min(_longest_s(run), _patience_s(answer, one, now_s))
        if is_shared and met[1] == "device_offline" and not is_conditional:
            patience_s = _window_s(run)
        if fails and now_s - run.since_s >= patience_s:
            return _failed(schedule, run, met[1], is_shared=is_shared)
        if obstacle is None or fails:
            obstacle = met
    if obstacle is None:
        if isinstance(schedule.does, Steps) and run.step + 1 < len(schedule.does.steps):
            return replace(run, done=True), None
        return replace(run, done=True, told=True), _outcome(run, Outcome.EXECUTED, run.reason)
    return replace(run, obstacle=obstacle[1], failing=obstacle[0] is Outcome.FAILED), None


def abandon(run: Running, reason: str) -> RunOutcome | None:
    """Return the outcome of a run that is ended from outside, if it has none yet."""
    return None if run.told else _outcome(run, Outcome.SKIPPED, reason)


def _at_end(
    schedule: Schedule, run: Running, now_s: float
) -> tuple[Running | None, RunOutcome | None]:
    if not run.done:
        kind = Outcome.FAILED if run.failing or run.waiting else Outcome.SKIPPED
        outcome = _outcome(run, kind, _named(schedule, run, run.obstacle or "device_offline"))
        return None, outcome
    does = schedule.does
    if not isinstance(does, Steps) or run.step + 1 >= len(does.steps):
        return None, None
    rest_s = does.steps[run.step].rest_s
    begins_s = now_s + rest_s
    following = replace(
        run,
        step=run.step + 1,
        since_s=begins_s,
        until_s=begins_s + does.steps[run.step + 1].run_s,
        retry_s=begins_s,
        tries=0,
        waiting=True,
        done=False,
        obstacle=None,
        failing=False,
    )
    return following, None


def _give_up(schedule: Schedule, run: Running) -> tuple[Running | None, RunOutcome | None]:
    return _failed(schedule, run, "device_offline")


def _failed(
    schedule: Schedule, run: Running, reason: str, *, is_shared: bool = False
) -> tuple[Running | None, RunOutcome | None]:
    # What goes on after a restart was told before it, even where its device is away now.
    outcome = None if run.told else _outcome(run, Outcome.FAILED, _named(schedule, run, reason))
    if goes_on(schedule) or is_shared:
        # Who comes back within a window of hours still gets its light, and one bed gets its water
        # though the valve of the next one does not answer.
        return replace(run, waiting=False, done=True, told=True), outcome
    return None, outcome


def goes_on(schedule: Schedule) -> bool:
    """Tell whether a schedule is about a stretch of time, not about a dose."""
    match schedule.does:
        case TimeBased(end=end):
            return end is not None
        case LightCurve() | ConditionBased():
            return True
        case _:
            return False


def _obstacle(
    schedule: Schedule, level: Level, answer: Answer | None, known: Known | None
) -> tuple[Outcome, str] | None:
    if answer is None or known is None:
        return Outcome.FAILED, "unknown_device"
    if abs(answer.target - level) > FITS_WITHIN and not (
        answer.ventilates and answer.target > level
    ):
        return Outcome.SKIPPED, _blocker(schedule, answer)
    if not known.online:
        return Outcome.FAILED, "device_offline"
    if known.level is None or abs(known.level - answer.target) > FITS_WITHIN:
        return Outcome.FAILED, "device_timeout"
    return None


def _patience_s(answer: Answer | None, known: Known | None, now_s: float) -> float:
    """Return how long a device may take; a drive that still moves may take its whole travel."""
    if answer is None or known is None or not is_on_its_way(known, now_s):
        return ANSWER_S
    return max(ANSWER_S, answer.travel_s)


def is_on_its_way(known: Known, now_s: float) -> bool:
    """Tell whether a device has moved within the time that it may take to say so."""
    return known.moved_s is not None and now_s - known.moved_s < ANSWER_S


def _blocker(schedule: Schedule, answer: Answer) -> str:
    if answer.cut_by is not None:
        return answer.cut_by
    if answer.winner.source is Source.SCHEDULE and answer.winner.schedule != schedule.id:
        return "outranked"
    return answer.winner.source.value


def _named(schedule: Schedule, run: Running, reason: str) -> str:
    return f"step_{run.step + 1}:{reason}" if isinstance(schedule.does, Steps) else reason


def _window_s(run: Running) -> float:
    return ANSWER_S if run.until_s is None else min(_longest_s(run), LONGEST_WINDOW_S)


def _longest_s(run: Running) -> float:
    return math.inf if run.until_s is None else max(run.until_s - run.since_s, 0.0)


def _outcome(run: Running, outcome: Outcome, reason: str | None) -> RunOutcome:
    return RunOutcome(
        schedule_id=run.schedule_id,
        due_ms=run.due_ms,
        outcome=outcome,
        reason=reason,
        request=run.request,
    )
