"""What the engine must not forget over a restart: alarms, latches, and which runs are told."""

from typing import Final

import msgspec
from msgspec import Struct

from tokkatot.automation.state import Alarm, AlarmKey, Booked, DryRun, Running, State
from tokkatot.automation.timeline import Span, Timeline
from tokkatot.domain.alerts import AlertType
from tokkatot.domain.ids import AlertId, DeviceId, HouseId, ScheduleId

NAME: Final = "engine"


class _Raised(Struct, frozen=True, array_like=True):
    """An alarm that was told: without its id it could never be cleared."""

    type: AlertType
    house_id: HouseId
    device_id: DeviceId | None
    alert_id: AlertId


class _Strikes(Struct, frozen=True, array_like=True):
    """A pump that ran dry: a restart must not let it run again."""

    device_id: DeviceId
    strikes: int
    latched: bool


class _Known(Struct, frozen=True, array_like=True):
    """A schedule whose due runs were told through the head of the timeline."""

    schedule_id: ScheduleId
    version: int
    zone: str


class _Open(Struct, frozen=True, array_like=True):
    """A run that has begun and is not told yet."""

    schedule_id: ScheduleId
    version: int
    due_ms: int | None


class _Memory(Struct, frozen=True):
    raised: tuple[_Raised, ...] = ()
    strikes: tuple[_Strikes, ...] = ()
    lived: tuple[tuple[int, int], ...] = ()
    known: tuple[_Known, ...] = ()
    runs: tuple[_Open, ...] = ()


def remember(state: State, head_ms: int | None = None) -> bytes:
    """Return what is to be kept of a state; equal states give equal bytes.

    `head_ms` is how far wall time is kept as lived, by default all of it: who keeps it more
    coarsely writes less often, and must keep all of it whenever a run begins or is told.
    """
    return msgspec.json.encode(
        _Memory(
            lived=_lived(state.timeline, head_ms),
            known=tuple(
                _Known(schedule_id, booked.version, booked.zone)
                for schedule_id, booked in state.agenda.items()
            ),
            runs=tuple(
                _Open(schedule_id, run.version, run.due_ms)
                for schedule_id, run in state.runs.items()
                # A run that a person asked for is answered by the journal itself.
                if not run.told and run.request is None
            ),
            raised=tuple(
                _Raised(key.type, key.house_id, key.device_id, alarm.alert_id)
                for key, alarm in state.alarms.items()
                if alarm.alert_id is not None
            ),
            strikes=tuple(
                _Strikes(device_id, dry_run.strikes, dry_run.latched)
                for device_id, dry_run in state.dry_runs.items()
                if dry_run.strikes
            ),
        )
    )


def recall(kept: bytes | None, now_s: float) -> State:
    """Return the state that a hub begins with; what can't be read is as if nothing was kept."""
    if kept is None:
        return State()
    try:
        memory = msgspec.json.decode(kept, type=_Memory)
    except msgspec.DecodeError:
        return State()
    return State(
        alarms={
            AlarmKey(type=one.type, house_id=one.house_id, device_id=one.device_id): Alarm(
                since_s=now_s, alert_id=one.alert_id
            )
            for one in memory.raised
        },
        dry_runs={
            one.device_id: DryRun(strikes=one.strikes, latched=one.latched)
            for one in memory.strikes
        },
        timeline=Timeline(lived=tuple(Span(*span) for span in memory.lived)),
        agenda={
            one.schedule_id: Booked(version=one.version, zone=one.zone, recalled=True)
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


def _lived(timeline: Timeline, head_ms: int | None) -> tuple[tuple[int, int], ...]:
    spans = tuple((span.after_ms, span.through_ms) for span in timeline.lived)
    if head_ms is None or not spans:
        return spans
    after_ms, through_ms = spans[-1]
    return (*spans[:-1], (after_ms, max(min(head_ms, through_ms), after_ms)))
