"""What the engine must not forget over a restart: heat, doubts, alarms, latches, relays, runs."""

from collections.abc import Iterator, Mapping
from math import ceil
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from tokkatot.automation.conditions import NOT_HELD, Held
from tokkatot.automation.guards import COOL_DOWN_S, DRY_RUN_RETRY_S, STARTS_WINDOW_S
from tokkatot.automation.plausibility import stuck_from_s
from tokkatot.automation.state import (
    Alarm,
    AlarmKey,
    Booked,
    Climate,
    DryRun,
    Relay,
    Running,
    State,
)
from tokkatot.automation.timeline import Span, Timeline
from tokkatot.domain.alerts import AlertState, AlertType
from tokkatot.domain.devices import OFF, Level
from tokkatot.domain.ids import AlertId, DeviceId, HouseId, ScheduleId
from tokkatot.domain.quantities import Quantity

NAME: Final = "engine"

NONE_BEGUN: Final[Mapping[ScheduleId, frozenset[int]]] = {}

_UNSURE_MINUTES: Final = 2
"""Both ends of a time are cut to whole minutes, and what was kept may be a minute old."""


class _Raised(Struct, frozen=True, array_like=True):
    """An alarm that was told: without its id it could never be cleared or come again."""

    type: AlertType
    house_id: HouseId
    device_id: DeviceId | None
    alert_id: AlertId
    about: str | None = None
    state: AlertState = AlertState.UNACKNOWLEDGED
    times: int = 1
    under: AlertId | None = None
    shelved: bool = False
    sounds: bool = False
    flaps: bool = False


class _Strikes(Struct, frozen=True, array_like=True):
    """A pump that ran dry: a restart must not let it run again, or before its time.

    `waits` tells that it waits for its next try.
    """

    device_id: DeviceId
    strikes: int
    latched: bool
    waits: bool = False


class _Known(Struct, frozen=True, array_like=True):
    """A schedule whose due runs were told through the head of the timeline.

    `next` is when one without a clock has its next turn, in minutes of one boot. `over` tells of
    conditions that have had their run, all but `left` seconds of it, which of them hold.
    """

    schedule_id: ScheduleId
    version: int
    zone: str
    ahead: tuple[int, ...] = ()
    next: int | None = None
    over: tuple[bool, ...] = ()
    left: int = 0


class _Open(Struct, frozen=True, array_like=True):
    """A run that has begun and is not told yet."""

    schedule_id: ScheduleId
    version: int
    due_ms: int | None


class _Switched(Struct, frozen=True, array_like=True):
    """A relay that is on, or was in the last hour; the times are minutes of one boot."""

    device_id: DeviceId
    level: Level
    on_since: int | None
    cools: bool
    starts: tuple[int, ...]


class _Stood(Struct, frozen=True, array_like=True):
    """A sensor that stood still, and where: while it says that it is not believed."""

    device_id: DeviceId
    quantity: Quantity
    value: float


class _Memory(Struct, frozen=True):
    raised: tuple[_Raised, ...] = ()
    strikes: tuple[_Strikes, ...] = ()
    lived: tuple[tuple[int, int], ...] = ()
    known: tuple[_Known, ...] = ()
    runs: tuple[_Open, ...] = ()
    relays: tuple[_Switched, ...] = ()
    minute: int = 0
    """When this was kept, while there is something to tell of whose time means nothing without."""
    hot: tuple[HouseId, ...] = ()
    """The houses above their hard limit: a restart cools none, whether or not a sensor lives."""
    stood: tuple[_Stood, ...] = ()


