"""Rows of a hub's events, handed to the rooms that they concern."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from uuid import UUID

import msgspec
import psycopg
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tokkatot.cloud.alerts import service as alerts
from tokkatot.cloud.commands import photographs
from tokkatot.cloud.commands import service as commands
from tokkatot.cloud.detections import service as detections
from tokkatot.cloud.devices.hubs import note_unknown_device
from tokkatot.cloud.farms import stops
from tokkatot.cloud.farms import store as farms
from tokkatot.cloud.intelligence import service as intelligence
from tokkatot.cloud.platform import audit
from tokkatot.cloud.platform.base import JsonObject
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.schedules import executions
from tokkatot.cloud.sync.store import HubRecord
from tokkatot.cloud.telemetry.intake import credible, storable
from tokkatot.cloud.telemetry.states import apply_states
from tokkatot.domain.alerts import Severity
from tokkatot.domain.quantities import Refusal
from tokkatot.wire import autopilot, pictures
from tokkatot.wire.cursor import RefusedRow
from tokkatot.wire.messages import (
    AlertRow,
    CommandRow,
    DeviceStateRow,
    EventRow,
    GapRow,
    ReadingRow,
    Row,
    ScheduleRunRow,
)

_REFUSED_BY_DATABASE = "the database can't hold it"


@dataclass(slots=True)
class _After:
    """What rows leave to be done when all of them are stored."""

    told: alerts.Told = field(default_factory=alerts.Told)
    held: int = -1
    """The newest document that the hub says it holds; none: -1."""

    def add(self, other: "_After") -> None:
        """Take over what one row more has left."""
        self.told.add(other.told)
        self.held = max(self.held, other.held)


async def add_together(
    tx: Transaction, hub: HubRecord, rows: Sequence[Row], *, join: bool
) -> Sequence[RefusedRow]:
    """Store rows with as few statements as they need; return those that are not acceptable."""
    after = _After()
    refused = await _add_all(tx, hub, rows, after, join=join)
    await _end(tx, hub, after)
    # The database says what it refuses before the cursor moves.
    await tx.session.flush()
    return refused


async def add_each(
    tx: Transaction, hub: HubRecord, rows: Sequence[Row], *, join: bool
) -> Sequence[RefusedRow]:
    """Store rows each behind a savepoint; return those that are not acceptable."""
    refused: list[RefusedRow] = []
    after = _After()
    for row in rows:
        fresh = _After()
        try:
            async with tx.savepoint():
                bad = await _add_all(tx, hub, [row], fresh, join=join)
                await tx.session.flush()
        except (DBAPIError, psycopg.DataError) as error:
            cause = error.orig if isinstance(error, DBAPIError) else error
            if not isinstance(cause, (psycopg.DataError, psycopg.IntegrityError)):
                raise
            refused.append(_refused(row, _REFUSED_BY_DATABASE))
        else:
            refused.extend(bad)
            after.add(fresh)
    await _end(tx, hub, after)
    await tx.session.flush()
    return refused


async def _add_all(
    tx: Transaction, hub: HubRecord, rows: Sequence[Row], after: _After, *, join: bool
) -> list[RefusedRow]:
    """Store rows, and note in `after` what they leave to be done."""
    refused: list[RefusedRow] = []
    # Told in the order of the rows: a device's new state before the order that it completes.
    for are_states, run in groupby(rows, key=lambda row: isinstance(row, DeviceStateRow)):
        if are_states:
            states = [row for row in run if isinstance(row, DeviceStateRow)]
            refused.extend(await apply_states(tx, hub.farm_id, states, join=join))
            continue
        for row in run:
            bad = await _add(tx, hub, row, after, join=join)
            if bad is not None:
                refused.append(bad)
    return refused


async def _add(
    tx: Transaction, hub: HubRecord, row: Row, after: _After, *, join: bool
) -> RefusedRow | None:
    match row:
        case CommandRow():
            return await commands.apply_row(tx, hub.farm_id, hub.hub_id, row)
        case AlertRow():
            return await alerts.apply_row(tx, hub.farm_id, hub.hub_id, row, after.told)
        case EventRow():
            return await _event(tx, hub, row, after, join=join)
        case GapRow():
            data: JsonObject = {"from": row.first, "to": row.last, "reason": row.reason}
            return await _log(tx, hub, row, row.t, "readings.gap", data, join=join)
        case ScheduleRunRow():
            return await executions.apply_row(tx, hub.farm_id, hub.hub_id, row, join=join)
        case DeviceStateRow():
            raise AssertionError("states are applied together, by the caller")
        case ReadingRow():
            raise AssertionError("readings go to the telemetry")


async def _event(
    tx: Transaction, hub: HubRecord, row: EventRow, after: _After, *, join: bool
) -> RefusedRow | None:
    match row.type:
        case "device.stranger":
            return await _unknown_device(tx, hub, row)
        case "stop.changed":
            return await _stop(tx, hub, row, join=join)
        case "alert.acknowledged":
            return await _acknowledged(tx, hub, row)
        case "schedule.asked":
            return await executions.take_request(tx, hub.farm_id, hub.hub_id, row)
        case pictures.DETECTION:
            # It has a list of its own: in the log it would drown everything else.
            return await detections.take_row(tx, hub.farm_id, hub.hub_id, row)
        case autopilot.DECIDED:
            # Every five minutes, for a list of its own too.
            return await intelligence.take_row(tx, hub.farm_id, hub.hub_id, row)
        case pictures.PHOTOGRAPH_FAILED:
            photographs.tell_failed(tx, hub.farm_id, row)
        case "desired.taken":
            version = row.data.get("version")
            if isinstance(version, int) and 0 <= version < 2**63:
                after.held = max(after.held, version)
        case _:
            pass  # what happened at the hub, for the log alone
    return await _log(tx, hub, row, row.t, row.type, row.data, join=join)


async def _stop(tx: Transaction, hub: HubRecord, row: EventRow, *, join: bool) -> RefusedRow | None:
    """Take over a stop that was pressed or lifted on the farm.

    A word to `join` may have been taken already: what came of it since then stays.
    """
    house_id, stopped = _uuid(row.data.get("house")), row.data.get("stopped")
    if house_id is None or not isinstance(stopped, bool):
        return _refused(row, "bad_event")
    at = credible(row.t, now=tx.now)
    word = (tx, hub.farm_id, hub.hub_id, house_id)
    if join and at is not None and await stops.is_taken(*word, stopped=stopped, at=at):
        return None
    found = await stops.take_stop(
        *word,
        stopped=stopped,
        by=_uuid(row.data.get("by")),
        device_id=_uuid(row.data.get("device")),
        at=at,
    )
    return None if found else _refused(row, "unknown_house")


async def _acknowledged(tx: Transaction, hub: HubRecord, row: EventRow) -> RefusedRow | None:
    """Take over that somebody on the farm has seen an alert."""
    alert_id = _uuid(row.data.get("alert"))
    if alert_id is None:
        return _refused(row, "bad_event")
    times = row.data.get("times")
    found = await alerts.take_acknowledged(
        tx,
        hub.farm_id,
        alert_id,
        by=_uuid(row.data.get("by")),
        # A hub whose clock is wrong still says what people have seen.
        at=credible(row.t, now=tx.now) or tx.now,
        # A hub of an earlier version tells each alert once.
        times=times if isinstance(times, int) else 1,
    )
    return None if found else _refused(row, "unknown_alert")


async def _log(
    tx: Transaction,
    hub: HubRecord,
    row: Row,
    t_ms: int,
    type_: str,
    data: JsonObject,
    *,
    join: bool,
) -> RefusedRow | None:
    """Add an event of a hub to the log."""
    t = credible(t_ms, now=tx.now)
    if t is None:
        return _refused(row, Refusal.BAD_TIME)
    kept = {**data, "hub": str(hub.hub_id)}
    if join and await _is_logged(tx, hub, t, type_, kept):
        return None
    device_id = _uuid(data.get("device"))
    audit.record(
        tx,
        storable(type_),
        farm_id=hub.farm_id,
        house_id=_uuid(data.get("house")) or await _house_of(tx, hub, device_id),
        device_id=device_id,
        user_id=await _person(tx, data.get("by")),
        severity=Severity.WARNING if isinstance(row, GapRow) else Severity.INFO,
        data=kept,
        t=t,
    )
    return None


async def _house_of(tx: Transaction, hub: HubRecord, device_id: UUID | None) -> UUID | None:
    """Return the house of an event that names none: the hub's only one, or its device's."""
    if hub.house_id is not None or device_id is None:
        return hub.house_id
    house_id: UUID | None = await tx.session.scalar(
        text("SELECT house_id FROM devices WHERE id = :device AND farm_id = :farm"),
        {"device": device_id, "farm": hub.farm_id},
    )
    return house_id


async def _person(tx: Transaction, by: object) -> UUID | None:
    """Return who has done it, None for whoever came by the PIN."""
    user_id = _uuid(by)
    known = user_id is not None and await farms.name_of(tx.session, user_id) is not None
    return user_id if known else None


async def _is_logged(
    tx: Transaction, hub: HubRecord, t: datetime, type_: str, data: JsonObject
) -> bool:
    found = await tx.session.scalar(
        text(
            "SELECT EXISTS (SELECT FROM events WHERE farm_id = :farm AND t = :t"
            " AND type = :type AND data = CAST(:data AS jsonb))"
        ),
        {
            "farm": hub.farm_id,
            "t": t,
            "type": storable(type_),
            "data": msgspec.json.encode(data).decode(),
        },
    )
    return bool(found)


async def _end(tx: Transaction, hub: HubRecord, after: _After) -> None:
    """Do what rows of a batch left to be done: the hub's own row is held after all its alerts.

    Whoever has seen an alert holds it, and touches its hub next.
    """
    await alerts.tell_people(tx, hub.hub_id, after.told)
    if after.held >= 0:
        await _note_held(tx, hub, after.held)


async def _note_held(tx: Transaction, hub: HubRecord, version: int) -> None:
    """Note which document a hub holds now, so that it is not sent again."""
    await tx.session.execute(
        # Passed over while a hello holds the row, which says the same: waiting for it here,
        # behind the cursor that it wants next, would be a circle.
        text(
            "UPDATE hubs SET held_version = greatest(held_version, :version) WHERE id ="
            " (SELECT id FROM hubs WHERE id = :hub FOR NO KEY UPDATE SKIP LOCKED)"
        ),
        {"version": version, "hub": hub.hub_id},
    )


async def _unknown_device(tx: Transaction, hub: HubRecord, row: EventRow) -> RefusedRow | None:
    """List a device that a hub heard and nobody registered."""
    hardware_id, driver = row.data.get("hardware_id"), row.data.get("driver")
    if not isinstance(hardware_id, str) or not isinstance(driver, str):
        return _refused(row, "bad_event")
    await note_unknown_device(
        tx,
        hub.farm_id,
        hub.hub_id,
        hardware_id=storable(hardware_id),
        driver=storable(driver),
        detail=storable(str(row.data.get("detail") or "")),
    )
    return None


def _uuid(value: object) -> UUID | None:
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _refused(row: Row, reason: str) -> RefusedRow:
    return RefusedRow(seq=row.seq, raw=msgspec.json.encode(row).decode(), reason=reason)
