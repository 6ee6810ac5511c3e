"""One step of the engine: what is known becomes what every actuator is to do."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import StrEnum, unique
from itertools import zip_longest
from math import inf

from msgspec import Struct
from msgspec.structs import replace

from tokkatot.automation.alarming import SOUND, alarm, sirens
from tokkatot.automation.alarms import AlarmChange
from tokkatot.automation.arbitration import arbitrate
from tokkatot.automation.guards import (
    Guarded,
    guard,
    moved,
    settling,
    watch_dry_run,
    watch_on_time,
)
from tokkatot.automation.inputs import Asked, Inputs, Order, Release, Reset
from tokkatot.automation.instant import Instant
from tokkatot.automation.interlocks import Interlock, constrain
from tokkatot.automation.lending import borrow
from tokkatot.automation.modes import habits_of
from tokkatot.automation.perception import learn
from tokkatot.automation.plan import Actuator, Plan, Trait
from tokkatot.automation.proposals import Hold, Proposal, Source
from tokkatot.automation.rules import rule_proposal
from tokkatot.automation.ruling import rule_houses
from tokkatot.automation.runs import Answer, RunOutcome, settle
from tokkatot.automation.sameness import are_same, soon
from tokkatot.automation.scheduling import take_turn
from tokkatot.automation.setting import Setting, setting_of, with_settings
from tokkatot.automation.standard_alarms import Scene
from tokkatot.automation.state import (
    DryRun,
    Known,
    Relay,
    Running,
    State,
)
from tokkatot.automation.stillness import still_until
from tokkatot.automation.timeline import NOTHING, pass_time
from tokkatot.automation.turn import Turn
from tokkatot.automation.wishes import Wishes, wishes_of
from tokkatot.domain.devices import LONGEST_HOLD_S, OFF, Level
from tokkatot.domain.ids import CommandId, DeviceId, ScheduleId
from tokkatot.domain.schedules import Schedule

_AT_REST = Relay()
_NOT_DRY = DryRun()


class Decision(Struct, frozen=True, kw_only=True):
    """What one actuator is to do, with the trace that answers "why is it on?".

    `winner` is what was decided before the interlocks, `cut_by` names those that changed it.
    """

    device_id: DeviceId
    target: Level
    winner: Proposal
    proposals: tuple[Proposal, ...]
    cut_by: tuple[Interlock, ...] = ()

    @property
    def source(self) -> Source:
        """Return who set the target in the end."""
        return Source.INTERLOCK if self.cut_by else self.winner.source

    @property
    def reason(self) -> str:
        """Return why, in one word."""
        return self.cut_by[0] if self.cut_by else self.winner.reason


@unique
class HoldEnd(StrEnum):
    """Why a person's order is over, or did not begin."""

    LAPSED = "lapsed"
    SUPERSEDED = "superseded"
    CUT = "cut"
    REFUSED = "refused"
    UNKNOWN_DEVICE = "unknown_device"


class Ended(Struct, frozen=True, kw_only=True):
    """An order that is over; `by` is the interlock that cut or refused it."""

    command: CommandId
    device_id: DeviceId
    end: HoldEnd
    by: Interlock | None = None


class Step(Struct, frozen=True, kw_only=True):
    """What comes out of one step."""

    state: State
    decisions: tuple[Decision, ...]
    ended: tuple[Ended, ...]
    alarms: tuple[AlarmChange, ...]
    runs: tuple[RunOutcome, ...] = ()


class _Outcome(Guarded, frozen=True, kw_only=True):
    """One actuator after this step, with what was decided for it, and from what.

    Before `until_s` time alone changes nothing of it: it stays as it is until something is new.
    """

    setting: Setting
    asked: tuple[Proposal, ...]
    decision: Decision
    hold: Hold | None
    ended: tuple[Ended, ...]
    until_s: float


class _Decided(Struct, frozen=True, kw_only=True):
    """One house after this step: what was decided for its actuators, and from what."""

    setting: Setting
    known: Mapping[DeviceId, Known]
    wishes: Wishes
    outcomes: tuple[_Outcome, ...]
    decisions: tuple[Decision, ...]
    ended: tuple[Ended, ...]
    running: frozenset[DeviceId]
    until_s: float


