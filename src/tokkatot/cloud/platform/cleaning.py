"""Does what has to be done now and then in steps, none of which holds up the others."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Final, Protocol

import psycopg
import structlog
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from tokkatot.cloud.platform.database import Database, Transaction

_log = structlog.get_logger(__name__)

MOST_ROUNDS: Final = 100
"""How often a step is done in a row while there may be more to do."""
_ERROR_CHARS: Final = 500
_LOCK: Final = 0x636C6561

Step = Callable[[Transaction], Awaitable[bool | None]]
"""Does a part of its work; True where there may be more of it."""


class Before(Protocol):
    """Forgets what is from before an instant."""

    def __call__(self, session: AsyncSession, *, before: datetime) -> Awaitable[bool | None]:
        """Tell whether there may be more of it."""
        ...


class Now(Protocol):
    """Forgets what is over at an instant."""

    def __call__(self, session: AsyncSession, *, now: datetime) -> Awaitable[bool | None]:
        """Tell whether there may be more of it."""
        ...


def before(purge: Before, kept: timedelta) -> Step:
    """Return the step that forgets what is older than it is kept."""
    return lambda tx: purge(tx.session, before=tx.now - kept)


def now(purge: Now) -> Step:
    """Return the step that forgets what is over."""
    return lambda tx: purge(tx.session, now=tx.now)


async def in_steps(database: Database, steps: Mapping[str, Step]) -> None:
    """Do every step, each part of it in a transaction of its own; what fails is logged.

    Of several processes that come to it at once, one goes on.
    """
    for name, step in steps.items():
        try:
            if not await _whole(database, step):
                return
        except (SQLAlchemyError, psycopg.Error) as error:
            _log.error("cleaning.failed", step=name, error=str(error)[:_ERROR_CHARS])


async def _whole(database: Database, step: Step) -> bool:
    """Do a step until nothing is left of it; False where another process is at it."""
    for _ in range(MOST_ROUNDS):
        async with database.transaction() as tx:
            if not await tx.session.scalar(select(func.pg_try_advisory_xact_lock(_LOCK))):
                return False
            if not await step(tx):
                return True
    return True
