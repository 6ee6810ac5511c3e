"""What became of each run of a schedule: as its hub says, and as somebody asked for it."""

from datetime import timedelta
from uuid import UUID

import msgspec

from tokkatot.automation.runs import LONGEST_ANSWER_S, LONGEST_WINDOW_S, Outcome
from tokkatot.cloud.commands import store as command_store
from tokkatot.cloud.farms import store as farms_store
from tokkatot.cloud.farms.access import FarmAccess
from tokkatot.cloud.farms.hubs import CHANNEL as HUBS_CHANNEL
from tokkatot.cloud.farms.hubs import listening, touch_hub
from tokkatot.cloud.platform import audit
from tokkatot.cloud.platform.audit import Origin
from tokkatot.cloud.platform.base import JsonObject
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.problems import Conflict
from tokkatot.cloud.schedules import store
from tokkatot.cloud.schedules.model import Execution
from tokkatot.cloud.schedules.service import schedule_in, schedule_of
from tokkatot.cloud.schedules.views import execution_views
from tokkatot.cloud.telemetry.intake import credible, storable
from tokkatot.domain.alerts import Severity
from tokkatot.domain.commands import Reason
from tokkatot.domain.ids import FarmId, HubId, ScheduleId
from tokkatot.domain.quantities import Refusal
from tokkatot.domain.schedules import Schedule, TemperatureCurve, VentilationCurve
from tokkatot.domain.schedules import Sequence as Steps
from tokkatot.kit.clock import to_rfc3339
from tokkatot.wire.cursor import RefusedRow
from tokkatot.wire.messages import EventRow, ScheduleRunRow

LIFETIME = timedelta(seconds=30)
"""How long a wish to run a schedule now may be on its way, as for an order to switch on."""
MAX_WAITING = 5
"""More wishes than this can't wait for one schedule; a person taps less."""
KEPT = timedelta(days=400)
ENDED_AT_ONCE = 500


async def request(
    tx: Transaction, access: FarmAccess, schedule_id: ScheduleId, *, origin: Origin
) -> Execution:
    """Ask the hub of a schedule's house to run it now.

    Raises:
        NotFound: when the farm has no such schedule.
        Conflict: when it has no runs, or nobody could carry it out now; nothing is queued then.
    """
    current = await schedule_in(tx, access.farm_id, schedule_id)
    schedule = schedule_of(current.stored, current.version)
    if isinstance(schedule.does, TemperatureCurve | VentilationCurve):
        raise Conflict("conflict", "This schedule holds all the time: there is nothing to start.")
    serving = await farms_store.hub_for_house(tx.session, access.farm_id, schedule.house_id)
    hub = listening(serving, tx.now)
    if await store.waiting_for(tx.session, schedule_id) >= MAX_WAITING:
        raise Conflict("conflict", "Too many runs of this schedule are asked for already.")
    caller = access.caller
    execution = Execution(
        id=tx.new_id(),
        farm_id=access.farm_id,
        schedule_id=schedule_id,
        hub_id=hub.id,
        due_at=tx.now,
        requested_by=caller.user_id,
        expires_at=tx.now + LIFETIME,
        answer_by=tx.now + LIFETIME + _longest_answer(schedule),
    )
    tx.session.add(execution)
    data = {"schedule": str(schedule_id), "name": schedule.name, "request": str(execution.id)}
    audit.record(
        tx,
        "schedule.requested",
        farm_id=access.farm_id,
        house_id=schedule.house_id,
        user_id=caller.user_id,
        data=data,
        origin=origin,
    )
    await _emit(tx, execution)
    if caller.is_staff and await command_store.joined_after(
        tx.session, caller.user_id, hub.desired_at
    ):
        # The hub obeys whom its document names, and this one is older than the person's account.
        await touch_hub(tx, HubId(hub.id))
    tx.notify(HUBS_CHANNEL, str(hub.id))
    return execution


async def take_request(
    tx: Transaction, farm_id: FarmId, hub_id: HubId, row: EventRow
) -> RefusedRow | None:
    """Keep what somebody asked of a schedule at its hub; return the row where it can't be so."""
    try:
        schedule_id, request_id, by = (
            UUID(str(row.data.get(key))) for key in ("schedule", "request", "by")
        )
    except ValueError:
        return _refused(row, "bad_request")
    # A hub whose clock is wrong still says what people asked of it.
    at = credible(row.t, now=tx.now) or tx.now
    if await store.locked_execution(tx.session, request_id) is not None:
        return None
    known = await farms_store.name_of(tx.session, by) is not None
    execution = Execution(
        id=request_id,
        farm_id=farm_id,
        schedule_id=schedule_id,
        hub_id=hub_id,
        due_at=at,
        # The hub knows of it first: there is nothing to send, and its word comes behind this one.
        sent_at=at,
        requested_by=by if known else None,
        # From now on, for its clock may be wrong and its line may have been down for days.
        answer_by=tx.now + LIFETIME + await _answer_of(tx, farm_id, ScheduleId(schedule_id)),
    )
    tx.session.add(execution)
    head = (await store.heads(tx.session, farm_id, [schedule_id])).get(schedule_id)
    audit.record(
        tx,
        "schedule.requested",
        farm_id=farm_id,
        house_id=None if head is None else head.house_id,
        user_id=execution.requested_by,
        data={
            "schedule": str(schedule_id),
            "name": None if head is None else head.name,
            "request": str(request_id),
            "origin": "farm",
        },
        t=at,
    )
    await _emit(tx, execution)
    return None