def step(plan: Plan, state: State, inputs: Inputs, now: Instant) -> Step:
    """Decide for every actuator of the plan.

    The same plan, state, inputs and instant give the same step: nothing else is read.
    """
    now_s = now.monotonic_s
    timeline, passage = pass_time(state.timeline, now) if plan.houses else (state.timeline, NOTHING)
    learned = borrow(learn(plan, state, inputs, now_s), inputs.loans, now_s)
    settings = [setting_of(house, plan, learned, now) for house in plan.houses]
    turn = take_turn(
        plan,
        learned,
        passage,
        {setting.house.id: setting.senses.believed for setting in settings},
        asks=inputs.asks,
        now=now,
    )
    ruled = rule_houses(settings, learned, turn, now_s)
    for siren in sirens(plan, state):
        turn.asked.setdefault(siren, []).append(SOUND)
    decided = _all(settings, learned, wishes_of(learned, turn, inputs), now_s)
    runs = _settled(turn, plan.schedules, decided, learned.known, now_s) if turn.runs else {}
    scenes = _scenes(decided, turn.outcomes, now_s)
    told = alarm(plan, scenes, learned, inputs, now)
    after = replace(
        learned,
        alarms=told.alarms,
        told_s=told.told_s,
        memos=told.memos,
        settled=told.settled,
        alarmed=told,
        ruled=ruled,
        timeline=timeline,
        agenda=turn.agenda,
        runs=runs,
    )
    return Step(
        state=_with_decided(with_settings(after, settings), decided),
        decisions=tuple([decision for one in decided for decision in one.decisions]),
        ended=(*_homeless(plan, state, inputs), *[ended for one in decided for ended in one.ended]),
        alarms=told.changes,
        runs=tuple(turn.outcomes),
    )


def _all(
    settings: Sequence[Setting], state: State, wishes: Wishes, now_s: float
) -> Sequence[_Decided]:
    """Decide for one house after the other; as before, while nobody says anything new."""
    decided: list[_Decided] = []
    running: set[DeviceId] = set()
    for setting in settings:
        one = state.decided.get(setting.house.id)
        if not isinstance(one, _Decided) or one.setting is not setting:
            one = _decided(setting, (), state, wishes, running, now_s)
        elif (
            one.known is not state.known
            or now_s >= one.until_s
            or wishes.orders
            or one.wishes != wishes
        ):
            one = _decided(setting, one.outcomes, state, wishes, running, now_s)
        decided.append(one)
        running |= one.running
    return decided


def _decided(
    setting: Setting,
    before: tuple[_Outcome, ...],
    state: State,
    wishes: Wishes,
    running: AbstractSet[DeviceId],
    now_s: float,
) -> _Decided:
    """Decide for one actuator after the other: who yields comes after those to whom it yields.

    `before` is what was decided for the same setting, `running` what runs in the houses before.
    """
    beside = set(running)
    outcomes: list[_Outcome] = []
    for actuator, last in zip_longest(setting.house.actuators, before):
        outcome = _one(actuator, last, setting, state, wishes, beside, now_s)
        outcomes.append(outcome)
        if outcome.decision.target > OFF:
            beside.add(actuator.id)
    return _Decided(
        setting=setting,
        known=state.known,
        wishes=wishes,
        outcomes=tuple(outcomes),
        decisions=tuple([one.decision for one in outcomes]),
        ended=tuple([ended for one in outcomes for ended in one.ended]),
        running=frozenset(beside),
        until_s=min([one.until_s for one in outcomes], default=inf),
    )


