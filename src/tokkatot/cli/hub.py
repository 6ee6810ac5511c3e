"""`tokkatot hub`: the on-farm agent."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()


@app.command()
def hub(
    config: Annotated[Path, typer.Option(help="The hub's settings, a hub.toml.")],
    status: Annotated[
        bool,
        typer.Option("--status", help="Tell whether it runs, where its page is, and the PIN."),
    ] = False,
) -> None:
    """Run the hub of a farm until a signal ends it; its actuators are then at rest."""
    import os

    from tokkatot.cli.agent import agent_command

    if status:
        from tokkatot.cli.hub_status import tell_status

        raise typer.Exit(tell_status(config))
    # The agent takes this process over: what the command line has imported would cost a small
    # computer a third of the hub's memory for nothing.
    command = agent_command(config)
    os.execv(command[0], command)  # noqa: S606 - our own program, and no shell is wanted
