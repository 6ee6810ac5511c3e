"""What a process of the cloud holds, handed to every request."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from tokkatot.cloud.platform.audit import Origin
from tokkatot.cloud.platform.cache import Cache
from tokkatot.cloud.platform.database import Database, Transaction
from tokkatot.cloud.platform.keys import SigningKeys
from tokkatot.cloud.platform.limits import LimitOf
from tokkatot.cloud.platform.listen import Ear, FanOutLine, Listener
from tokkatot.cloud.platform.metrics import Metrics
from tokkatot.cloud.platform.objects import Objects
from tokkatot.cloud.platform.passwords import Passwords
from tokkatot.cloud.platform.settings import CloudSettings
from tokkatot.cloud.platform.tokens import Tokens
from tokkatot.kit.clock import Clock
from tokkatot.kit.ids import IdSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The parts that are made once a process."""

    settings: CloudSettings
    clock: Clock
    ids: IdSource
    database: Database
    listener: Listener
    keys: SigningKeys
    tokens: Tokens
    passwords: Passwords
    objects: Objects
    metrics: Metrics
    limit_of: LimitOf
    """Makes a limit by its name; all processes count together where they share something."""
    cache: Cache
    """Where answers that are dear to make are kept for a minute."""
    fan_out: FanOutLine | None = None
    """How the processes tell each other of changes, where it is not by the database."""

    @property
    def ears(self) -> Sequence[Ear]:
        """Where changes are heard of; the command line always tells them by the database."""
        return (self.listener,) if self.fan_out is None else (self.listener, self.fan_out)


async def context(connection: HTTPConnection) -> Context:
    """Return the context of the process that serves this request or socket."""
    found = connection.app.state.context
    assert isinstance(found, Context), "set by create_app"
    return found


async def transaction(
    context: Annotated[Context, Depends(context)],
) -> AsyncIterator[Transaction]:
    """Give a request its one transaction; it commits before the answer is sent."""
    async with context.database.transaction() as tx:
        yield tx


async def origin(connection: HTTPConnection) -> Origin:
    """Return from where a request came, as the event log keeps it."""
    user_agent = connection.headers.get("user-agent")
    return Origin(
        ip=connection.client.host if connection.client else None,
        user_agent=user_agent[:300] if user_agent else None,
    )


Ctx = Annotated[Context, Depends(context)]
Tx = Annotated[Transaction, Depends(transaction, scope="function")]
FromWhere = Annotated[Origin, Depends(origin)]
