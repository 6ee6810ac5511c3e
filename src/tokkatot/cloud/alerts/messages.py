"""Tells people of alerts: one message each, as their subscriptions want it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from tokkatot.cloud.accounts.model import User
from tokkatot.cloud.alerts import message_store, store
from tokkatot.cloud.alerts.model import Alert, Message, MessageKind, Subscription
from tokkatot.cloud.alerts.notes import note_of
from tokkatot.cloud.alerts.subscribing import Heard, Wish, heard
from tokkatot.cloud.alerts.words import OF_DROPPINGS, Facts, unit_of
from tokkatot.cloud.channels import outgoing
from tokkatot.cloud.farms import store as farms_store
from tokkatot.cloud.farms.members import MAX_MEMBERS
from tokkatot.cloud.farms.model import Farm, House
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.problems import Conflict
from tokkatot.domain.alarms import AlarmDefinition
from tokkatot.domain.alerts import AlertState, AlertType, Severity
from tokkatot.domain.ids import FarmId
from tokkatot.domain.quantities import Quantity

SHOWN = timedelta(days=90)
KEPT = timedelta(days=730)
TEST_AGAIN_AFTER = timedelta(minutes=1)
JUST_NOW = timedelta(minutes=5)
"""What began no longer ago is told without a time."""


async def tell_people(tx: Transaction, alert: Alert) -> None:
    """Write a message to everybody on the farm who wants to hear of an alert.

    What is over, or was seen at its hub, makes no sound; of a deleted farm or house nobody is told.
    """
    farm = await tx.session.get_one(Farm, alert.farm_id)
    house = None if alert.house_id is None else await tx.session.get(House, alert.house_id)
    if farm.deleted_at is not None or (house is not None and house.deleted_at is not None):
        return
    members = await farms_store.members_of(tx.session, alert.farm_id, after=None, limit=MAX_MEMBERS)
    hearing = await _hearing(
        tx, [row.user for row in members], alert.farm_id, alert.type, alert.severity
    )
    await _tell(
        tx,
        FarmId(alert.farm_id),
        await _facts(tx, alert),
        hearing if alert.state is AlertState.UNACKNOWLEDGED else _hushed(hearing),
        severity=alert.severity,
        kind=MessageKind.ALERT,
        alert_id=alert.id,
    )


async def bring(tx: Transaction, alert: Alert, user: User) -> None:
    """Write a message to a person to whom an alert is brought, whatever they wish to hear of."""
    await _tell(
        tx,
        FarmId(alert.farm_id),
        await _facts(tx, alert),
        [(user, Heard.ALOUD)],
        severity=alert.severity,
        kind=MessageKind.ESCALATED,
        alert_id=alert.id,
    )


async def test(tx: Transaction, farm_id: FarmId, severity: Severity) -> int:
    """Tell everybody on a farm that this is a test; return how many that are.

    Raises:
        Conflict: when the farm was tested a moment ago.
    """
    await farms_store.lock_farm(tx.session, farm_id)
    since = tx.now - TEST_AGAIN_AFTER
    if await message_store.newest_test(tx.session, farm_id, since=since) is not None:
        raise Conflict("conflict", "The farm was tested a moment ago.")
    farm = await tx.session.get_one(Farm, farm_id)
    members = await farms_store.members_of(tx.session, farm_id, after=None, limit=MAX_MEMBERS)
    people = [row.user for row in members]
    hearing = await _hearing(tx, people, farm_id, AlertType.ALARM_TEST, severity)
    facts = Facts(type=AlertType.ALARM_TEST, farm=farm.name)
    return await _tell(tx, farm_id, facts, hearing, severity=severity, kind=MessageKind.TEST)


async def _hearing(
    tx: Transaction, people: Sequence[User], farm_id: UUID, kind: AlertType, severity: Severity
) -> Sequence[tuple[User, Heard]]:
    """Return the people who want to hear of it, and how."""
    wishes = await message_store.subscriptions(tx.session, [user.id for user in people], farm_id)
    found = [
        (
            user,
            heard(
                map(_wish, wishes.get(user.id, ())),
                kind,
                severity,
                _clock(tx.now, user).time(),
            ),
        )
        for user in people
    ]
    return [(user, how) for user, how in found if how is not Heard.NOT]


def _hushed(hearing: Sequence[tuple[User, Heard]]) -> Sequence[tuple[User, Heard]]:
    return [(user, Heard.QUIETLY) for user, _ in hearing]


async def _tell(
    tx: Transaction,
    farm_id: FarmId,
    facts: Facts,
    hearing: Sequence[tuple[User, Heard]],
    *,
    severity: Severity,
    kind: MessageKind,
    alert_id: UUID | None = None,
) -> int:
    written = [
        Message(
            id=tx.new_id(),
            user_id=user.id,
            farm_id=farm_id,
            alert_id=alert_id,
            kind=kind,
            severity=severity,
            t=tx.now,
            quiet=how is Heard.QUIETLY,
            facts=msgspec.to_builtins(facts),
        )
        for user, how in hearing
    ]
    if not written:
        return 0
    tx.session.add_all(written)
    languages = {user.id: user.language for user, _ in hearing}
    aloud = {message.user_id: message for message in written if not message.quiet}
    for channel in await outgoing.open_channels(tx, aloud, severity):
        user_id = channel.user_id
        outgoing.send(tx, channel, note_of(aloud[user_id], languages[user_id]))
    tx.emit(
        farm_id,
        "message.new",
        {
            "alert": None if alert_id is None else str(alert_id),
            "kind": kind.value,
            "severity": severity.value,
            "users": [str(one.user_id) for one in written if not one.quiet],
            "quietly": [str(one.user_id) for one in written if one.quiet],
        },
    )
    return len(written)


async def _facts(tx: Transaction, alert: Alert) -> Facts:
    farm = await tx.session.get_one(Farm, alert.farm_id)
    house = None if alert.house_id is None else await tx.session.get(House, alert.house_id)
    devices = await store.device_names(tx.session, [alert.device_id])
    since, until = _stretch(alert, ZoneInfo(farm.time_zone), tx.now)
    return Facts(
        type=alert.type,
        farm=farm.name,
        house=None if house is None else house.name,
        device=None if alert.device_id is None else devices.get(alert.device_id),
        # A screen says what it is by its type; what it is of stands beside.
        name=alert.about if alert.type is AlertType.CAMERA_FAILED else alert.name,
        actual=alert.actual,
        threshold=alert.threshold,
        unit=unit_of(alert.type, await _quantity(tx, alert)),
        detection=alert.about if alert.type in OF_DROPPINGS else None,
        since=since,
        until=until,
        times=alert.times,
    )


def _stretch(alert: Alert, zone: ZoneInfo, now: datetime) -> tuple[str | None, str | None]:
    """Return from when to when an alert stands, where that is not from just now on."""
    today = now.astimezone(zone).date()

    def said(moment: datetime) -> str:
        local = moment.astimezone(zone)
        if local.date() == today:
            return local.strftime("%H:%M")
        return local.strftime("%d/%m %H:%M" if local.year == today.year else "%d/%m/%Y %H:%M")

    if alert.cleared_at is not None:
        return said(alert.raised_at), said(alert.cleared_at)
    return (None if alert.raised_at > now - JUST_NOW else said(alert.raised_at)), None


async def _quantity(tx: Transaction, alert: Alert) -> Quantity | None:
    """Return what an alarm that people wrote down measures, if its definition still says so."""
    if alert.about is None or alert.house_id is None:
        return None
    stored = (await store.alarms_of(tx.session, [alert.house_id])).get(alert.house_id)
    raw = () if stored is None else stored.items
    for definition in msgspec.convert(raw, tuple[AlarmDefinition, ...]):
        if str(definition.id) == alert.about:
            return getattr(definition.watch, "quantity", None)
    return None


def _wish(subscription: Subscription) -> Wish:
    return Wish(
        types=frozenset(AlertType(word) for word in subscription.types),
        least=subscription.least,
        quiet_from=subscription.quiet_from,
        quiet_until=subscription.quiet_until,
    )


def _clock(now: datetime, user: User) -> datetime:
    return now.astimezone(ZoneInfo(user.time_zone))
