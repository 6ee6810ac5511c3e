"""Brings a database to the schema that this version works with."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from tokkatot.cloud.platform.database import sqlalchemy_url
from tokkatot.kit.clock import Clock

_LOCK = 0x746F6B6B
"""An advisory lock, so that of two clouds that start at once one migrates while the other waits."""

_LOCK_TIMEOUT_S = 60
_AWAITED_S = 60.0
_ASKED_EVERY_S = 1.0


class DatabaseAway(Exception):
    """It can't be used, for longer than it may take to start; the text is one line for a person."""


async def upgrade_once_there(url: str, *, clock: Clock, say: Callable[[str], None]) -> None:
    """Move the schema up as soon as the database takes it, which may start after the cloud.

    Raises:
        DatabaseAway: when it still does not after a minute.
    """
    give_up_s = clock.monotonic() + _AWAITED_S
    said = ""
    while True:
        try:
            return await asyncio.to_thread(upgrade, url)
        except OperationalError as error:
            reason = " ".join(str(error.orig).split())
            if clock.monotonic() >= give_up_s:
                raise DatabaseAway(
                    f"No use of the database ({reason}): start it, or mend TOKKATOT_DATABASE_URL."
                ) from error
            if reason != said:
                said = reason
                say(reason)
        await clock.sleep(_ASKED_EVERY_S)


def upgrade(url: str, revision: str = "head") -> None:
    """Move the schema up to `revision`; do nothing where it is there already."""
    with _locked(url) as connection:
        command.upgrade(_config(connection), revision)


def downgrade(url: str, revision: str) -> None:
    """Move the schema down to `revision` (`base`: nothing)."""
    with _locked(url) as connection:
        command.downgrade(_config(connection), revision)


@cache
def newest_revision() -> str:
    """Return the revision that this version works with."""
    head = ScriptDirectory.from_config(_config(None)).get_current_head()
    assert head is not None, "there is at least one migration"
    return head


def current_revision(connection: Connection) -> str | None:
    """Return the revision that a database is at."""
    return MigrationContext.configure(connection).get_current_revision()


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


@contextmanager
def _locked(url: str) -> Iterator[Connection]:
    engine = create_engine(
        sqlalchemy_url(url),
        poolclass=NullPool,
        connect_args={
            "connect_timeout": 10,
            "options": f"-c lock_timeout={_LOCK_TIMEOUT_S * 1000}",
            "application_name": "tokkatot-migrate",
        },
    )
    # The end of the connection frees the lock, whatever happened.
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
        connection.commit()
        yield connection
        connection.commit()
    engine.dispose()
