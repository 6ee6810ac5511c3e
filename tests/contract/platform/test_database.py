"""The schema, the transaction and its outbox over a real PostgreSQL."""

import asyncio
import importlib.util
import pkgutil
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from psycopg import sql
from sqlalchemy import create_engine, inspect, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import NullPool
from typing_extensions import override

import tokkatot.cloud.main
from tests.support.people import eventually
from tokkatot.cloud.platform import outbox
from tokkatot.cloud.platform.base import Base
from tokkatot.cloud.platform.database import (
    Database,
    DatabaseLimits,
    libpq_url,
    sqlalchemy_url,
)
from tokkatot.cloud.platform.listen import Listener, Subscriber
from tokkatot.cloud.platform.migrate import (
    DatabaseAway,
    current_revision,
    downgrade,
    newest_revision,
    upgrade,
    upgrade_once_there,
)
from tokkatot.domain.ids import FarmId
from tokkatot.kit.clock import ManualClock, SystemClock
from tokkatot.kit.ids import IdSource

FARM = FarmId(UUID(int=1))
ADD_FARM = text(
    "INSERT INTO farms (id, name, time_zone, change_seq, created_at)"
    " VALUES (:id, 'Kandal', 'Asia/Phnom_Penh', 0, now())"
)


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    clock = ManualClock(datetime(2026, 3, 1, tzinfo=UTC))
    database = Database.open(postgres_url, clock=clock, ids=IdSource(clock))
    async with database.transaction() as tx:
        await tx.session.execute(ADD_FARM, {"id": FARM})
    yield database
    await database.close()