def remember(state: State, now_s: float, head_ms: int | None = None) -> bytes:
    """Return what is to be kept of a state; within a minute equal states give equal bytes.

    `head_ms` is how far wall time is kept as lived, by default all of it: who keeps it more
    coarsely writes less often, and must keep all of it whenever a run begins or is told.
    """
    relays = tuple(_switched(state, now_s))
    has_turns = any(booked.next_s is not None for booked in state.agenda.values())
    return msgspec.json.encode(
        _Memory(
            relays=relays,
            minute=_minute(now_s) if relays or has_turns else 0,
            lived=_lived(state.timeline, head_ms),
            known=tuple(
                _booked(schedule_id, booked, state.runs.get(schedule_id), now_s)
                for schedule_id, booked in state.agenda.items()
            ),
            runs=tuple(
                _Open(schedule_id, run.version, run.due_ms)
                for schedule_id, run in state.runs.items()
                # A run that a person asked for is answered by the journal itself.
                if not run.told and run.request is None
            ),
            raised=tuple(
                _Raised(
                    key.type,
                    key.house_id,
                    key.device_id,
                    alarm.alert_id,
                    key.about,
                    alarm.state,
                    alarm.times,
                    alarm.under,
                    alarm.shelved,
                    alarm.sounds,
                    alarm.flaps,
                )
                for key, alarm in state.alarms.items()
                if alarm.alert_id is not None
            ),
            strikes=tuple(
                _Strikes(
                    device_id,
                    dry_run.strikes,
                    dry_run.latched,
                    dry_run.wait_until_s is not None and now_s < dry_run.wait_until_s,
                )
                for device_id, dry_run in state.dry_runs.items()
                if dry_run.strikes
            ),
            hot=_hot(state),
            stood=_stood(state, now_s),
        )
    )


class Memories:
    """Makes anew what is kept of a state only where something of it is new, or a minute is over."""

    def __init__(self) -> None:
        self._basis: object = None
        self._kept = b""

    def remember(self, state: State, now_s: float, head_ms: int | None) -> bytes:
        """Return what is to be kept of a state."""
        basis = (
            _minute(now_s),
            _lived(state.timeline, head_ms),
            state.relays,
            state.agenda,
            state.runs,
            state.alarms,
            state.dry_runs,
            _hot(state),
            _stood(state, now_s),
        )
        if basis != self._basis:
            self._basis = basis
            self._kept = remember(state, now_s, head_ms)
        return self._kept


def recall(
    kept: bytes | None, now_s: float, *, begun: Mapping[ScheduleId, frozenset[int]] = NONE_BEGUN
) -> State:
    """Return the state that a hub begins with; what can't be read is as if nothing was kept.

    `begun` are the due moments of runs that have begun though nothing could be kept then.
    """
    if kept is None:
        return State()
    try:
        memory = msgspec.json.decode(kept, type=_Memory)
    except msgspec.DecodeError:
        return State()
    return State(
        alarms={
            AlarmKey(
                type=one.type, house_id=one.house_id, device_id=one.device_id, about=one.about
            ): _recalled_alarm(one, now_s)
            for one in memory.raised
        },
        dry_runs={
            one.device_id: DryRun(
                strikes=one.strikes,
                latched=one.latched,
                wait_until_s=now_s + DRY_RUN_RETRY_S if one.waits else None,
            )
            for one in memory.strikes
        },
        climates={house_id: Climate(over_hard_limit=True) for house_id in memory.hot},
        stood={(one.device_id, one.quantity): one.value for one in memory.stood},
        relays={one.device_id: _recalled(one, memory.minute, now_s) for one in memory.relays},
        timeline=Timeline(lived=tuple(Span(*span) for span in memory.lived)),
        agenda={
            one.schedule_id: Booked(
                version=one.version,
                zone=one.zone,
                recalled=True,
                # Time away counts for nothing, as with relays: it may be late, never twice.
                next_s=None if one.next is None else now_s + 60.0 * (one.next - memory.minute),
                ahead=frozenset(one.ahead),
                begun=begun.get(one.schedule_id, frozenset()),
                held=tuple(Held(now_s, holds=True) if so else NOT_HELD for so in one.over),
                over=bool(one.over) and not one.left,
                left_s=float(one.left) if one.left else None,
            )
            for one in memory.known
        },
        runs={
            one.schedule_id: Running(
                schedule_id=one.schedule_id,
                version=one.version,
                due_ms=one.due_ms,
                since_s=now_s,
                until_s=None,
                retry_s=now_s,
                recalled=True,
            )
            for one in memory.runs
        },
    )