def _one(
    actuator: Actuator,
    before: _Outcome | None,
    setting: Setting,
    state: State,
    wishes: Wishes,
    running: AbstractSet[DeviceId],
    now_s: float,
) -> _Outcome:
    hold = wishes.holds.get(actuator.id) if wishes.holds else None
    own = wishes.orders.get(actuator.id, ()) if wishes.orders else ()
    asked: tuple[Proposal, ...] = ()
    if not _must_rest(actuator, setting):
        asked = tuple(wishes.asked.get(actuator.id, ())) if wishes.asked else ()
        rule = rule_proposal(actuator, setting.climate, filling=setting.filling)
        if rule is not None:
            asked = (*asked, rule)
    if (
        before is not None
        and now_s < before.until_s
        and before.asked == asked
        and before.known is state.known[actuator.id]
        and before.hold is hold
        and not own
    ):
        return before
    guarded = _watched(actuator, setting, state, own, now_s)
    active = guard(guarded, setting.around, running, now_s)
    return _decide(guarded, setting, active, asked, hold, own, now_s)


def _must_rest(actuator: Actuator, setting: Setting) -> bool:
    """Tell whether nothing automatic moves an actuator in the mode of its house."""
    mode = setting.house.mode
    return mode is not None and actuator.role in habits_of(mode).rests


def _decide(
    guarded: Guarded,
    setting: Setting,
    active: AbstractSet[Interlock],
    asked: tuple[Proposal, ...],
    hold: Hold | None,
    orders: Sequence[Asked],
    now_s: float,
) -> _Outcome:
    ended: list[Ended] = []
    if hold is not None and now_s >= hold.until_s:
        ended.append(_ended(hold, HoldEnd.LAPSED))
        hold = None
    for order in orders:
        if isinstance(order, Reset):
            continue
        new = None if isinstance(order, Release) else _hold(order, now_s)
        if new is not None and (
            cut_by := _resolved(guarded, setting, active, asked, new, now_s).cut_by
        ):
            ended.append(_ended(new, HoldEnd.REFUSED, cut_by[0]))
            continue
        if hold is not None:
            ended.append(_ended(hold, HoldEnd.SUPERSEDED))
        hold = new
    decision = _resolved(guarded, setting, active, asked, hold, now_s)
    if hold is not None and decision.cut_by:
        # A hold that an interlock contradicts is over: it must not begin again by itself.
        ended.append(_ended(hold, HoldEnd.CUT, decision.cut_by[0]))
        hold = None
        decision = _resolved(guarded, setting, active, asked, None, now_s)
    relay = moved(guarded.relay, decision.target, now_s)
    until_s = now_s
    if relay is guarded.relay and not ended:
        until_s = still_until(guarded, now_s)
        if hold is not None:
            until_s = min(until_s, soon(hold.until_s))
    return _Outcome(
        actuator=guarded.actuator,
        known=guarded.known,
        relay=relay,
        dry_run=guarded.dry_run,
        setting=setting,
        asked=asked,
        decision=decision,
        hold=hold,
        ended=tuple(ended),
        until_s=until_s,
    )


def _resolved(
    guarded: Guarded,
    setting: Setting,
    active: AbstractSet[Interlock],
    asked: tuple[Proposal, ...],
    hold: Hold | None,
    now_s: float,
) -> Decision:
    actuator = guarded.actuator
    proposals = asked if hold is None else (hold.proposal(), *asked)
    winner = arbitrate(actuator, proposals)
    settles: AbstractSet[Interlock] = frozenset()
    if not _must_rest(actuator, setting):
        settles = settling(guarded, setting.climate, winner, now_s)
    left = constrain(
        winner.level,
        trait=actuator.trait,
        active=active | settles if settles else active,
        kept=guarded.relay.target,
    )
    return Decision(
        device_id=actuator.id,
        target=left.level,
        winner=winner,
        proposals=proposals,
        cut_by=left.cut_by,
    )


def _with_decided(state: State, decided: Sequence[_Decided]) -> State:
    """Return the state after these decisions; where all are as before, so is what is in it."""
    if are_same(decided, state.decided.values()):
        return state
    outcomes = [outcome for one in decided for outcome in one.outcomes]
    relays = {one.actuator.id: one.relay for one in outcomes}
    return replace(
        state,
        decided={one.setting.house.id: one for one in decided},
        # The same mapping where none changed, for who looks for news.
        relays=state.relays if relays == state.relays else relays,
        dry_runs={one.actuator.id: one.dry_run for one in outcomes if one.dry_run is not _NOT_DRY},
        holds={one.actuator.id: one.hold for one in outcomes if one.hold is not None},
    )


