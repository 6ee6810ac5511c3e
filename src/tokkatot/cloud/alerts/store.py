"""Alerts in the database."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from tokkatot.cloud.accounts.model import User
from tokkatot.cloud.alerts.model import Alert
from tokkatot.cloud.devices.model import Device
from tokkatot.domain.alerts import AlertState, AlertType, Severity

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
    if after is not None:
        wanted.append(tuple_(Alert.raised_at, Alert.id) < after)
    found = await session.scalars(
        select(Alert)
        .where(and_(*wanted))
        .order_by(Alert.raised_at.desc(), Alert.id.desc())
        .limit(limit)
    )
    return found.all()


async def open_of(
    session: AsyncSession, farm_id: UUID, house_ids: Sequence[UUID]
) -> Sequence[Alert]:
    """Return the open alerts of some houses, and those of the farm that concern no house."""
    found = await session.scalars(
        select(Alert)
        .where(
            Alert.farm_id == farm_id,
            Alert.state != AlertState.NORMAL,
            Alert.house_id.in_(house_ids) | Alert.house_id.is_(None),
        )
        .order_by(Alert.raised_at.desc(), Alert.id.desc())
        .limit(LARGEST_STATE)
    )
    return found.all()


async def standing(
    session: AsyncSession, farm_ids: Sequence[UUID]
) -> Sequence[tuple[UUID, UUID | None, Severity]]:
    """Return farm, house and severity of every alert whose condition still stands."""
    rows = await session.execute(
        select(Alert.farm_id, Alert.house_id, Alert.severity)
        .where(
            Alert.farm_id.in_(farm_ids),
            Alert.state != AlertState.NORMAL,
            Alert.cleared_at.is_(None),
        )
        .distinct()
    )
    return [(farm_id, house_id, severity) for farm_id, house_id, severity in rows]


async def open_of_hub(session: AsyncSession, hub_id: UUID, kind: AlertType) -> Alert | None:
    """Return the alert of a kind that stands for a hub, locked."""
    return await session.scalar(
        select(Alert)
        .where(Alert.hub_id == hub_id, Alert.type == kind, Alert.cleared_at.is_(None))
        .with_for_update()
    )


async def names(
    session: AsyncSession, alerts: Sequence[Alert]
) -> tuple[Mapping[UUID, str], Mapping[UUID, str]]:
    """Return the names of the people and of the devices that these alerts mention."""
    users = {alert.acknowledged_by for alert in alerts if alert.acknowledged_by}
    devices = {alert.device_id for alert in alerts if alert.device_id}
    people: Mapping[UUID, str] = {}
    things: Mapping[UUID, str] = {}
    if users:
        rows = await session.execute(select(User.id, User.name).where(User.id.in_(users)))
        people = {row.id: row.name for row in rows}
    if devices:
        named = await session.execute(select(Device.id, Device.name).where(Device.id.in_(devices)))
        things = {row.id: row.name for row in named}
    return people, things