def _booked(schedule_id: ScheduleId, booked: Booked, run: Running | None, now_s: float) -> _Known:
    left = _left(booked, run, now_s)
    had_run = booked.over or left is not None
    return _Known(
        schedule_id,
        booked.version,
        booked.zone,
        tuple(sorted(booked.ahead)),
        None if booked.next_s is None else ceil(booked.next_s / 60),
        tuple(one.holds for one in booked.held) if had_run else (),
        left or 0,
    )


def _left(booked: Booked, run: Running | None, now_s: float) -> int | None:
    """Return what a run that conditions have begun has left when this minute is over.

    Restarts may take from its longest time, and add nothing to it.
    """
    if booked.left_s is not None:
        return int(booked.left_s)
    if run is None or run.until_s is None:
        return None
    if not booked.held or run.waiting or run.request is not None:
        return None
    return max(int(run.until_s - 60 * (_minute(now_s) + 1)), 0)


def _hot(state: State) -> tuple[HouseId, ...]:
    return tuple(key for key, climate in state.climates.items() if climate.over_hard_limit)


def _stood(state: State, now_s: float) -> tuple[_Stood, ...]:
    doubted = {device_id for senses in state.senses.values() for device_id in senses.doubted}
    stand = {
        key: sensed.value
        for key, sensed in (state.sensed.items() if doubted else ())
        if key[0] in doubted and now_s >= stuck_from_s(key[1], sensed)
    }
    return tuple(
        _Stood(device_id, quantity, value)
        for (device_id, quantity), value in {**state.stood, **stand}.items()
    )


def _switched(state: State, now_s: float) -> Iterator[_Switched]:
    for device_id, relay in state.relays.items():
        starts = tuple(_minute(at_s) for at_s in relay.starts if now_s - at_s < STARTS_WINDOW_S)
        cools = relay.cool_until_s is not None and now_s < relay.cool_until_s
        rests = relay.changed_s is None or now_s - relay.changed_s >= STARTS_WINDOW_S
        if relay.target == OFF and rests and not starts and not cools:
            continue
        since_s = relay.on_since_s
        yield _Switched(
            device_id, relay.target, None if since_s is None else _minute(since_s), cools, starts
        )


def _recalled_alarm(one: _Raised, now_s: float) -> Alarm:
    """Return an alarm as if it was told just now: nobody is called again for a restart."""
    alarm = Alarm(
        alert_id=one.alert_id,
        state=one.state,
        told_s=now_s,
        times=one.times,
        under=one.under,
        shelved=one.shelved,
        sounds=one.sounds,
        flaps=one.flaps,
    )
    return replace(alarm, since_s=now_s) if alarm.stands else alarm


def _recalled(one: _Switched, kept_minute: int, now_s: float) -> Relay:
    """Return a relay as if it was switched just now, and had been on longer than it was.

    How long the hub was away is not known where it has no clock: time away counts for nothing.
    """
    on_for = None if one.on_since is None else kept_minute - one.on_since + _UNSURE_MINUTES
    return Relay(
        target=one.level,
        on_since_s=None if on_for is None else now_s - 60.0 * on_for,
        changed_s=now_s,
        cool_until_s=now_s + COOL_DOWN_S if one.cools else None,
        starts=tuple(now_s - 60.0 * max(kept_minute - at - 1, 0) for at in one.starts),
        recalled_s=now_s,
    )


def _minute(at_s: float) -> int:
    return int(at_s // 60)


def _lived(timeline: Timeline, head_ms: int | None) -> tuple[tuple[int, int], ...]:
    spans = tuple((span.after_ms, span.through_ms) for span in timeline.lived)
    if head_ms is None or not spans:
        return spans
    after_ms, through_ms = spans[-1]
    return (*spans[:-1], (after_ms, max(min(head_ms, through_ms), after_ms)))
