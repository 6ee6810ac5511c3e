"""Decides about what a person wants to be told of."""

from collections.abc import Mapping, Sequence
from datetime import time
from typing import Any
from uuid import UUID

from tokkatot.cloud.accounts.caller import Caller
from tokkatot.cloud.alerts import message_store
from tokkatot.cloud.alerts.model import Subscription
from tokkatot.cloud.farms.access import farm_access
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.problems import Conflict, NotFound, invalid_field
from tokkatot.domain.alerts import AlertType, Severity
from tokkatot.domain.ids import FarmId
from tokkatot.domain.people import Right

MAX_SUBSCRIPTIONS = 50


async def subscribe(
    tx: Transaction,
    caller: Caller,
    *,
    farm_id: UUID | None,
    types: Sequence[AlertType],
    least: Severity,
    quiet_from: time | None,
    quiet_until: time | None,
) -> Subscription:
    """Let a person be told of some alerts.

    Raises:
        NotFound: when they can't see the farm.
        Invalid: when only one end of the quiet hours is said.
        Conflict: when they have very many.
    """
    if farm_id is not None:
        await farm_access(tx, caller, FarmId(farm_id), Right.SEE)
    there = await message_store.subscriptions(tx.session, [caller.user_id])
    if len(there.get(caller.user_id, ())) >= MAX_SUBSCRIPTIONS:
        raise Conflict("conflict", f"A person has at most {MAX_SUBSCRIPTIONS} subscriptions.")
    subscription = Subscription(
        id=tx.new_id(),
        user_id=caller.user_id,
        farm_id=farm_id,
        types=[kind.value for kind in types],
        least=least,
        quiet_from=quiet_from,
        quiet_until=quiet_until,
        created_at=tx.now,
    )
    _check(subscription)
    tx.session.add(subscription)
    return subscription


async def change(
    tx: Transaction, caller: Caller, subscription_id: UUID, changes: Mapping[str, Any]
) -> Subscription:
    """Change a subscription.

    Raises:
        NotFound: when the person has no such subscription.
        Invalid: when only one end of the quiet hours is left.
    """
    subscription = await _own(tx, caller, subscription_id)
    for name, value in changes.items():
        setattr(subscription, name, value)
    _check(subscription)
    return subscription


async def end(tx: Transaction, caller: Caller, subscription_id: UUID) -> None:
    """End a subscription.

    Raises:
        NotFound: when the person has no such subscription.
    """
    await tx.session.delete(await _own(tx, caller, subscription_id))


async def _own(tx: Transaction, caller: Caller, subscription_id: UUID) -> Subscription:
    found = await message_store.subscription(tx.session, caller.user_id, subscription_id)
    if found is None:
        raise NotFound("subscription")
    return found


def _check(subscription: Subscription) -> None:
    if (subscription.quiet_from is None) != (subscription.quiet_until is None):
        raise invalid_field("body.quiet_until", "missing", "Quiet hours have two ends.")
