"""Brings an urgent alert to one person after the other while nobody acknowledges it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from tokkatot.cloud.accounts.model import User
from tokkatot.cloud.alerts import message_store, messages, service
from tokkatot.cloud.alerts.model import Alert, Escalation
from tokkatot.cloud.farms import store as farms_store
from tokkatot.cloud.farms.access import FarmAccess
from tokkatot.cloud.farms.members import MAX_MEMBERS
from tokkatot.cloud.platform import audit
from tokkatot.cloud.platform.audit import Origin
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.problems import invalid_field
from tokkatot.domain.ids import UserId
from tokkatot.domain.people import RIGHTS, MemberRole, Right

AFTER = timedelta(minutes=10)
SHORTEST = timedelta(minutes=1)
LONGEST = timedelta(hours=12)
MAX_PEOPLE = 20
AT_ONCE = 200
_ORDER = (MemberRole.MANAGER, MemberRole.OWNER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """Who is asked in turn, and how long each is given."""

    after: timedelta
    people: Sequence[User]


async def chain_of(tx: Transaction, farm_id: UUID) -> Chain:
    """Return a farm's chain: as it was said, or the managers and then the owners."""
    said = await message_store.escalation_of(tx.session, farm_id)
    members = await farms_store.members_of(tx.session, farm_id, after=None, limit=MAX_MEMBERS)
    # Somebody who may no longer acknowledge is passed over.
    able = {row.user.id: row for row in members if Right.OPERATE in RIGHTS[row.member.role]}
    if said is not None and said.user_ids:
        wanted = [UUID(user_id) for user_id in said.user_ids]
    else:
        wanted = sorted(able, key=lambda user_id: _ORDER.index(able[user_id].member.role))
    return Chain(
        after=AFTER if said is None else timedelta(seconds=said.after_s),
        people=[able[user_id].user for user_id in wanted if user_id in able][:MAX_PEOPLE],
    )


async def set_chain(
    tx: Transaction,
    access: FarmAccess,
    people: Sequence[UUID],
    after: timedelta,
    *,
    origin: Origin,
) -> None:
    """Say who is asked in turn; nobody means the managers, then the owners.

    Raises:
        Invalid: when somebody is named twice, or may not acknowledge on this farm.
    """
    members = await farms_store.members_of(
        tx.session, access.farm_id, after=None, limit=MAX_MEMBERS
    )
    able = {row.user.id for row in members if Right.OPERATE in RIGHTS[row.member.role]}
    for index, user_id in enumerate(people):
        field = f"body.users.{index}"
        if user_id not in able:
            raise invalid_field(field, "unknown_user", "They can't acknowledge on this farm.")
        if user_id in people[:index]:
            raise invalid_field(field, "repeated", "They are named before.")
    await tx.session.merge(
        Escalation(
            farm_id=access.farm_id,
            after_s=after // timedelta(seconds=1),
            user_ids=[str(user_id) for user_id in people],
        )
    )
    audit.record(
        tx,
        "escalation.changed",
        farm_id=access.farm_id,
        user_id=access.caller.user_id,
        data={"users": [str(user_id) for user_id in people]},
        origin=origin,
    )


async def escalate(tx: Transaction) -> None:
    """Bring every urgent alert that nobody has acknowledged in time to the next person."""
    chains: dict[UUID, Chain] = {}
    found = await message_store.unheeded(tx.session, now=tx.now, after=AFTER, limit=AT_ONCE)
    for alert in found:
        if alert.farm_id not in chains:
            chains[alert.farm_id] = await chain_of(tx, alert.farm_id)
        await _escalate(tx, alert, chains[alert.farm_id])


async def _escalate(tx: Transaction, alert: Alert, chain: Chain) -> None:
    # Counted from here, so that each is given their time however late they are asked; and where
    # nobody is left to ask, the chain may be another one by then.
    alert.told_at = tx.now
    asked = await message_store.brought_to(tx.session, alert, [one.id for one in chain.people])
    person = next((one for one in chain.people if one.id not in asked), None)
    if person is None:
        return
    alert.escalated += 1
    await messages.bring(tx, alert, person)
    await service.tell(tx, alert, "alert.escalated", user_id=UserId(person.id))