def test_the_migrated_schema_is_what_the_rooms_expect(postgres_url: str) -> None:
    for room in pkgutil.iter_modules(tokkatot.cloud.__path__, "tokkatot.cloud."):
        if importlib.util.find_spec(f"{room.name}.model") if room.ispkg else None:
            importlib.import_module(f"{room.name}.model")
    engine = create_engine(sqlalchemy_url(postgres_url), poolclass=NullPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []


def test_every_step_of_the_schema_can_be_undone(empty_postgres_url: str) -> None:
    upgrade(empty_postgres_url)
    upgrade(empty_postgres_url)
    downgrade(empty_postgres_url, "base")
    engine = create_engine(sqlalchemy_url(empty_postgres_url), poolclass=NullPool)
    assert inspect(engine).get_table_names() == ["alembic_version"]
    upgrade(empty_postgres_url)


def test_what_was_decided_and_accepted_before_shares_was_so_with_all_fans(
    empty_postgres_url: str,
) -> None:
    upgrade(empty_postgres_url, "0035")
    with psycopg.connect(libpq_url(empty_postgres_url)) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(
            "INSERT INTO autopilots (house_id, mode, policy_sha256, accepted_k, changed_at)"
            " VALUES (gen_random_uuid(), 'advise', 'x', 0.5, now())"
        )
        connection.execute(
            "INSERT INTO autopilot_decisions (house_id, t, mode, shift_k, advised_k)"
            " VALUES (gen_random_uuid(), now(), 'advise', 0.5, 0.5)"
        )
    upgrade(empty_postgres_url)
    with psycopg.connect(libpq_url(empty_postgres_url)) as connection:
        accepted = connection.execute("SELECT accepted_share FROM autopilots")
        assert accepted.fetchall() == [(1.0,)]
        told = connection.execute("SELECT fan_share, advised_share FROM autopilot_decisions")
        assert told.fetchall() == [(1.0, None)]


class HurriedClock(ManualClock):
    """A clock on which whoever sleeps has slept, after a word to the test."""

    def __init__(self, on_sleep: Callable[[], object]) -> None:
        super().__init__(datetime(2026, 3, 1, tzinfo=UTC))
        self._on_sleep = on_sleep

    @override
    async def sleep(self, delay_s: float) -> None:
        self.advance(delay_s)
        self._on_sleep()


async def test_a_cloud_waits_for_a_database_that_starts_after_it(empty_postgres_url: str) -> None:
    away, home = "it_is_not_there_yet", make_url(sqlalchemy_url(empty_postgres_url)).database
    with psycopg.connect(
        libpq_url(empty_postgres_url), dbname="postgres", autocommit=True
    ) as admin:
        admin.execute(f'ALTER DATABASE "{home}" RENAME TO {away}')
        clock = HurriedClock(lambda: admin.execute(f'ALTER DATABASE {away} RENAME TO "{home}"'))
        said: list[str] = []
        await upgrade_once_there(empty_postgres_url, clock=clock, say=said.append)
    assert (len(said), "does not exist" in said[0]) == (1, True)
    engine = create_engine(sqlalchemy_url(empty_postgres_url), poolclass=NullPool)
    with engine.connect() as connection:
        assert current_revision(connection) == newest_revision()


async def test_a_cloud_ends_with_one_line_where_its_database_never_answers() -> None:
    said: list[str] = []
    clock = HurriedClock(lambda: None)
    with pytest.raises(DatabaseAway, match="TOKKATOT_DATABASE_URL") as ended:
        await upgrade_once_there("postgresql://x@127.0.0.1:1/x", clock=clock, say=said.append)
    assert (len(said), "\n" in str(ended.value)) == (1, False)


async def test_two_processes_may_migrate_at_once(empty_postgres_url: str) -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(2):
            group.create_task(asyncio.to_thread(upgrade, empty_postgres_url))
    with create_engine(
        sqlalchemy_url(empty_postgres_url), poolclass=NullPool
    ).connect() as connection:
        assert current_revision(connection) == newest_revision()


async def test_changes_are_numbered_without_a_gap_by_many_at_once(database: Database) -> None:
    async def tell(who: int) -> None:
        for turn in range(5):
            async with database.transaction() as tx:
                tx.emit(FARM, "farm.changed", {"who": who, "turn": turn})
                tx.emit(FARM, "farm.changed", {"who": who, "turn": turn})

    async with asyncio.TaskGroup() as group:
        for who in range(6):
            group.create_task(tell(who))
    async with database.transaction() as tx:
        found = await outbox.read(tx.session, FARM, since=0, limit=1000)
    assert [change.seq for change in found.changes] == list(range(1, 61))
    assert (found.newest_seq, found.reload) == (60, False)


async def test_a_transaction_that_fails_takes_no_number(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):  # noqa: PT012 - the block is what fails
        async with database.transaction() as tx:
            tx.emit(FARM, "farm.changed", {})
            raise ZeroDivisionError
    async with database.transaction() as tx:
        tx.emit(FARM, "farm.changed", {})
    async with database.transaction() as tx:
        found = await outbox.read(tx.session, FARM, since=0, limit=10)
    assert [change.seq for change in found.changes] == [1]


@pytest.mark.parametrize("since", [0, 1])
async def test_who_was_away_too_long_is_told_to_reload(database: Database, since: int) -> None:
    for _ in range(3):
        async with database.transaction() as tx:
            tx.emit(FARM, "farm.changed", {})
    async with database.transaction() as tx:
        await tx.session.execute(text("DELETE FROM farm_changes WHERE seq <= 2"))
        assert (await outbox.read(tx.session, FARM, since=since, limit=10)).reload
        assert not (await outbox.read(tx.session, FARM, since=2, limit=10)).reload
        assert not (await outbox.read(tx.session, FARM, since=3, limit=10)).reload


async def test_a_number_from_before_a_restore_is_told_to_reload(database: Database) -> None:
    async with database.transaction() as tx:
        assert (await outbox.read(tx.session, FARM, since=7, limit=10)).reload


async def test_changes_are_forgotten_after_a_day(database: Database) -> None:
    async with database.transaction() as tx:
        tx.emit(FARM, "farm.changed", {})
    async with database.transaction() as tx:
        await outbox.purge(tx.session, now=tx.now + timedelta(hours=24, seconds=1))
        assert (await outbox.read(tx.session, FARM, since=0, limit=10)).reload


async def test_a_transaction_that_waits_for_others_holds_no_connection(
    postgres_url: str,
) -> None:
    clock = SystemClock()
    narrow = DatabaseLimits(pool_size=1, pool_overflow=0, pool_timeout_s=0.2)
    database = Database.open(postgres_url, clock=clock, ids=IdSource(clock), limits=narrow)

    async def ask() -> None:
        async with database.transaction() as other:
            await other.session.execute(text("SELECT 1"))

    try:
        async with database.transaction() as tx:
            await tx.session.execute(text("SELECT 1"))
            with pytest.raises(PoolTimeout):
                await ask()
            await tx.release()
            await ask()
            await tx.session.execute(text("SELECT 1"))
    finally:
        await database.close()


async def test_a_statement_that_takes_too_long_is_ended(postgres_url: str) -> None:
    clock = SystemClock()
    database = Database.open(
        postgres_url,
        clock=clock,
        ids=IdSource(clock),
        limits=DatabaseLimits(statement_timeout_s=0.05),
    )
    with pytest.raises(DBAPIError) as failure:
        async with database.transaction() as tx:
            await tx.session.execute(text("SELECT pg_sleep(30)"))
    assert isinstance(failure.value.orig, psycopg.errors.QueryCanceled)
    await database.close()


class Ears(Subscriber):
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[str] = asyncio.Queue()

    @override
    def heard(self, payload: str) -> None:
        self.told.put_nowait(payload)

    @override
    def missed(self) -> None:
        self.told.put_nowait("missed")

    async def next(self) -> str:
        async with asyncio.timeout(60):
            return await self.told.get()


async def test_a_listener_hears_commits_and_owns_up_after_a_lost_connection(
    database: Database, postgres_url: str
) -> None:
    listener = Listener(postgres_url, clock=SystemClock(), random=lambda: 0.0)
    ears = Ears()
    listener.subscribe(outbox.CHANNEL, ears)
    listening = asyncio.create_task(listener.run())
    assert await ears.next() == "missed"
    async with database.transaction() as tx:
        tx.emit(FARM, "farm.changed", {})
    assert await ears.next() == f"{FARM} 1"
    async with database.transaction() as tx:
        await tx.session.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'tokkatot-listen' AND datname = current_database()"
            )
        )
    assert await ears.next() == "missed"
    async with database.transaction() as tx:
        tx.emit(FARM, "farm.changed", {})
    assert await ears.next() == f"{FARM} 2"
    listening.cancel()
    await asyncio.wait([listening])


