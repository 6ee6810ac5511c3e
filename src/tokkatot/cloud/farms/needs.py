"""Refuses a change after which something that works could not go on."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from tokkatot.cloud.farms.ports import Automation
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.problems import Conflict
from tokkatot.domain.ids import FarmId, HouseId

_NAMED = 5
"""So many names stand in the sentence."""


@asynccontextmanager
async def nothing_breaks(
    tx: Transaction, automation: Automation, farm_id: FarmId, house_id: HouseId | None = None
) -> AsyncIterator[None]:
    """Let only such changes through after which every schedule and every rule still works.

    What did not work before is not held against the change.

    Raises:
        Conflict: with the names of what needs what is to go.
    """
    before = await automation.misfits(tx, farm_id, house_id)
    yield
    await tx.session.flush()
    after = await automation.misfits(tx, farm_id, house_id)
    broken = [name for thing_id, name in after.items() if thing_id not in before]
    if broken:
        raise in_use(broken)


def in_use(names: Iterable[str]) -> Conflict:
    """Return the problem of what can't go because these need it."""
    ordered = sorted(names)
    more = f" and {len(ordered) - _NAMED} more" if len(ordered) > _NAMED else ""
    named = ", ".join(ordered[:_NAMED])
    return Conflict("in_use", f"Needed by {named}{more}: change that or switch it off first.")
