"""The log of what devices reported, read for a time."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Final
from uuid import UUID

import numpy as np
from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from tokkatot.cloud.devices.model import Device
from tokkatot.cloud.farms.model import Hub
from tokkatot.cloud.platform.problems import invalid_field
from tokkatot.cloud.telemetry.equipment import Reports
from tokkatot.cloud.telemetry.store import Span
from tokkatot.kit.clock import to_ms
from tokkatot.wire.session_cloud import SILENT_AFTER_S

MAX_REPORTS: Final = 500_000
"""Reports that one answer may look at."""

# Rows are only ever added: their places order those of one time.
_REPORTS_SQL: Final = """
SELECT device_id, (extract(epoch FROM t) * 1000)::bigint, actual, target, online, error
FROM (
  SELECT held.* FROM unnest(CAST(:devices AS uuid[])) AS wanted (id)
  CROSS JOIN LATERAL (
    SELECT *, ctid AS place FROM device_state_log
    WHERE device_id = wanted.id AND t < :start ORDER BY t DESC, ctid DESC LIMIT 1
  ) AS held
  UNION ALL
  SELECT *, ctid AS place FROM device_state_log
  WHERE device_id = ANY(:devices) AND t >= :start AND t < :end
) AS found
ORDER BY device_id, t, place LIMIT :limit
"""


async def read_reports(
    session: AsyncSession, devices: Sequence[UUID], span: Span
) -> Mapping[UUID, Reports]:
    """Return what devices reported in a time, and before it what held as it began.

    Raises:
        Invalid: when that is more than one answer may look at.
    """
    found = await session.execute(
        text(_REPORTS_SQL),
        {
            "devices": list(devices),
            "start": span.start,
            "end": span.end,
            "limit": MAX_REPORTS + len(devices) + 1,
        },
    )
    rows = found.all()
    if len(rows) > MAX_REPORTS + len(devices):
        raise invalid_field(
            "query.from", "too_much", "There is too much to sum up; ask for a shorter time."
        )
    return {
        device_id: _reports(list(of_device))
        for device_id, of_device in groupby(rows, itemgetter(0))
    }


async def known_until(
    session: AsyncSession, devices: Sequence[Device], *, now: datetime
) -> Mapping[UUID, int]:
    """Return until when it is known what each device did, in ms: now, or when its hub was gone."""
    hubs = {device.hub_id for device in devices if device.hub_id is not None}
    rows = await session.scalars(select(Hub).where(Hub.id.in_(hubs)))
    heard = {hub.id: heard_until(hub, now=now) for hub in rows}
    return {
        device.id: to_ms(now if device.hub_id is None else heard.get(device.hub_id, now))
        for device in devices
    }


def heard_until(hub: Hub, *, now: datetime) -> datetime:
    """Return until when a hub was heard: now, or when it was gone."""
    silent = now - timedelta(seconds=SILENT_AFTER_S)
    seen_at = hub.last_seen_at
    return now if seen_at is None or seen_at > silent else seen_at


def _reports(
    rows: Sequence[Row[tuple[UUID, int, float | None, float | None, bool, str | None]]],
) -> Reports:
    _, t_ms, actual, target, online, error = zip(*rows, strict=True)
    return Reports(
        t_ms=np.array(t_ms, np.int64),
        actual=np.array(actual, np.float64),
        target=np.array(target, np.float64),
        online=np.array(online, np.bool_),
        error=error,
    )
