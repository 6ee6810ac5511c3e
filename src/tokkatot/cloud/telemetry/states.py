"""What devices do, as their hubs report it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import insert, select, text

from tokkatot.cloud.devices.model import DeviceState
from tokkatot.cloud.platform.base import JsonObject
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.telemetry.equipment import fails, starts
from tokkatot.cloud.telemetry.intake import EARLIEST_MS
from tokkatot.cloud.telemetry.model import device_state_log
from tokkatot.cloud.telemetry.partitions import DAY_MS
from tokkatot.cloud.telemetry.store import CLOCK_SLACK
from tokkatot.domain.ids import FarmId
from tokkatot.domain.quantities import Refusal
from tokkatot.kit.clock import from_ms, to_ms, to_rfc3339
from tokkatot.wire.cursor import RefusedRow
from tokkatot.wire.messages import DeviceStateRow


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where a device stands."""

    device_id: UUID
    house_id: UUID


def why_view(why: Mapping[str, object] | None) -> JsonObject | None:
    """Return who won over an actuator, until when, and what cut it, as screens show it."""
    if why is None:
        return None
    until_ms = why.get("until_ms")
    return {
        "source": why["source"],
        "reason": why["reason"],
        "until": to_rfc3339(from_ms(until_ms)) if isinstance(until_ms, int) else None,
        "cut_by": why.get("cut_by") or [],
    }


def state_view(state: DeviceState, house_id: UUID) -> JsonObject:
    """Return the data of a `device.state` frame."""
    return {
        "house_id": str(house_id),
        "device_id": str(state.device_id),
        "actual": state.actual,
        "target": state.target,
        "online": state.online,
        "why": why_view(state.why),
        "error": state.error,
        "t": to_ms(state.t),
    }


_STORED_SQL: Final = """
SELECT device_id, t, actual, target, online, error, why FROM device_state_log
WHERE device_id = ANY(%s) AND t BETWEEN %s AND %s
"""


async def apply_states(
    tx: Transaction, farm_id: FarmId, rows: Sequence[DeviceStateRow], *, join: bool
) -> Sequence[RefusedRow]:
    """Keep reported states, tell listeners of the newest; return the rows of unknown devices.

    Rows to `join` may be stored already, under an epoch that the hub has forgotten.
    """
    places = await _places(tx, farm_id, rows)
    refused: list[RefusedRow] = []
    good: list[tuple[_Place, DeviceStateRow]] = []
    for row in rows:
        place = places.get(row.device)
        if place is None:
            refused.append(_refused(row, Refusal.UNKNOWN_DEVICE))
        elif not EARLIEST_MS <= row.t <= to_ms(tx.now) + DAY_MS:
            refused.append(_refused(row, Refusal.BAD_TIME))
        else:
            good.append((place, row))
    if join and good:
        stored = await _stored(tx, good)
        good = [
            (place, row) for place, row in good if _key(place.device_id, _values(row)) not in stored
        ]
    if not good:
        return refused
    await tx.session.execute(
        insert(device_state_log),
        [{"device_id": place.device_id, **_values(row)} for place, row in good],
    )
    ids = sorted({place.device_id for place, _ in good})
    found = await tx.session.scalars(
        select(DeviceState)
        .where(DeviceState.device_id.in_(ids))
        .order_by(DeviceState.device_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    states = {state.device_id: state for state in found}
    changed: dict[UUID, _Place] = {}
    for place, row in good:
        state = states.get(place.device_id)
        if state is None:
            state = states[place.device_id] = _first(place, row, now=tx.now)
            tx.session.add(state)
        elif not _follow(state, row, now=tx.now):
            continue
        changed[place.device_id] = place
    for device_id, place in changed.items():
        tx.emit(farm_id, "device.state", state_view(states[device_id], place.house_id))
    return refused


async def _stored(tx: Transaction, rows: Sequence[tuple[_Place, DeviceStateRow]]) -> set[bytes]:
    """Return what is stored of these rows' devices from the first of their times to the last."""
    times = [from_ms(row.t) for _, row in rows]
    connection = await tx.psycopg()
    ids = sorted({place.device_id for place, _ in rows})
    found = await connection.execute(_STORED_SQL, (ids, min(times), max(times)))
    names = ("t", "actual", "target", "online", "error", "why")
    return {
        _key(device_id, dict(zip(names, values, strict=True)))
        for device_id, *values in await found.fetchall()
    }


def _key(device_id: UUID, values: JsonObject) -> bytes:
    """Return what tells one report from another."""
    t: datetime = values["t"]
    return msgspec.json.encode([device_id, {**values, "t": to_ms(t)}], order="sorted")


def _first(place: _Place, row: DeviceStateRow, *, now: datetime) -> DeviceState:
    return DeviceState(
        device_id=place.device_id,
        **_values(row),
        last_seen_at=now,
        runtime_s=0.0,
        on_cycles=int(starts(None, row.actual)),
        errors=int(fails(None, row.error)),
    )


def _follow(state: DeviceState, row: DeviceStateRow, *, now: datetime) -> bool:
    """Take a newer report over and count what lies between; return False for an older one."""
    t = from_ms(row.t)
    in_future = state.t > now + CLOCK_SLACK
    if t < state.t and not in_future:
        return False
    if state.actual and state.online and not in_future:
        state.runtime_s += (t - state.t).total_seconds()
    if starts(state.actual, row.actual):
        state.on_cycles += 1
    if fails(state.error, row.error):
        state.errors += 1
    for name, value in _values(row).items():
        setattr(state, name, value)
    state.last_seen_at = now
    return True


async def _places(
    tx: Transaction, farm_id: FarmId, rows: Sequence[DeviceStateRow]
) -> Mapping[str, _Place]:
    ids: dict[UUID, str] = {}
    for row in rows:
        try:
            ids[UUID(row.device)] = row.device
        except ValueError:
            continue
    found = await tx.session.execute(
        text("SELECT id, house_id FROM devices WHERE farm_id = :farm AND id = ANY(:ids)"),
        {"farm": farm_id, "ids": list(ids)},
    )
    return {ids[row.id]: _Place(device_id=row.id, house_id=row.house_id) for row in found}


def _values(row: DeviceStateRow) -> JsonObject:
    return {
        "t": from_ms(row.t),
        "actual": row.actual,
        "target": row.target,
        "online": row.online,
        "error": row.error,
        "why": None if row.why is None else msgspec.to_builtins(row.why),
    }


def _refused(row: DeviceStateRow, reason: str) -> RefusedRow:
    return RefusedRow(seq=row.seq, raw=msgspec.json.encode(row).decode(), reason=reason)
