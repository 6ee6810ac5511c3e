"""`tokkatot vision`: disease in droppings."""

import typer

from tokkatot.cli import vision_data

app = typer.Typer(no_args_is_help=True)
app.add_typer(
    vision_data.app, name="data", help="Check, divide and count sets of labelled photographs."
)


@app.callback()
def vision() -> None:
    """Disease in droppings: sets of photographs."""
