"""Alerts in the database."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, bindparam, delete, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from tokkatot.cloud.alerts.model import AlarmShelf, Alert, HouseAlarms
from tokkatot.cloud.devices.model import Device
from tokkatot.cloud.farms.model import House, Hub
from tokkatot.cloud.platform.newest import newest_first
from tokkatot.domain.alarms import MAX_SHELVES
from tokkatot.domain.alerts import CLOUDS_OWN, AlertState, AlertType, Severity

SEEN_AT_HUB = 100
"""So many of the newest are told to a hub; it looks only at those that it still has."""
LARGEST_STATE = 200
"""How many open alerts a screen shows; a house that has more has other troubles than a list."""


async def locked(session: AsyncSession, alert_id: UUID) -> Alert | None:
    """Return an alert, locked until the end of the transaction."""
    return await session.scalar(
        select(Alert)
        .where(Alert.id == alert_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


async def some(session: AsyncSession, ids: Sequence[UUID]) -> Sequence[Alert]:
    """Return these alerts in this order."""
    if not ids:
        return ()
    found = {one.id: one for one in await session.scalars(select(Alert).where(Alert.id.in_(ids)))}
    return [found[alert_id] for alert_id in ids]


async def page(
    session: AsyncSession,
    *,
    farm_id: UUID,
    house_id: UUID | None,
    severity: Severity | None,
    only_open: bool,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Alert]:
    """Return alerts, the newest first."""
    wanted: list[ColumnElement[bool]] = [Alert.farm_id == farm_id]
    if house_id is not None:
        wanted.append(Alert.house_id == house_id)
    if severity is not None:
        wanted.append(Alert.severity == severity)
    if only_open:
        wanted.append(Alert.state != AlertState.NORMAL)
    by = (Alert.raised_at, Alert.id)
    return await newest_first(
        session, select(Alert).where(and_(*wanted)), by, after=after, limit=limit
    )


_OPEN = (
    select(Alert)
    .where(
        Alert.farm_id == bindparam("farm"),
        Alert.state != AlertState.NORMAL,
        Alert.house_id.in_(bindparam("houses", expanding=True)) | Alert.house_id.is_(None),
    )
    .order_by(Alert.raised_at.desc(), Alert.id.desc())
    .limit(LARGEST_STATE)
)


async def open_of(
    session: AsyncSession, farm_id: UUID, house_ids: Sequence[UUID]
) -> Sequence[Alert]:
    """Return the open alerts of some houses, and those of the farm that concern no house."""
    found = await session.scalars(_OPEN, {"farm": farm_id, "houses": house_ids})
    return found.all()


_STANDING = (
    select(Alert.farm_id, Alert.house_id, Alert.severity)
    .outerjoin(House, House.id == Alert.house_id)
    .where(
        Alert.farm_id.in_(bindparam("farms", expanding=True)),
        House.deleted_at.is_(None),
        Alert.state != AlertState.NORMAL,
        Alert.cleared_at.is_(None),
    )
    .distinct()
)


async def standing(
    session: AsyncSession, farm_ids: Sequence[UUID]
) -> Sequence[tuple[UUID, UUID | None, Severity]]:
    """Return farm, house and severity of every alert that stands where there is a house."""
    rows = await session.execute(_STANDING, {"farms": farm_ids})
    return [(farm_id, house_id, severity) for farm_id, house_id, severity in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedHub:
    """A hub in service with all by which the cloud watches it."""

    hub_id: UUID
    farm_id: UUID
    house_id: UUID | None
    last_seen_at: datetime
    opened_at: datetime
    """When its session began."""
    readings_at: datetime | None
    """When it last sent readings."""
    shortest_period: timedelta | None
    """Of its sensors; None where it has none."""
    standing: frozenset[AlertType]


async def watched_hubs(session: AsyncSession) -> Sequence[WatchedHub]:
    """Return every hub in service that was ever heard, farm by farm; none of a deleted house."""
    rows = await session.execute(
        text(
            "SELECT h.id, h.farm_id, h.house_id, h.last_seen_at, l.opened_at,"
            " (SELECT max(c.moved_at) FROM hub_cursors c"
            "  WHERE c.hub_id = h.id AND c.stream = 'readings'),"
            " (SELECT min(d.period_s) FROM devices d JOIN houses o ON o.id = d.house_id"
            "  WHERE d.hub_id = h.id AND d.deleted_at IS NULL AND o.deleted_at IS NULL"
            "  AND d.quantities <> '[]'::jsonb),"
            " ARRAY(SELECT a.type FROM alerts a WHERE a.hub_id = h.id AND a.cleared_at IS NULL"
            "  AND a.type IN ('hub_offline', 'data_gap'))"
            " FROM hubs h JOIN hub_links l ON l.hub_id = h.id"
            " JOIN farms f ON f.id = h.farm_id"
            " LEFT JOIN houses p ON p.id = h.house_id"
            " WHERE h.revoked_at IS NULL AND f.deleted_at IS NULL AND p.deleted_at IS NULL"
            " AND h.last_seen_at IS NOT NULL ORDER BY h.farm_id, h.id"
        )
    )
    return [
        WatchedHub(
            hub_id=hub_id,
            farm_id=farm_id,
            house_id=house_id,
            last_seen_at=last_seen_at,
            opened_at=opened_at,
            readings_at=readings_at,
            shortest_period=None if period_s is None else timedelta(seconds=period_s),
            standing=frozenset(AlertType(word) for word in standing),
        )
        for (
            hub_id,
            farm_id,
            house_id,
            last_seen_at,
            opened_at,
            readings_at,
            period_s,
            standing,
        ) in rows
    ]


async def standing_of_gone(session: AsyncSession, *, limit: int) -> Sequence[Alert]:
    """Return alerts that stand for revoked hubs or in deleted houses, locked."""
    found = await session.scalars(
        select(Alert)
        .join(Hub, Hub.id == Alert.hub_id)
        .outerjoin(House, House.id == Alert.house_id)
        .where(
            or_(Hub.revoked_at.is_not(None), House.deleted_at.is_not(None)),
            Alert.state != AlertState.NORMAL,
            Alert.cleared_at.is_(None),
        )
        .order_by(Alert.id)
        .limit(limit)
        .with_for_update(of=Alert, skip_locked=True)
    )
    return found.all()


async def open_of_hub(session: AsyncSession, hub_id: UUID, kind: AlertType) -> Alert | None:
    """Return the alert of a kind that stands for a hub, locked."""
    return await session.scalar(
        select(Alert)
        .where(Alert.hub_id == hub_id, Alert.type == kind, Alert.cleared_at.is_(None))
        .with_for_update()
    )


async def unseen_silence(session: AsyncSession, farm_id: UUID, *, since: datetime) -> UUID | None:
    """Return the first alert of a hub's silence since then that nobody has seen yet, locked.

    It must not be seen before others are told with it.
    """
    return await session.scalar(
        select(Alert.id)
        .where(
            Alert.farm_id == farm_id,
            Alert.type == AlertType.HUB_OFFLINE,
            Alert.state == AlertState.UNACKNOWLEDGED,
            Alert.cleared_at.is_(None),
            Alert.under.is_(None),
            Alert.raised_at > since,
        )
        .order_by(Alert.raised_at, Alert.id)
        .limit(1)
        .with_for_update()
    )


async def left_silent(
    session: AsyncSession, hub_ids: Sequence[UUID], *, led_until: datetime
) -> Sequence[Alert]:
    """Return the alerts of silent hubs that were told with one that was over by then, locked.

    They come farm by farm, the first first.
    """
    if not hub_ids:
        return ()
    first = aliased(Alert)
    is_led = (
        select(first.id)
        .where(
            first.id == Alert.under,
            or_(first.cleared_at.is_(None), first.cleared_at > led_until),
        )
        .exists()
    )
    found = await session.scalars(
        select(Alert)
        .where(
            Alert.hub_id.in_(hub_ids),
            Alert.type == AlertType.HUB_OFFLINE,
            Alert.cleared_at.is_(None),
            Alert.under.is_not(None),
            ~is_led,
        )
        .order_by(Alert.farm_id, Alert.raised_at, Alert.id)
        .with_for_update(of=Alert)
    )
    return found.all()


async def unseen_under(session: AsyncSession, alert_id: UUID) -> Sequence[Alert]:
    """Return the alerts that are told with another one and that nobody has seen, locked."""
    found = await session.scalars(
        select(Alert)
        .where(Alert.under == alert_id, Alert.state == AlertState.UNACKNOWLEDGED)
        .order_by(Alert.id)
        .with_for_update()
    )
    return found.all()


async def seen_of(session: AsyncSession, hub_id: UUID) -> Sequence[Alert]:
    """Return the alerts of a hub that people have acknowledged lately, the newest first."""
    found = await session.scalars(
        select(Alert)
        .where(
            Alert.hub_id == hub_id,
            Alert.acknowledged_at.is_not(None),
            Alert.under.is_(None),
            Alert.type.not_in(CLOUDS_OWN),
        )
        .order_by(Alert.acknowledged_at.desc(), Alert.id.desc())
        .limit(SEEN_AT_HUB)
    )
    return found.all()


async def standing_of(session: AsyncSession, types: Collection[AlertType]) -> Sequence[Alert]:
    """Return the alerts of some types that are not over, of all houses, locked."""
    found = await session.scalars(
        select(Alert)
        .where(Alert.type.in_(types), Alert.cleared_at.is_(None))
        .order_by(Alert.id)
        .with_for_update()
    )
    return found.all()


async def alarms_of(session: AsyncSession, house_ids: Iterable[UUID]) -> Mapping[UUID, HouseAlarms]:
    """Return the alarms of houses by house, of those that have any."""
    found = await session.scalars(
        select(HouseAlarms).where(HouseAlarms.house_id.in_(list(house_ids)))
    )
    return {alarms.house_id: alarms for alarms in found}


async def shelf_of(session: AsyncSession, alert: Alert) -> AlarmShelf | None:
    """Return the shelf on which the alarm of an alert rests, or has rested."""
    return await session.scalar(
        select(AlarmShelf).where(
            AlarmShelf.house_id == alert.house_id,
            AlarmShelf.type == alert.type,
            AlarmShelf.device_id.is_not_distinct_from(alert.device_id),
            AlarmShelf.about.is_not_distinct_from(alert.about),
        )
    )


async def shelves_in(session: AsyncSession, house_ids: Iterable[UUID]) -> Sequence[AlarmShelf]:
    """Return the shelves of houses, those that end last first."""
    found = await session.scalars(
        select(AlarmShelf)
        .where(AlarmShelf.house_id.in_(list(house_ids)))
        .order_by(AlarmShelf.until.desc(), AlarmShelf.id)
        .limit(MAX_SHELVES)
    )
    return found.all()


async def purge_shelves(session: AsyncSession, *, now: datetime) -> None:
    """Forget the shelves whose time is over."""
    await session.execute(delete(AlarmShelf).where(AlarmShelf.until < now))


async def device_names(session: AsyncSession, ids: Iterable[UUID | None]) -> Mapping[UUID, str]:
    """Return the names of devices, of those that were removed too."""
    wanted = {device_id for device_id in ids if device_id is not None}
    if not wanted:
        return {}
    rows = await session.execute(select(Device.id, Device.name).where(Device.id.in_(wanted)))
    return {row.id: row.name for row in rows}
