"""What the houses of a hub have to tell in one step, and which sirens sound for it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import inf

from msgspec import Struct

from tokkatot.automation.alarm_life import Condition
from tokkatot.automation.alarms import AlarmChange, Circumstances, follow, sounding
from tokkatot.automation.curves import age_of
from tokkatot.automation.evaluation import Facts
from tokkatot.automation.inputs import Inputs
from tokkatot.automation.instant import Instant
from tokkatot.automation.plan import Plan
from tokkatot.automation.proposals import Proposal, Source
from tokkatot.automation.run_alarms import failures
from tokkatot.automation.sameness import are_same
from tokkatot.automation.standard_alarms import Scene, conditions, is_under_way
from tokkatot.automation.state import Alarm, AlarmKey, Memo, Settled, State
from tokkatot.automation.watches import Watched, watch
from tokkatot.domain.devices import ON, DeviceRole
from tokkatot.domain.ids import DeviceId, HouseId
from tokkatot.domain.quantities import Quantity

SOUND = Proposal(source=Source.RULE, reason="alarm", level=ON)


class Alarmed(Struct, frozen=True, kw_only=True):
    """What is remembered of the alarms after a step, and what is to be told of them.

    All this is so until something new is seen, but not beyond `until_s`; `basis` is what was seen.
    """

    alarms: Mapping[AlarmKey, Alarm]
    told_s: tuple[float, ...]
    memos: Mapping[AlarmKey, Memo]
    settled: Mapping[HouseId, Settled]
    changes: tuple[AlarmChange, ...]
    basis: tuple[object, ...]
    shelved: frozenset[AlarmKey]
    until_s: float


def alarm(
    plan: Plan, scenes: Sequence[Scene], state: State, inputs: Inputs, now: Instant
) -> Alarmed:
    """Return the alarms after this step; the state is the one from before it, with what is new."""
    now_ms = now.utc_ms if now.utc_ms is not None else state.timeline.head_ms
    shelved = frozenset(
        [key for key, until_ms in plan.shelved if now_ms is not None and now_ms < until_ms]
    )
    before = state.alarmed
    basis = _basis(plan, scenes, state)
    if (
        isinstance(before, Alarmed)
        and now.monotonic_s < before.until_s
        and are_same(before.basis, basis)
        and before.shelved == shelved
        and not inputs.seen
    ):
        return before
    settled = _settled(plan, state.settled, now.monotonic_s)
    memos: dict[AlarmKey, Memo] = {}
    followed = follow(
        _seen(plan, scenes, state, memos, now),
        state.alarms,
        state.told_s,
        Circumstances(
            new_alert_id=inputs.new_alert_id,
            now_s=now.monotonic_s,
            seen={**plan.seen, **inputs.seen} if inputs.seen else plan.seen,
            shelved=shelved,
            settled_s={house_id: one.since_s for house_id, one in settled.items()},
        ),
    )
    return Alarmed(
        alarms=followed.alarms,
        told_s=followed.told_s,
        memos=memos,
        settled=settled,
        changes=followed.changes,
        basis=basis,
        shelved=shelved,
        until_s=min((followed.until_s, *[_same_until(scene) for scene in scenes])),
    )


def _basis(plan: Plan, scenes: Sequence[Scene], state: State) -> tuple[object, ...]:
    """Return all that alarms are reckoned from, but for the time and what people say."""
    basis: list[object] = [plan, state.alarms]
    for scene in scenes:
        basis += (scene.setpoints, scene.senses, scene.climate, scene.actuators, *scene.runs)
    return tuple(basis)


def _same_until(scene: Scene) -> float:
    """Return until when a house has the same to tell, while nothing of it is new.

    What people wrote down themselves may depend on any moment.
    """
    return scene.now_s if scene.house.watching or is_under_way(scene) else inf


def sirens(plan: Plan, state: State) -> Iterator[DeviceId]:
    """Yield the sirens that are to sound; a house without one sounds all that the hub has."""
    sounds = sounding(state.alarms)
    if not sounds:
        return
    everywhere = [one for one in plan.actuators.values() if one.role is DeviceRole.ALARM_SIREN]
    has_own = {siren.house_id for siren in everywhere}
    for siren in everywhere:
        if siren.house_id in sounds or sounds - has_own:
            yield siren.id


def _seen(
    plan: Plan,
    scenes: Sequence[Scene],
    state: State,
    memos: dict[AlarmKey, Memo],
    now: Instant,
) -> Iterator[Condition]:
    """Yield what the houses see; what their own alarms have to remember goes into `memos`."""
    watches = any(scene.house.watching for scene in scenes)
    outside = _outside(scenes) if watches else {}
    for scene in scenes:
        yield from conditions(scene, state.alarms)
        yield from failures(scene, state.alarms)
        if not scene.house.watching:
            continue
        watched = _watched(plan, scene, state, outside, now)
        for watching, condition, memo in watch(watched, state.alarms, state.memos):
            if memo is not None:
                memos[watching.key] = memo
            if condition is not None:
                yield condition


def _watched(
    plan: Plan, scene: Scene, state: State, outside: Mapping[Quantity, float], now: Instant
) -> Watched:
    house = scene.house
    today_ms = now.utc_ms if now.utc_ms is not None else state.timeline.head_ms
    age = None
    if house.flock is not None and today_ms is not None:
        age = age_of(house.flock, plan.locality.day(today_ms))
    return Watched(
        house=house,
        facts=Facts(
            believed=scene.senses.believed,
            outside=outside,
            setpoints=scene.setpoints,
            known=state.known,
            age=age,
        ),
        sensed=state.sensed,
        locality=plan.locality,
        now_s=now.monotonic_s,
        now_ms=now.utc_ms,
    )


def _outside(scenes: Iterable[Scene]) -> Mapping[Quantity, float]:
    """Return what the weather stations of all houses say together."""
    found: dict[Quantity, list[float]] = {}
    for scene in scenes:
        for probe in scene.house.probes:
            value = None if probe.inside else scene.senses.believed.alone.get(probe.key)
            if value is not None:
                found.setdefault(probe.quantity, []).append(value)
    return {quantity: sum(values) / len(values) for quantity, values in found.items()}


def _settled(
    plan: Plan, before: Mapping[HouseId, Settled], now_s: float
) -> Mapping[HouseId, Settled]:
    """Return since when each house is in its mode."""
    if len(before) == len(plan.houses) and all(
        (one := before.get(house.id)) is not None and one.mode == house.mode
        for house in plan.houses
    ):
        return before
    return {
        house.id: one
        if (one := before.get(house.id)) is not None and one.mode == house.mode
        else Settled(mode=house.mode, since_s=now_s)
        for house in plan.houses
    }
