"""What schedules and rules would have done: the engine itself, led through recorded history."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from uuid import UUID

from tokkatot.automation.engine import Decision, step
from tokkatot.automation.inputs import Contact, Inputs, Report, Sample
from tokkatot.automation.instant import Instant
from tokkatot.automation.plan import Plan, plan_of
from tokkatot.automation.runs import RunOutcome
from tokkatot.automation.state import State
from tokkatot.domain.desired import DesiredDocument
from tokkatot.domain.devices import Level
from tokkatot.domain.ids import AlertId, DeviceId
from tokkatot.domain.readings import Reading

STEP_S = 10.0
MAX_STEPS = 400_000
MAX_STRETCHES = 10_000


class PreviewRefused(Exception):
    """A preview that can't be made; `reason` says why, for people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """How long an actuator would have been at one level, and why."""

    device_id: DeviceId
    from_ms: int
    through_ms: int
    level: Level
    source: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What would have been; `truncated` tells that there was more of it than is listed."""

    runs: tuple[RunOutcome, ...]
    stretches: tuple[Stretch, ...]
    truncated: bool


def preview(
    document: DesiredDocument,
    history: Iterable[Reading],
    *,
    from_ms: int,
    through_ms: int,
    step_s: float = STEP_S,
) -> Preview:
    """Return what a document's schedules and rules would have done while `history` was recorded.

    The history comes in the order of its times. Every device follows at once, and nobody gives
    orders: what is seen is what the automation alone would have done.

    Raises:
        PreviewRefused: when the stretch is empty or too long for its step.
    """
    if not from_ms < through_ms:
        raise PreviewRefused("a preview ends after it begins")
    if (through_ms - from_ms) / 1000 / step_s > MAX_STEPS:
        raise PreviewRefused(f"a preview has at most {MAX_STEPS} steps of {step_s:g} s")
    ledger = _Ledger()
    runs: list[RunOutcome] = []
    plan, state = plan_of(document), State()
    numbers = count(1)
    readings = _grouped(history, from_ms, through_ms, round(step_s * 1000))
    for index, (now_ms, samples) in enumerate(readings):
        done = step(
            plan,
            state,
            Inputs(
                new_alert_id=lambda: AlertId(UUID(int=next(numbers))),
                samples=samples,
                contacts=_all_here(plan) if index == 0 else (),
                reports=_all_follow(state),
            ),
            Instant(monotonic_s=(now_ms - from_ms) / 1000, utc_ms=now_ms),
        )
        state = done.state
        runs.extend(done.runs)
        for decision in done.decisions:
            ledger.note(decision, now_ms)
    ledger.close(through_ms)
    return Preview(
        runs=tuple(runs[:MAX_STRETCHES]),
        stretches=tuple(ledger.stretches[:MAX_STRETCHES]),
        truncated=max(len(runs), len(ledger.stretches)) > MAX_STRETCHES,
    )


class _Ledger:
    """The stretches of every actuator, the last of each still open."""

    def __init__(self) -> None:
        self.stretches: list[Stretch] = []
        self._open: dict[DeviceId, Stretch] = {}

    def note(self, decision: Decision, now_ms: int) -> None:
        """Note what an actuator does at a moment."""
        before = self._open.get(decision.device_id)
        source, reason = decision.source.value, decision.reason
        if before is not None:
            if (before.level, before.source, before.reason) == (decision.target, source, reason):
                return
            self._end(before, now_ms)
        self._open[decision.device_id] = Stretch(
            device_id=decision.device_id,
            from_ms=now_ms,
            through_ms=now_ms,
            level=decision.target,
            source=source,
            reason=reason,
        )

    def close(self, through_ms: int) -> None:
        """End what is still open."""
        for stretch in self._open.values():
            self._end(stretch, through_ms)
        self.stretches.sort(key=_begin)

    def _end(self, stretch: Stretch, through_ms: int) -> None:
        if len(self.stretches) <= MAX_STRETCHES:
            self.stretches.append(replace(stretch, through_ms=through_ms))


def _begin(stretch: Stretch) -> int:
    return stretch.from_ms


def _grouped(
    history: Iterable[Reading], from_ms: int, through_ms: int, step_ms: int
) -> Iterator[tuple[int, tuple[Sample, ...]]]:
    """Yield every step with what was measured since the one before it."""
    waiting = iter(history)
    following = next(waiting, None)
    for now_ms in range(from_ms, through_ms, step_ms):
        samples: list[Sample] = []
        while following is not None and following.t_ms <= now_ms:
            if following.t_ms > now_ms - step_ms:
                samples.append(
                    Sample(
                        device_id=following.device_id,
                        quantity=following.quantity,
                        value=following.value,
                    )
                )
            following = next(waiting, None)
        yield now_ms, tuple(samples)


def _all_here(plan: Plan) -> tuple[Contact, ...]:
    return tuple(Contact(device_id=device_id, online=True) for device_id in plan.actuators)


def _all_follow(state: State) -> tuple[Report, ...]:
    return tuple(
        Report(device_id=device_id, level=relay.target)
        for device_id, relay in state.relays.items()
        if (known := state.known.get(device_id)) is not None and known.level != relay.target
    )
