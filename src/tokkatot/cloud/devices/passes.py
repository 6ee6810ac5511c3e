"""Issues the passes with which people go on at their hubs while the cloud is out of reach."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tokkatot.cloud.accounts.model import User
from tokkatot.cloud.devices import store
from tokkatot.cloud.farms.access import FarmAccess
from tokkatot.cloud.farms.model import Hub
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.keys import SigningKeys
from tokkatot.domain.ids import HubId
from tokkatot.kit.clock import from_ms, to_ms
from tokkatot.wire.passes import issue_pass


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedPass:
    """A person's pass for one hub."""

    hub: Hub
    token: str
    expires_at: datetime


async def issue_passes(
    tx: Transaction, access: FarmAccess, keys: SigningKeys
) -> Sequence[IssuedPass]:
    """Return the caller's pass for each hub of the farm.

    No role is in it: the hub goes by the newest document that it holds.
    """
    person = await tx.session.get_one(User, access.caller.user_id)
    issued: list[IssuedPass] = []
    for hub in await store.hubs_of(tx.session, access.farm_id):
        token, expires_ms = issue_pass(
            access.caller.user_id,
            name=person.name,
            language=person.language,
            hub_id=HubId(hub.id),
            now_ms=to_ms(tx.now),
            kid=keys.order_kid,
            key=keys.order_key,
        )
        issued.append(IssuedPass(hub=hub, token=token, expires_at=from_ms(expires_ms)))
    return issued
