"""`tokkatot climate`: let the twin of a house live through recorded weather."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tokkatot.climate.weather.series import WeatherSeries

app = typer.Typer(no_args_is_help=True)


@app.callback()
def climate() -> None:
    """Twins of houses: simulate."""


@app.command()
def simulate(
    weather: Annotated[Path, typer.Argument(help="An .epw file, or a .csv with named columns.")],
    days: Annotated[float, typer.Option(min=0.1, help="How long the season is.")] = 40.0,
    start_day: Annotated[float, typer.Option(min=0.0, help="Days into the weather.")] = 0.0,
    wur: Annotated[
        bool, typer.Option("--wur", help="The .csv has no header and Wageningen's columns.")
    ] = False,
) -> None:
    """Grow a season of lettuce by a grower's rules; print it day by day as CSV."""
    from tokkatot.climate.control.lettuce import GrowerRules, grower
    from tokkatot.climate.env.lettuce import LIMITS, LettuceSeason
    from tokkatot.climate.physics.lettuce import shown

    season = LettuceSeason(weather=_read(weather, wur=wur), start_s=start_day * 86_400)
    rules = GrowerRules()
    a_day = round(86_400 / season.step_s)
    print("day,dry_weight_g_m2,crop_eur_m2,heat_eur_m2,co2_eur_m2,violations_eur_m2,total_eur_m2")
    sums = [0.0] * 5
    for step in range(round(days * a_day)):
        try:
            outdoor = season.outdoor()
        except ValueError as ended:
            sys.exit(f"{weather}: {ended}")
        earned = season.step(grower(shown(season.state), outdoor.radiation_w_m2, rules, LIMITS))
        parts = (earned.crop, earned.heat, earned.co2, earned.violations, earned.total)
        sums = [total + part for total, part in zip(sums, parts, strict=True)]
        if (step + 1) % a_day == 0:
            grown = 1000 * season.state.dry_weight_kg_m2
            print((step + 1) // a_day, f"{grown:.2f}", *(f"{s:.4f}" for s in sums), sep=",")


def _read(path: Path, *, wur: bool) -> "WeatherSeries":
    from tokkatot.climate.weather.files import (
        WUR_COLUMNS,
        WeatherRefused,
        read_columns,
        read_epw,
    )

    try:
        with path.open(encoding="utf-8", newline="") as lines:
            if path.suffix.lower() == ".epw":
                return read_epw(lines)
            return read_columns(lines, WUR_COLUMNS if wur else None)
    except (OSError, UnicodeDecodeError, WeatherRefused) as refused:
        sys.exit(f"{path}: {refused}")
