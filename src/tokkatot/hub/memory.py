"""What the engine must not forget over a restart: raised alarms and latches."""

from typing import Final

import msgspec
from msgspec import Struct

from tokkatot.automation.state import Alarm, AlarmKey, DryRun, State
from tokkatot.domain.alerts import AlertType
from tokkatot.domain.ids import AlertId, DeviceId, HouseId

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


class _Memory(Struct, frozen=True):
    raised: tuple[_Raised, ...] = ()
    strikes: tuple[_Strikes, ...] = ()


def remember(state: State) -> bytes:
    """Return what is to be kept of a state; equal states give equal bytes."""
    return msgspec.json.encode(
        _Memory(
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
    )
