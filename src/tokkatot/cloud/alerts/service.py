"""What happens to an alert, from its hub's word or the cloud's own watch to its end."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from tokkatot.cloud.accounts import store as accounts_store
from tokkatot.cloud.accounts.model import User
from tokkatot.cloud.alerts import messages, store
from tokkatot.cloud.alerts.model import Alert
from tokkatot.cloud.farms import store as farms_store
from tokkatot.cloud.farms.hubs import touch_hub
from tokkatot.cloud.farms.model import House
from tokkatot.cloud.platform import audit
from tokkatot.cloud.platform.audit import NOWHERE, Origin
from tokkatot.cloud.platform.base import JsonObject
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.problems import Conflict, NotFound
from tokkatot.cloud.telemetry.intake import credible
from tokkatot.domain.alerts import (
    ALERT_TRANSITIONS,
    CLOUDS_OWN,
    SEVERITIES,
    SEVERITY_ORDER,
    AlertEvent,
    AlertState,
    AlertType,
    Severity,
)
from tokkatot.domain.ids import FarmId, HubId, UserId
from tokkatot.kit.clock import to_rfc3339
from tokkatot.wire.cursor import RefusedRow
from tokkatot.wire.messages import AlertRow

K = TypeVar("K", bound=Hashable)

OFF_SHELF_WITHIN = timedelta(seconds=60)
"""What a hub takes at most to say again what rests no longer."""
RAISED = frozenset({"alert.raised", "alert.raised_again"})


async def views(tx: Transaction, alerts: Sequence[Alert]) -> list[JsonObject]:
    """Return alerts as screens show them."""
    people = await accounts_store.names(tx.session, [alert.acknowledged_by for alert in alerts])
    things = await store.device_names(tx.session, [alert.device_id for alert in alerts])
    return [
        {
            "id": str(alert.id),
            "house_id": None if alert.house_id is None else str(alert.house_id),
            "device_id": None if alert.device_id is None else str(alert.device_id),
            "device_name": None if alert.device_id is None else things.get(alert.device_id),
            "type": alert.type.value,
            "severity": alert.severity.value,
            "state": alert.state.value,
            "name": alert.name,
            "about": alert.about,
            "under": None if alert.under is None else str(alert.under),
            "times": alert.times,
            "flaps": alert.flaps,
            "shelved_until": None
            if alert.shelved_until is None
            else to_rfc3339(alert.shelved_until),
            "threshold": alert.threshold,
            "actual": alert.actual,
            "raised_at": to_rfc3339(alert.raised_at),
            "cleared_at": None if alert.cleared_at is None else to_rfc3339(alert.cleared_at),
            "acknowledged_by": None
            if alert.acknowledged_by is None
            else {
                "id": str(alert.acknowledged_by),
                "name": people.get(alert.acknowledged_by, ""),
            },
            "acknowledged_at": None
            if alert.acknowledged_at is None
            else to_rfc3339(alert.acknowledged_at),
        }
        for alert in alerts
    ]


def worst(found: Iterable[tuple[K, Severity]]) -> Mapping[K, Severity]:
    """Return the worst severity under each key."""
    result: dict[K, Severity] = {}
    for key, severity in found:
        before = result.get(key, severity)
        result[key] = min(before, severity, key=SEVERITY_ORDER.index)
    return result


@dataclass(slots=True)
class Told:
    """What a hub has told of alerts, and people are to be told at the end of its batch."""

    raised: list[UUID] = field(default_factory=list)
    off_shelf: bool = False
    """Some were raised again that somebody has seen since their rest: the hub is to know."""

    def add(self, other: "Told") -> None:
        """Take over what one row more has told."""
        self.raised.extend(other.raised)
        self.off_shelf |= other.off_shelf


async def apply_row(
    tx: Transaction, farm_id: FarmId, hub_id: HubId, row: AlertRow, told: Told
) -> RefusedRow | None:
    """Record what a hub says of an alert; return the row where it can't be so.

    What is left to do is noted in `told`: `tell_people` is for the end of the batch.
    """
    try:
        alert_id, type_, house_id = UUID(row.alert), AlertType(row.type), UUID(row.house)
        device_id = None if row.device is None else UUID(row.device)
    except ValueError:
        return _refused(row, "bad_alert")
    # A hub whose clock is wrong still says what is wrong in its house.
    said_at = credible(row.t, now=tx.now)
    t = said_at or tx.now
    alert = await store.locked(tx.session, alert_id)
    if alert is not None and alert.hub_id != hub_id:
        return _refused(row, "other_hub")
    if alert is None:
        if not await _in_farm(tx, farm_id, house_id, device_id):
            return _refused(row, "unknown_house_or_device")
        alert = Alert(
            id=alert_id,
            farm_id=farm_id,
            house_id=house_id,
            device_id=device_id,
            hub_id=hub_id,
            type=type_,
            raised_at=t,
            about=row.about,
            name=row.name,
            state=AlertState.NORMAL,
            times=0,
        )
        tx.session.add(alert)
    # Where its beginning was thinned out at the hub, what is left still says that it happened.
    tells = row.change != "cleared" or alert.times == 0
    if tells and (row.times > alert.times or _is_later(alert, said_at)):
        alert.hub_told_at = said_at
        told.off_shelf |= await _take_raised(tx, alert, row, at=t)
        told.raised.append(alert_id)
    # An old end that comes again is none of what was raised since.
    if row.change == "cleared" and (row.times >= alert.times or _is_later(alert, said_at)):
        await clear(tx, alert, at=t, unheard=row.shelved or row.under is not None)
    return None


def _is_later(alert: Alert, said_at: datetime | None) -> bool:
    """Tell whether a hub says something after it had told an alert last.

    On a restored card it counts again from where that was: only its clock tells what is new.
    """
    before = alert.hub_told_at
    return said_at is not None and before is not None and said_at > before


async def _take_raised(tx: Transaction, alert: Alert, row: AlertRow, *, at: datetime) -> bool:
    """Note that a hub has raised an alert, or raised it again; tell whether it stands as seen."""
    again = alert.times > 0
    seen_by, seen_at = alert.acknowledged_by, alert.acknowledged_at
    is_seen = await _was_seen_off_its_shelf(tx, alert, row)
    alert.state = ALERT_TRANSITIONS[
        alert.state,
        # What somebody saw while its hub was away comes again as from the beginning.
        AlertEvent.RAISED if alert.state is AlertState.NORMAL else AlertEvent.RAISED_AGAIN,
    ]
    alert.severity = SEVERITIES[alert.type] if row.severity is None else Severity(row.severity)
    alert.threshold, alert.actual = row.threshold, row.actual
    alert.times, alert.flaps, alert.told_at = row.times, row.flaps, tx.now
    alert.under, alert.shelved = _uuid_or_none(row.under), row.shelved
    alert.cleared_at = alert.acknowledged_at = alert.acknowledged_by = None
    shelf = await store.shelf_of(tx.session, alert) if row.shelved else None
    alert.shelved_until = None if shelf is None else shelf.until
    alert.escalated = 0
    await tell(tx, alert, "alert.raised_again" if again else "alert.raised", t=at)
    if is_seen and seen_at is not None:
        await _acknowledge(tx, alert, None if seen_by is None else UserId(seen_by), at=seen_at)
        return True
    return False


async def _was_seen_off_its_shelf(tx: Transaction, alert: Alert, row: AlertRow) -> bool:
    """Tell whether a hub says again only what somebody has seen since its rest was over.

    It does so as it hears of the end, a moment later than the person who has ended it.
    """
    if alert.acknowledged_at is None or alert.cleared_at is not None:
        return False
    if row.shelved or row.times != alert.times + 1:
        return False
    shelf = await store.shelf_of(tx.session, alert)
    return shelf is not None and tx.now - OFF_SHELF_WITHIN < shelf.until < alert.acknowledged_at


async def tell_people(tx: Transaction, hub_id: HubId, told: Told) -> None:
    """Tell people of alerts as they stand after all that their hub had to say, of each once."""
    for alert in await store.some(tx.session, list(dict.fromkeys(told.raised))):
        if alert.under is None and not alert.shelved:
            await messages.tell_people(tx, alert)
    if told.off_shelf:
        await touch_hub(tx, hub_id)


async def acknowledge(tx: Transaction, farm_id: FarmId, alert_id: UUID, user_id: UserId) -> Alert:
    """Note that a person has seen an alert; a second time changes nothing.

    Raises:
        NotFound: when the farm has no such alert.
        Conflict: when nobody needs to see it any more.
    """
    alert = await store.locked(tx.session, alert_id)
    if alert is None or alert.farm_id != farm_id:
        raise NotFound("alert")
    if alert.acknowledged_at is not None:
        return alert
    if not await _acknowledge(tx, alert, user_id, at=tx.now):
        raise Conflict("conflict", "The alert is over.")
    if alert.type not in CLOUDS_OWN:
        # Its siren rests, and it is not told again before it has to be.
        await touch_hub(tx, HubId(alert.hub_id))
    return alert


async def take_acknowledged(
    tx: Transaction,
    farm_id: FarmId,
    alert_id: UUID,
    *,
    by: UUID | None,
    at: datetime,
    times: int,
) -> bool:
    """Note that somebody has seen an alert at the hub; False: the farm has no such alert.

    What was told again since they looked they have not seen.
    """
    alert = await store.locked(tx.session, alert_id)
    if alert is None or alert.farm_id != farm_id:
        return False
    if alert.acknowledged_at is None and times >= alert.times:
        known = by if by is not None and await tx.session.get(User, by) is not None else None
        await _acknowledge(tx, alert, None if known is None else UserId(known), at=at)
    return True


async def _acknowledge(
    tx: Transaction, alert: Alert, user_id: UserId | None, *, at: datetime
) -> bool:
    after = ALERT_TRANSITIONS.get((alert.state, AlertEvent.ACKNOWLEDGE))
    if after is None:
        return False
    alert.state = after
    alert.acknowledged_by, alert.acknowledged_at = user_id, at
    await tell(tx, alert, "alert.acknowledged", t=at, user_id=user_id)
    # Who has seen that many fail has seen each of them.
    for member in await store.unseen_under(tx.session, alert.id):
        await _acknowledge(tx, member, user_id, at=at)
    return True


async def raise_in_house(
    tx: Transaction, house: House, type_: AlertType, *, threshold: float, actual: float
) -> None:
    """Raise what the cloud sees of a house; of one without a hub nobody is told."""
    hub = await farms_store.hub_for_house(tx.session, house.farm_id, house.id)
    if hub is not None:
        place = {"farm_id": house.farm_id, "house_id": house.id, "hub_id": hub.id}
        await raise_own(tx, place, type_, threshold=threshold, actual=actual)


async def raise_own(
    tx: Transaction,
    place: Mapping[str, UUID | None],
    type_: AlertType,
    *,
    threshold: float,
    actual: float,
) -> Alert | None:
    """Raise what the cloud itself sees; None where it is raised already.

    `place` says where, and under which alert, where it is told with another one.
    """
    alert = await tx.session.scalar(
        insert(Alert)
        .values(
            id=tx.new_id(),
            **place,
            type=type_,
            severity=SEVERITIES[type_],
            state=AlertState.UNACKNOWLEDGED,
            threshold=threshold,
            actual=actual,
            raised_at=tx.now,
            told_at=tx.now,
        )
        # Another process may look at the same moment: one of them raises it.
        .on_conflict_do_nothing()
        .returning(Alert)
    )
    if alert is not None:
        await tell(tx, alert, "alert.raised")
        if alert.under is None:
            await messages.tell_people(tx, alert)
    return alert


async def clear(tx: Transaction, alert: Alert, *, at: datetime, unheard: bool = False) -> None:
    """End an alert whose condition is over."""
    event = AlertEvent.CLEARED_UNHEARD if unheard else AlertEvent.CLEARED
    after = ALERT_TRANSITIONS.get((alert.state, event))
    if after is None:
        return
    alert.state = after
    alert.cleared_at = at
    await tell(tx, alert, "alert.cleared", t=at)


async def tell(
    tx: Transaction,
    alert: Alert,
    event: str,
    *,
    t: datetime | None = None,
    user_id: UserId | None = None,
    origin: Origin = NOWHERE,
) -> None:
    """Log what happened to an alert, and tell the farm's screens."""
    view = (await views(tx, [alert]))[0]
    tx.emit(FarmId(alert.farm_id), "alert.changed", view)
    audit.record(
        tx,
        event,
        farm_id=alert.farm_id,
        house_id=alert.house_id,
        device_id=alert.device_id,
        user_id=user_id,
        severity=alert.severity if event in RAISED else Severity.INFO,
        data={
            "alert": str(alert.id),
            "type": alert.type.value,
            **({} if alert.name is None else {"name": alert.name}),
            **({} if alert.under is None else {"under": str(alert.under)}),
            "threshold": alert.threshold,
            "actual": alert.actual,
        },
        t=t,
        origin=origin,
    )


async def _in_farm(
    tx: Transaction, farm_id: FarmId, house_id: UUID, device_id: UUID | None
) -> bool:
    found = await tx.session.scalar(
        text(
            "SELECT EXISTS (SELECT FROM houses WHERE id = :house AND farm_id = :farm)"
            " AND (CAST(:device AS uuid) IS NULL OR EXISTS ("
            "  SELECT FROM devices WHERE id = :device AND farm_id = :farm))"
        ),
        {"house": house_id, "farm": farm_id, "device": device_id},
    )
    return bool(found)


def _uuid_or_none(word: str | None) -> UUID | None:
    try:
        return None if word is None else UUID(word)
    except ValueError:
        return None


def _refused(row: AlertRow, reason: str) -> RefusedRow:
    return RefusedRow(seq=row.seq, raw=msgspec.json.encode(row).decode(), reason=reason)
