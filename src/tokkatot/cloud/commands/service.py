"""What happens to an order: who may give it, where it stands, when it is too late."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from sqlalchemy import select

from tokkatot.cloud.accounts import store as accounts_store
from tokkatot.cloud.commands import store
from tokkatot.cloud.commands.model import Command, Origin
from tokkatot.cloud.commands.views import command_view
from tokkatot.cloud.devices.model import Device
from tokkatot.cloud.farms.hubs import CHANNEL as HUBS_CHANNEL
from tokkatot.cloud.farms.hubs import listening, touch_hub
from tokkatot.cloud.platform import audit
from tokkatot.cloud.platform.base import JsonObject
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.problems import Conflict, NotFound, invalid_field
from tokkatot.cloud.telemetry.intake import credible, storable
from tokkatot.domain.alerts import Severity
from tokkatot.domain.commands import (
    AT_ONCE,
    Action,
    CommandState,
    Reason,
    can_move,
    is_final,
    lifetime_ms,
)
from tokkatot.domain.devices import ACTUATORS, LONGEST_HOLD_S, OFF, ON, DeviceRole, Level
from tokkatot.domain.ids import DeviceId, FarmId, HubId, UserId
from tokkatot.domain.orders import Order, OrderRefused, StateUnknown, hold_s, resolve
from tokkatot.wire import messages as wire
from tokkatot.wire.cursor import RefusedRow

MAX_OPEN_PER_DEVICE = 20
"""More orders than this can't wait for one device; a person taps less."""
EXPIRED_AT_ONCE = 500