def mark_sent(tx: Transaction, execution: Execution) -> None:
    """Note that a wish was handed to the broker; it is locked by the caller."""
    assert execution.sent_at is None, "a wish is sent once"
    execution.sent_at = tx.now


async def end_unanswered(tx: Transaction) -> int:
    """End wishes that were not sent or not answered in time; return how many."""
    overdue = await store.unanswered(tx.session, tx.now, ENDED_AT_ONCE)
    for execution in overdue:
        execution.outcome = Outcome.SKIPPED
        execution.reason = Reason.EXPIRED if execution.sent_at is None else Reason.NO_ANSWER
        execution.at = tx.now
        await _emit(tx, execution)
    return len(overdue)


async def apply_row(
    tx: Transaction, farm_id: FarmId, hub_id: HubId, row: ScheduleRunRow, *, join: bool
) -> RefusedRow | None:
    """Keep what a hub says of a run; return the row where it can't be so.

    Rows to `join` may be stored already, under an epoch that the hub has forgotten.
    """
    try:
        schedule_id = UUID(row.schedule)
        request_id = None if row.request is None else UUID(row.request)
    except ValueError:
        return _refused(row, "bad_schedule")
    due_at, at = credible(row.due, now=tx.now), credible(row.t, now=tx.now)
    if join and request_id is None and (due_at is None or at is None):
        # Whether it is stored already can't be told.
        return _refused(row, Refusal.BAD_TIME)
    # A hub whose clock is wrong still says what it has run: it counts as heard of now.
    at = at or tx.now
    due_at = due_at or at
    asked = None if request_id is None else await store.locked_execution(tx.session, request_id)
    if asked is not None and asked.hub_id != hub_id:
        return _refused(row, "other_hub")
    if asked is not None and asked.heard_at is not None:
        return None
    execution = asked or Execution(
        id=request_id or tx.new_id(), farm_id=farm_id, schedule_id=schedule_id, hub_id=hub_id
    )
    execution.due_at, execution.at, execution.heard_at = due_at, at, tx.now
    execution.outcome = Outcome(row.outcome)
    execution.reason = None if row.reason is None else storable(row.reason)
    if join and request_id is None and await store.is_kept(tx.session, execution):
        return None
    tx.session.add(execution)
    await _log(tx, execution)
    await _emit(tx, execution)
    return None


async def _log(tx: Transaction, execution: Execution) -> None:
    """Put an outcome into the event log; a run that failed is a warning."""
    assert execution.outcome is not None, "it has just come"
    heads = await store.heads(tx.session, execution.farm_id, [execution.schedule_id])
    head = heads.get(execution.schedule_id)
    data: JsonObject = {
        "schedule": str(execution.schedule_id),
        "name": None if head is None else head.name,
        "due": to_rfc3339(execution.due_at),
        "reason": execution.reason,
        "execution": str(execution.id),
        "hub": str(execution.hub_id),
    }
    audit.record(
        tx,
        f"schedule.{execution.outcome}",
        farm_id=execution.farm_id,
        house_id=None if head is None else head.house_id,
        user_id=execution.requested_by,
        severity=Severity.WARNING if execution.outcome is Outcome.FAILED else Severity.INFO,
        data=data,
        t=execution.at,
    )


async def _emit(tx: Transaction, execution: Execution) -> None:
    farm_id = FarmId(execution.farm_id)
    (view,) = await execution_views(tx, farm_id, [execution])
    tx.emit(farm_id, "schedule.executed", view)


async def _answer_of(tx: Transaction, farm_id: FarmId, schedule_id: ScheduleId) -> timedelta:
    """Return how long a run of a schedule may take, of one that is gone or unreadable too."""
    found = await store.one(tx.session, farm_id, schedule_id)
    try:
        return _longest_answer(None if found is None else schedule_of(found.stored, found.version))
    except (msgspec.ValidationError, TypeError, ValueError):
        return _longest_answer(None)


def _longest_answer(schedule: Schedule | None) -> timedelta:
    """Return how long a run may take from its beginning to its outcome."""
    does = None if schedule is None else schedule.does
    steps_s = sum(step.run_s + step.rest_s for step in does.steps) if isinstance(does, Steps) else 0
    return timedelta(seconds=LONGEST_WINDOW_S + LONGEST_ANSWER_S + steps_s)


def _refused(row: ScheduleRunRow | EventRow, reason: str) -> RefusedRow:
    return RefusedRow(seq=row.seq, raw=msgspec.json.encode(row).decode(), reason=reason)
