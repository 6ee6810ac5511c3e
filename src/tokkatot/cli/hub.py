"""`tokkatot hub`: the on-farm agent."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tokkatot.hub.config import DriverSettings, HubConfig
    from tokkatot.hub.main import Machine
    from tokkatot.sim.houses import SimulatedHouse

app = typer.Typer()

_REFUSED = 2
_GAVE_UP = 1
SAVE_EVERY_S = 10.0


@app.command()
def hub(
    config: Annotated[Path, typer.Option(help="The hub's settings, a hub.toml.")],
) -> None:
    """Run the hub of a farm until a signal ends it; its actuators are then at rest."""
    import asyncio

    from tokkatot.cli.running import until_signal
    from tokkatot.hub.assembly import DriverRefused
    from tokkatot.hub.config import ConfigRefused, read_config
    from tokkatot.hub.folder import FolderRefused, own_folder
    from tokkatot.hub.journal.port import JournalError
    from tokkatot.hub.supervisor import GaveUp

    try:
        settings = read_config(config)
        with own_folder(settings.data_dir):
            asyncio.run(until_signal(_run(settings)))
    except (ConfigRefused, DriverRefused, FolderRefused, JournalError) as refusal:
        typer.echo(str(refusal), err=True)
        raise typer.Exit(_REFUSED) from None
    except GaveUp as gave_up:
        typer.echo(f"The hub stopped, all at rest: {gave_up}", err=True)
        raise typer.Exit(_GAVE_UP) from None


async def _run(config: "HubConfig") -> None:
    import asyncio
    import secrets
    from importlib.metadata import version

    from tokkatot.hub.main import Machine, run_hub
    from tokkatot.kit.clock import SystemClock

    worlds = {
        settings.name: _world(settings, _saved(config, settings.name))
        for settings in config.drivers
        if settings.kind == "simulated"
    }
    machine = Machine(
        clock=SystemClock(),
        random=secrets.SystemRandom().random,
        random_bytes=secrets.token_bytes,
        software=version("tokkatot"),
        worlds=worlds,
    )
    async with asyncio.TaskGroup() as group:
        saving = group.create_task(_save_for_ever(config, machine, worlds))
        await run_hub(config, machine)
        saving.cancel()


def _world(settings: "DriverSettings", saved: Path) -> "SimulatedHouse":
    from tokkatot.hub.assembly import DriverRefused, simulated_options
    from tokkatot.sim.houses import OptionError, build_house

    options = simulated_options(settings)
    try:
        world = build_house(options.house, seed=options.seed, options=options.options)
    except OptionError as error:
        raise DriverRefused(settings.name, str(error)) from error
    with suppress(OSError, ValueError):  # at a first start, or where the file is damaged
        world.restore(saved.read_bytes())
    return world


def _saved(config: "HubConfig", name: str) -> Path:
    return config.data_dir / f"world-{name}.json"


async def _save_for_ever(
    config: "HubConfig", machine: "Machine", worlds: "Mapping[str, SimulatedHouse]"
) -> None:
    """Keep the simulated worlds over a restart, as real ones keep themselves."""
    while True:
        try:
            await machine.clock.sleep(SAVE_EVERY_S)
        finally:
            for name, world in worlds.items():
                _replace(_saved(config, name), world.save)


def _replace(path: Path, content: "Callable[[], bytes]") -> None:
    half = path.with_suffix(".new")
    half.write_bytes(content())
    half.replace(path)
