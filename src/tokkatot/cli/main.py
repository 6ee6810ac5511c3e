"""The program `tokkatot`: which commands there are, each imported only when it is called."""

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated

import typer

COMMANDS: dict[str, str] = {
    "up": "Run everything in one go: database, broker, cloud, app and a demo farm.",
    "cloud": "Run the cloud, all of its roles or some.",
    "hub": "Run the on-farm agent.",
    "staff": "What staff do: registration keys, hubs, reset codes.",
    "vision": "Disease in droppings: data, models, and the detector.",
    "simulate": "Let a farm live in virtual time with everything that may go wrong.",
    "climate": "The twin of a house: let it live through weather.",
    "bench": "Measure: each figure is one JSON line.",
}
"""Name to help; the module `tokkatot.cli.NAME` holds `app`."""


def build(arguments: Sequence[str]) -> typer.Typer:
    """Return the program with the command that `arguments` call; the others are names only."""
    program = typer.Typer(
        name="tokkatot",
        help="Runs animal houses and greenhouses: a hub on the farm, a cloud and a phone app.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    program.callback()(_program)
    called = next((word for word in arguments if not word.startswith("-")), None)
    for name, text in COMMANDS.items():
        if name == called:
            _add(program, name, text, import_module(f"tokkatot.cli.{name}").app)
        else:
            program.command(name, help=text)(_name_only)
    return program


def main() -> None:
    """Run the command line."""
    build(sys.argv[1:])(prog_name="tokkatot")


def _add(program: typer.Typer, name: str, text: str, app: typer.Typer) -> None:
    commands = app.registered_commands
    alone = len(commands) == 1 and app.registered_callback is None and not app.registered_groups
    callback = commands[0].callback if alone else None
    if callback is None:
        program.add_typer(app, name=name, help=text)
    else:
        program.command(name, help=text)(callback)


def _name_only() -> None:
    raise AssertionError("only the called command is run, and that one was imported")


def _version(*, asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(version("tokkatot"))
        raise typer.Exit


def _program(
    _version_asked: Annotated[
        bool, typer.Option("--version", callback=lambda value: _version(asked=value), is_eager=True)
    ] = False,
) -> None:
    """Runs animal houses and greenhouses: a hub on the farm, a cloud and a phone app."""


if __name__ == "__main__":
    main()
