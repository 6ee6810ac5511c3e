"""The one way to PostgreSQL: a bounded pool, time-outs on every wait, one transaction a request."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from select import POLLIN, poll
from typing import Protocol, cast
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import AdaptedConnection, Engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import InvalidatePoolError, SQLAlchemyError
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from tokkatot.cloud.platform import outbox
from tokkatot.cloud.platform.base import JsonObject
from tokkatot.domain.ids import FarmId
from tokkatot.kit.clock import Clock
from tokkatot.kit.ids import IdSource


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseLimits:
    """What no use of the database may exceed."""

    pool_size: int = 10
    pool_overflow: int = 5
    pool_timeout_s: float = 5.0
    connect_timeout_s: int = 5
    statement_timeout_s: float = 15.0
    lock_timeout_s: float = 5.0
    idle_transaction_timeout_s: float = 60.0
    asking_pool_size: int = 4
    asking_timeout_s: float = 5.0

    def server_options(self) -> str:
        """Return the limits that the server itself enforces, as libpq options."""
        options = {
            "statement_timeout": round(self.statement_timeout_s * 1000),
            "lock_timeout": round(self.lock_timeout_s * 1000),
            "idle_in_transaction_session_timeout": round(self.idle_transaction_timeout_s * 1000),
            "timezone": "UTC",
        }
        return " ".join(f"-c {name}={value}" for name, value in options.items())


DEFAULT_LIMITS = DatabaseLimits()
_CONNECTS_AGAIN_S = 1.0

Notice = tuple[str, str]
"""A channel and what is told there."""


class FanOut(Protocol):
    """Tells all processes that there is something new, beside the database."""

    def tell(self, notices: Sequence[Notice]) -> None:
        """Queue notices of what is committed, without waiting."""
        ...


class Transaction:
    """One unit of work: a session, the changes that it tells of, one instant that is its now."""

    def __init__(self, session: AsyncSession, *, clock: Clock, ids: IdSource) -> None:
        self.session = session
        self.now = clock.now()
        self._ids = ids
        self._changes: list[outbox.Change] = []
        self._notices: list[Notice] = []
        self.announced: list[Notice] = []

    def new_id(self) -> UUID:
        """Return the next id."""
        return self._ids.new()

    def emit(self, farm_id: FarmId, kind: str, data: JsonObject) -> None:
        """Tell the farm's listeners of a change, numbered last in this transaction."""
        self._changes.append(outbox.Change(farm_id=farm_id, type=kind, data=data))

    def notify(self, channel: str, payload: str) -> None:
        """Send a NOTIFY with the commit; equal notices of one transaction are sent once."""
        if (channel, payload) not in self._notices:
            self._notices.append((channel, payload))

    def announce(self, channel: str, payload: str) -> None:
        """Tell every process of the commit, by the fan-out where there is one.

        Such a notice may be lost: whoever needs to know looks for itself now and then.
        """
        if (channel, payload) not in self.announced:
            self.announced.append((channel, payload))

    async def psycopg(self) -> psycopg.AsyncConnection:
        """Return the driver's connection under this transaction, for COPY."""
        connection = await self.session.connection()
        raw = await connection.get_raw_connection()
        return cast("psycopg.AsyncConnection", raw.driver_connection)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """Undo what the block did, with all that it tells of, where it fails."""
        changes, notices = tuple(self._changes), tuple(self._notices)
        announced = tuple(self.announced)
        try:
            async with self.session.begin_nested():
                yield
        except BaseException:  # whatever it was: what is undone is not told
            self._changes[:], self._notices[:] = changes, notices
            self.announced[:] = announced
            raise

    async def release(self) -> None:
        """Give the connection back before a wait outside; what was done so far is committed.

        The next statement takes a connection again and sees what others committed meanwhile.
        """
        assert not self._changes, "a change is told with its commit"
        assert not self._notices, "a notice is sent with its commit"
        assert not self.announced, "a notice is sent with its commit"
        await self.session.commit()

    async def before_commit(self, *, with_announced: bool) -> None:
        """Number and write the changes, then queue the notices; the farms' rows are locked last."""
        await self.session.flush()
        for farm_id, seq in await outbox.write(self.session, self._changes, now=self.now):
            self.announce(outbox.CHANNEL, f"{farm_id} {seq}")
        notices = [*self._notices, *self.announced] if with_announced else self._notices
        for channel, payload in notices:
            await self.session.execute(
                text("SELECT pg_notify(:channel, :payload)"),
                {"channel": channel, "payload": payload},
            )


