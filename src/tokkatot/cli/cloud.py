"""`tokkatot cloud`: the server, all of its roles or some."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tokkatot.cloud.platform.settings import CloudSettings

app = typer.Typer()

ROLES = ("api", "ingest", "jobs")


@app.command()
def cloud(
    role: Annotated[
        str, typer.Option(help="Roles of this process, separated by commas.")
    ] = ",".join(ROLES),
) -> None:
    """Run the cloud; what has no address in the settings is run beside it."""
    import asyncio
    from contextlib import nullcontext

    from tokkatot.cli.running import check_port, refusals, until_signal
    from tokkatot.cloud.platform.folder import own_folder
    from tokkatot.cloud.platform.keys import SigningKeys
    from tokkatot.cloud.platform.settings import load_settings

    roles = frozenset(word.strip() for word in role.split(","))
    if not roles or not roles <= set(ROLES):
        raise typer.BadParameter(f"roles are {', '.join(ROLES)}", param_hint="--role")
    with refusals():
        settings = load_settings()
        beside = settings.database_url is None or settings.mqtt_url is None
        # What is run beside it lives in the data folder, which takes one program only.
        with own_folder(settings.data_dir) if beside else nullcontext():
            if "api" in roles:
                check_port(settings.http_host, settings.http_port)
            SigningKeys.load(settings.data_dir / "keys")
            asyncio.run(until_signal(_run(settings, roles)))


async def _run(settings: "CloudSettings", roles: frozenset[str]) -> None:
    import asyncio
    from secrets import SystemRandom

    import structlog

    from tokkatot.cloud.main import run_cloud
    from tokkatot.cloud.platform.embedded import embedded
    from tokkatot.cloud.platform.migrate import upgrade_once_there
    from tokkatot.cloud.platform.supervise import keep_all_running
    from tokkatot.kit.clock import SystemClock

    log, clock = structlog.get_logger(), SystemClock()
    async with embedded(settings) as running, asyncio.TaskGroup() as group:
        assert running.settings.database_url is not None, "embedded() names every address"
        await upgrade_once_there(
            running.settings.database_url,
            clock=clock,
            say=lambda reason: log.warning("database.awaited", reason=reason),
        )
        watch = group.create_task(
            keep_all_running(
                running.services, clock=clock, random=SystemRandom().random, say=log.warning
            )
        )
        await run_cloud(running.settings, roles)
        watch.cancel()