def _settled(
    turn: Turn,
    schedules: Mapping[ScheduleId, Schedule],
    decided: Sequence[_Decided],
    known: Mapping[DeviceId, Known],
    now_s: float,
) -> Mapping[ScheduleId, Running]:
    """Return the runs after their devices were told; what came of them is told in the turn."""
    by_device = {outcome.actuator.id: outcome for one in decided for outcome in one.outcomes}

    def answer(device_id: DeviceId) -> Answer | None:
        outcome = by_device.get(device_id)
        if outcome is None:
            return None
        decision = outcome.decision
        spec = outcome.actuator.spec
        return Answer(
            target=decision.target,
            winner=decision.winner,
            cut_by=decision.cut_by[0] if decision.cut_by else None,
            ventilates=spec.ventilates,
            travel_s=spec.travel_s,
        )

    runs: dict[ScheduleId, Running] = {}
    for schedule_id, run in turn.runs.items():
        schedule = schedules.get(schedule_id)
        if schedule is None:
            runs[schedule_id] = run
            continue
        left, told = settle(schedule, run, answer, known, now_s)
        if told is not None:
            turn.outcomes.append(told)
        if left is not None:
            runs[schedule_id] = left
    return runs


def _scenes(
    decided: Sequence[_Decided], runs: Sequence[RunOutcome], now_s: float
) -> Sequence[Scene]:
    return [
        Scene(
            house=one.setting.house,
            setpoints=one.setting.targets.setpoints,
            senses=one.setting.senses,
            climate=one.setting.climate,
            actuators=one.outcomes,
            known=one.known,
            runs=runs,
            now_s=now_s,
        )
        for one in decided
    ]


def _watched(
    actuator: Actuator, setting: Setting, state: State, orders: Sequence[Asked], now_s: float
) -> Guarded:
    known = state.known[actuator.id]
    relay = watch_on_time(actuator, state.relays.get(actuator.id, _AT_REST), now_s)
    dry_run = _NOT_DRY
    if actuator.trait is Trait.WATER:
        dry_run = state.dry_runs.get(actuator.id, DryRun())
        dry_run = watch_dry_run(
            actuator,
            dry_run,
            running=relay.target > OFF and known.level is not None and known.level > OFF,
            answers=known.online,
            percent=setting.senses.water_percent,
            flow_l_min=setting.senses.flow_l_min,
            now_s=now_s,
        )
        for order in orders:
            if isinstance(order, Reset):
                # Without a latch there is nothing to clear: a running pump is watched on.
                dry_run = DryRun(reset_s=now_s) if dry_run.latched else dry_run
            elif isinstance(order, Order) and order.level == OFF:
                # A person who switches the pump off has seen it: that clears the latch as well.
                dry_run = DryRun()
    return Guarded(actuator=actuator, known=known, relay=relay, dry_run=dry_run)


def _hold(order: Order, now_s: float) -> Hold:
    assert order.hold_s > 0, "an order has an end"
    return Hold(
        command=order.command,
        device_id=order.device_id,
        level=order.level,
        until_s=now_s + min(order.hold_s, LONGEST_HOLD_S),
    )


def _ended(hold: Hold, end: HoldEnd, by: Interlock | None = None) -> Ended:
    return Ended(command=hold.command, device_id=hold.device_id, end=end, by=by)


def _homeless(plan: Plan, state: State, inputs: Inputs) -> tuple[Ended, ...]:
    """Return the orders and holds whose actuator is not in the plan (any more)."""
    orders = [
        Ended(command=order.command, device_id=order.device_id, end=HoldEnd.UNKNOWN_DEVICE)
        for order in inputs.orders
        if isinstance(order, Order) and order.device_id not in plan.actuators
    ]
    holds = [
        _ended(hold, HoldEnd.UNKNOWN_DEVICE)
        for hold in state.holds.values()
        if hold.device_id not in plan.actuators
    ]
    return (*orders, *holds)
