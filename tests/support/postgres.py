"""A PostgreSQL for tests: one server a run, a fresh database a test."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from tokkatot.cloud.platform.postgres import BUILTIN_LOCALE, EmbeddedPostgres

BINARIES = "TOKKATOT_TEST_POSTGRES"
"""Names another folder of PostgreSQL binaries, such as those of the oldest supported version."""

_TEMPLATE = "template_migrated"


class TestDatabases:
    """Makes databases in a running server and drops them."""

    __test__ = False

    def __init__(self, server: EmbeddedPostgres) -> None:
        self.server = server
        self._made = 0
        self._has_template = False

    @contextmanager
    def empty(self) -> Iterator[str]:
        """A database without tables."""
        with self._database("template1") as url:
            yield url

    @contextmanager
    def migrated(self) -> Iterator[str]:
        """A database with the schema of this version."""
        if not self._has_template:
            # Here, so that unit tests start without SQLAlchemy.
            from tokkatot.cloud.platform.migrate import upgrade  # noqa: PLC0415

            name = sql.Identifier(_TEMPLATE)
            self._run(sql.SQL("DROP DATABASE IF EXISTS {}").format(name))
            self._run(sql.SQL("CREATE DATABASE {}").format(name))
            upgrade(self.server.url(_TEMPLATE))
            self._has_template = True
        with self._database(_TEMPLATE) as url:
            yield url

    @contextmanager
    def _database(self, template: str) -> Iterator[str]:
        self._made += 1
        name = sql.Identifier(f"test_{self._made}")
        self._run(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                name, sql.Identifier(template)
            )
        )
        yield self.server.url(name.as_string().strip('"'))
        self._run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))

    def _run(self, statement: sql.Composed) -> None:
        with self._connect() as connection:
            connection.execute(statement)

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self.server.url("postgres"), autocommit=True, connect_timeout=10)


@contextmanager
def running_postgres(folder: Path) -> Iterator[EmbeddedPostgres]:
    """A server that forgets at a power cut, which no test has, and is fast for that."""
    binaries = os.environ.get(BINARIES)  # noqa: TID251 - a setting of the test run
    server = EmbeddedPostgres(
        folder,
        log_path=folder.parent / "postgres.log",
        binaries=Path(binaries) if binaries else None,
        locale=("--locale=C.UTF-8",) if binaries else BUILTIN_LOCALE,
        options=(
            "fsync=off",
            "synchronous_commit=off",
            "full_page_writes=off",
            # A connection that a test has left in the midst of its password holds up the end of
            # every database: by itself for a minute, which is all the time that a test has.
            "authentication_timeout=5s",
        ),
    )
    # A loop of its own, stopped between the calls: the tests have loops of their own.
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        runner.run(server.start())
        try:
            yield server
        finally:
            runner.run(server.stop())
