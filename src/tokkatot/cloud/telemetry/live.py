"""What is so now at each hub, beside the streams and never history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tokkatot.cloud.platform.database import Transaction
from tokkatot.domain.ids import FarmId, HubId
from tokkatot.wire.messages import Live, MessageError, decode, encode

CHANNEL = "tokkatot_live"
"""Its payload is `FARM HUB`: that hub has sent what is so now."""


# By way of the hubs: an index here would be paid by every word of every hub.
_OF_FARM = text(
    "SELECT hub_id, received_at, body FROM live_snapshots WHERE farm_id = :farm"
    " AND hub_id = ANY(ARRAY(SELECT id FROM hubs WHERE farm_id = :farm))"
)


async def keep_live(tx: Transaction, *, hub_id: HubId, farm_id: FarmId, live: Live) -> None:
    """Replace what is known of a hub, and tell listeners; what was overtaken changes nothing."""
    # The table is unlogged and a crash may lose the newest: the hub says it again within seconds.
    await tx.session.execute(text("SET LOCAL synchronous_commit = off"))
    kept = await tx.session.execute(
        text(
            "INSERT INTO live_snapshots (hub_id, farm_id, received_at, body)"
            " VALUES (:hub, :farm, :now, :body) ON CONFLICT (hub_id) DO UPDATE"
            " SET farm_id = excluded.farm_id, received_at = excluded.received_at,"
            " body = excluded.body"
            # A hub's clock may be set back between two sessions, within one it only rises.
            " WHERE convert_from(live_snapshots.body, 'UTF8')::json->>'session' <> :session"
            " OR (convert_from(live_snapshots.body, 'UTF8')::json->>'t')::bigint <= :t"
            " RETURNING hub_id"
        ),
        {
            "hub": hub_id,
            "farm": farm_id,
            "now": tx.now,
            "body": encode(live),
            "session": live.session,
            "t": live.t,
        },
    )
    if kept.first() is not None:
        tx.announce(CHANNEL, f"{farm_id} {hub_id}")


@dataclass(frozen=True, slots=True, kw_only=True)
class HubNow:
    """What a hub said last of what is so, and when that was."""

    hub_id: HubId
    received_at: datetime
    live: Live


async def live_of_farm(session: AsyncSession, farm_id: UUID) -> Sequence[HubNow]:
    """Return what the hubs of a farm said last."""
    found = await session.execute(_OF_FARM, {"farm": farm_id})
    return [now for row in found if (now := _read(*row)) is not None]


async def live_of_hub(session: AsyncSession, hub_id: UUID) -> HubNow | None:
    """Return what one hub said last."""
    found = await session.execute(
        text("SELECT hub_id, received_at, body FROM live_snapshots WHERE hub_id = :hub"),
        {"hub": hub_id},
    )
    row = found.one_or_none()
    return None if row is None else _read(*row)


def _read(hub_id: UUID, received_at: datetime, body: bytes) -> HubNow | None:
    try:
        live = decode(body, Live)
    except MessageError:  # Kept by another version of this program.
        return None
    return HubNow(hub_id=HubId(hub_id), received_at=received_at, live=live)