class Database:
    """The engine and its limits."""

    def __init__(
        self,
        engine: AsyncEngine,
        asking: AsyncConnectionPool,
        *,
        limits: DatabaseLimits,
        clock: Clock,
        ids: IdSource,
        fan_out: FanOut | None = None,
    ) -> None:
        self.engine = engine
        self._asking = asking
        self._limits = limits
        self._fan_out = fan_out
        self._clock = clock
        self._ids = ids
        self._sessions = async_sessionmaker(engine, expire_on_commit=False)

    @classmethod
    def open(
        cls,
        url: str,
        *,
        clock: Clock,
        ids: IdSource,
        limits: DatabaseLimits = DEFAULT_LIMITS,
        fan_out: FanOut | None = None,
    ) -> "Database":
        """Make the pool; the first transaction connects.

        Without a fan-out the database itself tells the other processes.
        """
        connect_args = {
            "connect_timeout": limits.connect_timeout_s,
            "options": limits.server_options(),
            "application_name": "tokkatot",
            "keepalives_idle": 30,
        }
        engine = create_async_engine(
            sqlalchemy_url(url),
            pool_size=limits.pool_size,
            max_overflow=limits.pool_overflow,
            pool_timeout=limits.pool_timeout_s,
            # The connection that was used last has its statements prepared and its pages at hand.
            pool_use_lifo=True,
            pool_recycle=3600,
            connect_args=connect_args,
        )
        asking = AsyncConnectionPool(
            libpq_url(url),
            kwargs={**connect_args, "autocommit": True, "prepare_threshold": 0},
            min_size=0,
            max_size=limits.asking_pool_size,
            timeout=limits.asking_timeout_s,
            # Whoever asks next tries again: its own pauses grow, and would outlast an outage.
            reconnect_timeout=_CONNECTS_AGAIN_S,
            open=False,
        )
        # A server that restarted closes every connection: found before use, not after failure.
        event.listen(engine.sync_engine, "checkout", partial(_look_before_use, engine.sync_engine))
        return cls(engine, asking, limits=limits, clock=clock, ids=ids, fan_out=fan_out)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Commit at the end of the block, with what was emitted; roll back on any exception."""
        try:
            async with self._sessions() as session:
                transaction = Transaction(session, clock=self._clock, ids=self._ids)
                yield transaction
                await transaction.before_commit(with_announced=self._fan_out is None)
                await session.commit()
                if self._fan_out is not None:
                    self._fan_out.tell(transaction.announced)
        except (SQLAlchemyError, psycopg.Error) as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                # A connection that is cut off in the midst of a COPY can't even roll back. Whoever
                # cancelled this task still waits for it to end, not to go on after an error.
                raise asyncio.CancelledError from error
            raise

    async def ask(self, statement: bytes, given: Mapping[str, object]) -> TupleRow | None:
        """Return the first row of one statement beside all transactions, without their cost.

        It sees what is committed. The statement is the program's own, never made of what was sent.

        Raises:
            psycopg.Error: when the database does not answer.
            TimeoutError: when it does not answer in time.
        """
        async with asyncio.timeout(self._limits.asking_timeout_s):
            if self._asking.closed:
                # Opened by the first who asks: most programs ask nothing.
                await self._asking.open()
            async with self._asking.connection() as connection:
                found = await connection.execute(statement, given)
                return await found.fetchone()

    async def close(self) -> None:
        """Close every connection of the pools."""
        await self._asking.close()
        await self.engine.dispose()


def _look_before_use(
    engine: Engine,
    connection: DBAPIConnection,
    _record: ConnectionPoolEntry,
    _proxy: PoolProxiedConnection,
) -> None:
    """Leave a connection that its server has closed.

    Between two uses a server says nothing but that it goes: a silent one need not be asked whether
    it lives, which would cost each transaction a round trip.
    """
    try:
        line = poll()
        line.register(cast("AdaptedConnection", connection).driver_connection.fileno(), POLLIN)
        if line.poll(0):
            engine.dialect.do_ping(connection)
    except psycopg.Error as error:
        raise InvalidatePoolError from error


def sqlalchemy_url(url: str) -> str:
    """Return a `postgresql://` address with the driver that the cloud uses."""
    return make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def libpq_url(url: str) -> str:
    """Return the address as libpq takes it, without a driver's name."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