_FINISHED_BADLY = frozenset(
    {
        CommandState.FAILED,
        CommandState.REFUSED,
        CommandState.EXPIRED,
        CommandState.INTERRUPTED,
        CommandState.UNKNOWN,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """Who asks."""

    user_id: UserId
    name: str
    is_staff: bool


async def submit(
    tx: Transaction, farm_id: FarmId, device_id: DeviceId, order: Order, issuer: Issuer
) -> Command:
    """Queue an order for the hub that drives the device, and tell the sync at once.

    Raises:
        NotFound: when the farm has no such device.
        Invalid: when the device takes no such order.
        Conflict: when nobody could carry it out now; nothing is queued then.
    """
    target = await store.target(tx.session, farm_id, device_id)
    if target is None:
        raise NotFound("device")
    device, state = target.device, target.state
    if device.role not in ACTUATORS:
        raise invalid_field("path.device", "not_an_actuator", "This device takes no orders.")
    hub = listening(target.hub, tx.now)
    if state is not None and not state.online and order.action not in AT_ONCE:
        raise Conflict("device_offline")
    action, level, held_s = _resolved(device.role, order, None if state is None else state.actual)
    if target.waiting >= MAX_OPEN_PER_DEVICE:
        raise Conflict("conflict", "Too many orders wait for this device already.")
    command = Command(
        id=tx.new_id(),
        farm_id=farm_id,
        house_id=device.house_id,
        device_id=device.id,
        hub_id=hub.id,
        origin=Origin.CLOUD,
        action=action,
        value=None if action in AT_ONCE else level,
        duration_s=None if action in AT_ONCE else held_s,
        state=CommandState.QUEUED,
        requested_by=issuer.user_id,
        requested_at=tx.now,
        expires_at=tx.now + timedelta(milliseconds=lifetime_ms(level)),
    )
    tx.session.add(command)
    await _tell(tx, command, "command.requested", name=issuer.name)
    if issuer.is_staff and await store.joined_after(tx.session, issuer.user_id, hub.desired_at):
        # The hub obeys whom its document names, and this one is older than the person's account.
        await touch_hub(tx, HubId(hub.id))
    tx.notify(HUBS_CHANNEL, str(hub.id))
    return command


def _resolved(role: DeviceRole, order: Order, actual: Level | None) -> tuple[Action, Level, int]:
    """Return what an order comes down to, and how long it holds."""
    try:
        action, level = resolve(order, actual)
        return action, level, hold_s(role, action, level, order.duration_s)
    except OrderRefused as refused:
        raise invalid_field(refused.field, refused.code, refused.detail) from refused
    except StateUnknown:
        raise Conflict("state_unknown") from None


async def cancel(
    tx: Transaction, farm_id: FarmId, device_id: DeviceId, command_id: UUID, issuer: Issuer
) -> Command:
    """Take an order back that has not been sent yet.

    Raises:
        NotFound: when the device has no such order.
        Conflict: when it is on its way or at its end.
    """
    command = await store.locked(tx.session, command_id)
    if command is None or (command.farm_id, command.device_id) != (farm_id, device_id):
        raise NotFound("command")
    if command.state is not CommandState.QUEUED:
        raise Conflict("conflict", "The order is on its way already; give the opposite one.")
    command.state = CommandState.CANCELLED
    command.finished_at = tx.now
    await _tell(tx, command, "command.cancelled", by=issuer)
    return command


async def mark_sent(tx: Transaction, command: Command) -> None:
    """Note that an order was handed to the broker; it is locked by the caller."""
    assert can_move(command.state, CommandState.SENT), "only a queued order is sent"
    command.state = CommandState.SENT
    command.sent_at = tx.now
    await _tell(tx, command)


async def expire(tx: Transaction) -> int:
    """End orders whose lifetime is over; return how many."""
    commands = await store.overdue(tx.session, tx.now, EXPIRED_AT_ONCE)
    for command in commands:
        if command.state is CommandState.QUEUED:
            command.state, command.reason = CommandState.EXPIRED, Reason.EXPIRED
        else:
            command.state, command.reason = CommandState.UNKNOWN, Reason.NO_ANSWER
        command.finished_at = tx.now
        await _tell(tx, command, f"command.{command.state}")
    return len(commands)


async def apply_row(
    tx: Transaction, farm_id: FarmId, hub_id: HubId, row: wire.CommandRow
) -> RefusedRow | None:
    """Record what a hub says of an order; return the row where it can't be so.

    An order that the cloud has not heard of was given on the farm's own network.
    """
    try:
        command_id = UUID(row.command)
    except ValueError:
        return _refused(row, "bad_command")
    # A hub whose clock is wrong still says what became of an order.
    t = credible(row.t, now=tx.now) or tx.now
    state = CommandState(row.state)
    command = await store.locked(tx.session, command_id)
    if command is None:
        command = await _given_on_the_farm(tx, farm_id, hub_id, command_id, row, t)
        if command is None:
            return _refused(row, Reason.UNKNOWN_DEVICE)
    elif command.hub_id != hub_id:
        return _refused(row, "other_hub")
    elif not can_move(command.state, state):
        # Said again, or overtaken by a later word.
        return None
    command.state = state
    command.reason = None if row.reason is None else storable(row.reason)
    if state is CommandState.EXECUTING:
        command.started_at = t
        command.finished_at = None
        command.ends_at = None if command.action in AT_ONCE else _end_of(row, t)
    if is_final(state):
        command.finished_at = t
    await _tell(tx, command, f"command.{state}" if is_final(state) else None)
    return None


async def _given_on_the_farm(
    tx: Transaction,
    farm_id: FarmId,
    hub_id: HubId,
    command_id: UUID,
    row: wire.CommandRow,
    t: datetime,
) -> Command | None:
    try:
        device_id = UUID(row.device)
        by = None if row.by is None else UUID(row.by)
    except ValueError:
        return None
    device = await tx.session.scalar(
        select(Device).where(Device.id == device_id, Device.farm_id == farm_id)
    )
    if device is None or row.level is None or not OFF <= row.level <= ON:
        return None
    if by not in await accounts_store.names(tx.session, [by]):
        by = None
    action = _action_of(row, row.level)
    holds = action not in AT_ONCE
    command = Command(
        id=command_id,
        farm_id=farm_id,
        house_id=device.house_id,
        device_id=device.id,
        hub_id=hub_id,
        origin=Origin.FARM,
        action=action,
        value=row.level if holds else None,
        duration_s=_held_s(row) if holds else None,
        requested_by=by,
        requested_at=t,
        expires_at=t + timedelta(milliseconds=lifetime_ms(row.level)),
    )
    tx.session.add(command)
    return command


def _action_of(row: wire.CommandRow, level: Level) -> Action:
    """Return what was ordered; a hub of before told the level alone."""
    if row.action is not None:
        return Action(row.action)
    return {OFF: Action.OFF, ON: Action.ON}.get(level, Action.SET_VALUE)


async def _tell(
    tx: Transaction,
    command: Command,
    event: str | None = None,
    *,
    name: str | None = None,
    by: Issuer | None = None,
) -> None:
    """Tell listeners where an order stands, and the event log where an event is named."""
    if name is None or command.requested_by is None:
        names = await accounts_store.names(tx.session, [command.requested_by])
    else:
        names = {command.requested_by: name}
    tx.emit(FarmId(command.farm_id), "command.status", command_view(command, names))
    if event is None:
        return
    data: JsonObject = {
        "command": str(command.id),
        "action": command.action.value,
        "value": command.value,
        "duration_s": command.duration_s,
        "reason": command.reason,
        "origin": command.origin.value,
    }
    audit.record(
        tx,
        event,
        farm_id=command.farm_id,
        house_id=command.house_id,
        device_id=command.device_id,
        user_id=command.requested_by if by is None else by.user_id,
        severity=Severity.WARNING if command.state in _FINISHED_BADLY else Severity.INFO,
        data=data,
    )


def _held_s(row: wire.CommandRow) -> int | None:
    """Return for how long an order holds, as far as the hub said so."""
    if row.end_ms is None:
        return None
    return min(max((row.end_ms - row.t) // 1000, 0), LONGEST_HOLD_S)


def _end_of(row: wire.CommandRow, began_at: datetime) -> datetime | None:
    held_s = _held_s(row)
    return None if held_s is None else began_at + timedelta(seconds=held_s)


def _refused(row: wire.CommandRow, reason: str) -> RefusedRow:
    return RefusedRow(seq=row.seq, raw=msgspec.json.encode(row).decode(), reason=reason)
