"""Watches hubs for what only the cloud sees of them: that they are silent or send no readings."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final
from uuid import UUID

from sqlalchemy import func, select

from tokkatot.cloud.alerts import messages, service, store
from tokkatot.cloud.alerts.model import Alert
from tokkatot.cloud.alerts.store import WatchedHub
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.telemetry.listening import listening_since
from tokkatot.domain.alerts import ALERT_TRANSITIONS, AlertEvent, AlertType
from tokkatot.domain.ids import FarmId
from tokkatot.wire.session_cloud import SILENT_AFTER_S

HUB_OFFLINE_AFTER: Final = timedelta(minutes=5)
DATA_GAP_AFTER: Final = timedelta(minutes=10)
ONLINE_WITHIN: Final = timedelta(seconds=SILENT_AFTER_S)
COMES_BACK_WITHIN: Final = timedelta(seconds=60)
"""What hubs are given to come back, and to send what they kept, before they are missed."""
TOGETHER_FROM: Final = 3
"""So many hubs of a farm that are not heard have one cause: their silence is told once."""
TOGETHER_WITHIN: Final = timedelta(hours=1)
"""For so long the silence of another hub is told with the first one's."""
CLEARED_AT_ONCE: Final = 500
_LOCK: Final = 0x77617463


async def watch_hubs(tx: Transaction) -> None:
    """Raise and clear what only the cloud sees: silent hubs, hubs that send no readings.

    Nobody is called silent while the cloud itself does not listen, and for a while after it began
    to: hubs need the time to come back. Of several processes that look at once, one does it.
    """
    if not await tx.session.scalar(select(func.pg_try_advisory_xact_lock(_LOCK))):
        return
    await _clear_of_gone(tx)
    since = await listening_since(tx.session, now=tx.now)
    if since is None or since > tx.now - COMES_BACK_WITHIN:
        return
    hubs = await store.watched_hubs(tx.session)
    for _, of_farm in groupby(hubs, lambda hub: hub.farm_id):
        await _watch(tx, list(of_farm))
    await _call_for_next(tx, [hub.hub_id for hub in hubs if AlertType.HUB_OFFLINE in hub.standing])


async def _watch(tx: Transaction, hubs: Sequence[WatchedHub]) -> None:
    """Watch the hubs of a farm."""
    await _miss(tx, hubs)
    for hub in hubs:
        if _is_heard(tx, hub):
            if AlertType.HUB_OFFLINE in hub.standing:
                await _clear(tx, hub, AlertType.HUB_OFFLINE)
            await _watch_readings(tx, hub)


async def _miss(tx: Transaction, hubs: Sequence[WatchedHub]) -> None:
    """Tell which hubs of a farm have fallen silent: each, or the first for all of them."""
    silent = [
        hub
        for hub in hubs
        if hub.last_seen_at < tx.now - HUB_OFFLINE_AFTER
        and AlertType.HUB_OFFLINE not in hub.standing
    ]
    if not silent:
        return
    # Those that will be silent in a moment count: behind one modem each was heard at its own time.
    together = sum(not _is_heard(tx, hub) for hub in hubs) >= TOGETHER_FROM
    first: UUID | None = None
    if together:
        since = tx.now - TOGETHER_WITHIN
        first = await store.unseen_silence(tx.session, silent[0].farm_id, since=since)
    for hub in silent:
        alert = await _raise(
            tx,
            hub,
            AlertType.HUB_OFFLINE,
            HUB_OFFLINE_AFTER,
            since=hub.last_seen_at,
            under=first,
        )
        if together and first is None and alert is not None:
            first = alert.id


async def _watch_readings(tx: Transaction, hub: WatchedHub) -> None:
    """Watch whether a hub that is heard sends readings."""
    since = hub.readings_at or hub.opened_at
    # A sensor that reports once an hour leaves no gap of ten minutes.
    longest = max(DATA_GAP_AFTER, 2 * (hub.shortest_period or DATA_GAP_AFTER))
    # A hub that has just come back sends first what it kept.
    settled = hub.opened_at < tx.now - COMES_BACK_WITHIN
    gap = hub.shortest_period is not None and since < tx.now - longest
    if gap and settled and AlertType.DATA_GAP not in hub.standing:
        await _raise(tx, hub, AlertType.DATA_GAP, longest, since=since)
    elif not gap and AlertType.DATA_GAP in hub.standing:
        await _clear(tx, hub, AlertType.DATA_GAP)


async def _call_for_next(tx: Transaction, hub_ids: Sequence[UUID]) -> None:
    """Where the hub that spoke for others is back and they are not, tell of the next of them.

    They have had a moment to come back after it. Whoever has seen that one has not seen this.
    """
    led_until = tx.now - COMES_BACK_WITHIN
    left = await store.left_silent(tx.session, hub_ids, led_until=led_until)
    for farm_id, of_farm in groupby(left, lambda alert: alert.farm_id):
        first, *others = of_farm
        first.under = None
        await _raise_again(tx, first)
        for other in others:
            other.under = first.id
        for view in await service.views(tx, others):
            tx.emit(FarmId(farm_id), "alert.changed", view)


async def _raise_again(tx: Transaction, alert: Alert) -> None:
    alert.state = ALERT_TRANSITIONS[alert.state, AlertEvent.RAISED_AGAIN]
    alert.acknowledged_at = alert.acknowledged_by = None
    alert.times, alert.told_at, alert.escalated = alert.times + 1, tx.now, 0
    await service.tell(tx, alert, "alert.raised_again")
    await messages.tell_people(tx, alert)


async def _clear_of_gone(tx: Transaction) -> None:
    """End the alerts of hubs out of service and of deleted houses: nobody else will."""
    for alert in await store.standing_of_gone(tx.session, limit=CLEARED_AT_ONCE):
        await service.clear(tx, alert, at=tx.now, unheard=alert.under is not None)


async def _raise(
    tx: Transaction,
    hub: WatchedHub,
    type_: AlertType,
    threshold: timedelta,
    *,
    since: datetime,
    under: UUID | None = None,
) -> Alert | None:
    place = {"farm_id": hub.farm_id, "house_id": hub.house_id, "hub_id": hub.hub_id, "under": under}
    a_second = timedelta(seconds=1)
    return await service.raise_own(
        tx, place, type_, threshold=threshold // a_second, actual=(tx.now - since) // a_second
    )


async def _clear(tx: Transaction, hub: WatchedHub, type_: AlertType) -> None:
    alert = await store.open_of_hub(tx.session, hub.hub_id, type_)
    if alert is not None:
        await service.clear(tx, alert, at=tx.now, unheard=alert.under is not None)


def _is_heard(tx: Transaction, hub: WatchedHub) -> bool:
    return hub.last_seen_at > tx.now - ONLINE_WITHIN
