"""What the commands share that look into the cloud's database by themselves."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import typer

from tokkatot.cli.running import refusals

if TYPE_CHECKING:
    from tokkatot.cloud.platform.database import Database, Transaction
    from tokkatot.cloud.platform.settings import CloudSettings

T = TypeVar("T")


def in_transaction(work: "Callable[[Transaction], Awaitable[T]]") -> T:
    """Run `work` in one transaction; tell what can be mended in one line."""

    async def run(_settings: "CloudSettings", database: "Database") -> T:
        async with database.transaction() as tx:
            return await work(tx)

    return in_database(run)


def in_database(work: "Callable[[CloudSettings, Database], Awaitable[T]]") -> T:
    """Run `work` on the cloud's database; tell what can be mended in one line."""
    from sqlalchemy.exc import DBAPIError

    from tokkatot.cloud.platform.problems import Problem
    from tokkatot.cloud.platform.settings import load_settings

    async def run() -> T:
        from tokkatot.cloud.platform.database import Database
        from tokkatot.kit.clock import SystemClock
        from tokkatot.kit.ids import IdSource

        clock = SystemClock()
        database = Database.open(_database_url(settings), clock=clock, ids=IdSource(clock))
        try:
            return await work(settings, database)
        finally:
            await database.close()

    with refusals():
        settings = load_settings()
        try:
            return asyncio.run(run())
        except Problem as problem:
            fields = "".join(f"\n{error.field}: {error.detail}" for error in problem.errors)
            typer.echo(problem.detail + fields, err=True)
        except DBAPIError as error:
            typer.echo(f"The database does not answer: {str(error.orig).strip()}", err=True)
    raise typer.Exit(1)


def _database_url(settings: "CloudSettings") -> str:
    if settings.database_url is not None:
        return settings.database_url
    from tokkatot.cloud.platform.embedded import embedded_database_url

    url = embedded_database_url(settings)
    if url is None:
        typer.echo(
            f"There is no database under {settings.data_dir}: start `tokkatot up` or "
            "`tokkatot cloud` first, or set TOKKATOT_DATABASE_URL.",
            err=True,
        )
        raise typer.Exit(1)
    return url