async def test_a_connection_that_the_server_closed_is_left_before_use(
    postgres_url: str, database: Database
) -> None:
    async with database.transaction() as tx:
        pid = await tx.session.scalar(text("SELECT pg_backend_pid()"))
    async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as other:
        await other.execute("SELECT pg_terminate_backend(%s, 60000)", (pid,))
    async with database.transaction() as tx:
        assert await tx.session.scalar(text("SELECT pg_backend_pid()")) != pid


async def test_questions_are_answered_again_once_the_database_is_back(postgres_url: str) -> None:
    clock, url = SystemClock(), make_url(postgres_url)
    assert url.database is not None, "each test has a database of its own"
    name, there = sql.Identifier(url.database), sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    elsewhere = libpq_url(url.set(database="postgres").render_as_string(hide_password=False))
    hasty = DatabaseLimits(asking_timeout_s=2)
    database = Database.open(postgres_url, clock=clock, ids=IdSource(clock), limits=hasty)

    async def answered() -> bool:
        with suppress(psycopg.Error, TimeoutError):
            return await database.ask(b"SELECT %(n)s", {"n": 7}) == (7,)
        return False

    async with await psycopg.AsyncConnection.connect(elsewhere, autocommit=True) as server:
        await eventually("the first question is answered", answered)
        await server.execute(there.format(name, sql.SQL("false")))
        await server.execute(
            "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname = %s",
            (url.database,),
        )
        assert not await answered()
        assert not await answered()
        await server.execute(there.format(name, sql.SQL("true")))
        assert await eventually("questions are answered again", answered)
    await database.close()


async def test_a_transaction_that_is_cancelled_while_it_copies_ends_as_cancelled(
    postgres_url: str, database: Database
) -> None:
    async def copy() -> None:
        async with database.transaction() as tx:
            connection = await tx.psycopg()
            async with connection.cursor() as cursor, cursor.copy("COPY farms FROM STDIN") as rows:
                await rows.write(b"")

    with psycopg.connect(libpq_url(postgres_url)) as other:
        other.execute("LOCK TABLE farms IN ACCESS EXCLUSIVE MODE")
        task = asyncio.create_task(copy())
        await asyncio.sleep(0.3)
        assert not task.done()
        # The second one comes while the first is still telling the server to stop.
        for _ in range(2):
            task.cancel()
            await asyncio.sleep(0)
        with pytest.raises(asyncio.CancelledError):
            await task
