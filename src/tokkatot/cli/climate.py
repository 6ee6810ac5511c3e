"""`tokkatot climate`: let the twin of a house live through recorded weather."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import astuple, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tokkatot.cli import climate_learning
from tokkatot.cli.climate_calibrate import calibrate
from tokkatot.climate.physics.known import House, coop_of, greenhouse_of

if TYPE_CHECKING:
    from tokkatot.climate.weather.files import Form
    from tokkatot.climate.weather.series import WeatherSeries

app = typer.Typer(no_args_is_help=True)
app.command()(climate_learning.train)
app.command()(climate_learning.evaluate)
app.command()(climate_learning.export)

Row = tuple[float, ...]


@app.callback()
def climate() -> None:
    """Twins of houses, and the policies that steer them."""


app.command()(calibrate)


@app.command()
def simulate(
    weather: Annotated[Path, typer.Argument(help="An .epw file, or a .csv with named columns.")],
    house: Annotated[
        House, typer.Option(help="Lettuce, tomatoes, broilers in a tunnel or an open coop, hens.")
    ] = House.LETTUCE,
    days: Annotated[int, typer.Option(min=1, help="How long the season is.")] = 40,
    start_day: Annotated[int, typer.Option(min=0, help="Days into the weather.")] = 0,
    birds: Annotated[int, typer.Option(min=1, help="How many there are at the start.")] = 5000,
    made_up: Annotated[
        int | None,
        typer.Option(min=0, help="Live through another year of this climate, drawn by a number."),
    ] = None,
    fitted: Annotated[
        Path | None, typer.Option(help="Parameters that `calibrate` wrote for this house.")
    ] = None,
    wur: Annotated[
        bool, typer.Option("--wur", help="The .csv has no header and Wageningen's columns.")
    ] = False,
) -> None:
    """Let a house live under its baseline rules; print it day by day as CSV."""
    series = _read(weather, wur=wur)
    if made_up is not None:
        series = _made_up(series, made_up, weather)
    known = {} if fitted is None else _fitted(fitted, house)
    names, lived = _lives(house, series, start_day * 86_400.0, birds, known)
    print(",".join(names))
    try:
        for row in islice(lived, days):
            print(",".join(f"{value:.6g}" for value in row))
    except ValueError as ended:
        sys.exit(f"{weather}: {ended}")


@app.command()
def card(
    policy: Annotated[
        Path,
        typer.Argument(help="A folder with policy.onnx and card.json, or a shipped one: tunnel."),
    ],
) -> None:
    """Check that a policy is whole and this program's, and print its card."""
    import msgspec

    from tokkatot.climate.policy.card import PolicyRefused, find_policy
    from tokkatot.climate.policy.running import Policy

    try:
        found = Policy.load(find_policy(policy)).card
    except PolicyRefused as refused:
        sys.exit(str(refused))
    print(msgspec.json.format(msgspec.json.encode(found)).decode())


def _lives(
    house: House,
    series: "WeatherSeries",
    start_s: float,
    birds: int,
    fitted: Mapping[str, float],
) -> tuple[tuple[str, ...], Iterator[Row]]:
    match house:
        case House.LETTUCE:
            return _lettuce(series, start_s)
        case House.TOMATO:
            return _tomatoes(series, start_s, fitted)
        case House.TUNNEL | House.OPEN | House.HENS:
            return _poultry(series, start_s, house, birds, fitted)


def _lettuce(weather: "WeatherSeries", start_s: float) -> tuple[tuple[str, ...], Iterator[Row]]:
    from tokkatot.climate.control.lettuce import GrowerRules, grower
    from tokkatot.climate.control.lettuce_benchmark import LIMITS
    from tokkatot.climate.env.lettuce import LettuceSeason
    from tokkatot.climate.physics.lettuce import shown

    season, rules = LettuceSeason(weather=weather, start_s=start_s), GrowerRules()

    def live() -> Iterator[Row]:
        sums, a_day = [0.0] * 4, round(86_400 / season.step_s)
        while True:
            for _ in range(a_day):
                radiation = season.outdoor().radiation_w_m2
                earned = season.step(grower(shown(season.state), radiation, rules, LIMITS))
                parts = (earned.crop, earned.heat, earned.co2, earned.violations)
                sums = [total + part for total, part in zip(sums, parts, strict=True)]
            grown = 1000 * season.state.dry_weight_kg_m2
            yield season.steps // a_day, grown, *sums, season.earned

    money = ("crop", "heat", "co2", "violations", "total")
    return ("day", "dry_weight_g_m2", *(f"{name}_eur_m2" for name in money)), live()


def _tomatoes(
    weather: "WeatherSeries", start_s: float, fitted: Mapping[str, float]
) -> tuple[tuple[str, ...], Iterator[Row]]:
    from tokkatot.climate.control.greenhouse import TomatoRules
    from tokkatot.climate.env.days import GreenhouseDay, columns, greenhouse_days

    built, state = greenhouse_of()
    lived = greenhouse_days(
        weather, state, replace(built, **fitted), TomatoRules(), start_s=start_s
    )
    return columns(GreenhouseDay), (astuple(day) for day in lived)


def _poultry(
    weather: "WeatherSeries",
    start_s: float,
    house: House,
    birds: int,
    fitted: Mapping[str, float],
) -> tuple[tuple[str, ...], Iterator[Row]]:
    from tokkatot.climate.control.coop import StageRules
    from tokkatot.climate.env.days import CoopDay, columns, coop_days

    built, state = coop_of(house, birds)
    lived = coop_days(weather, state, replace(built, **fitted), StageRules(), start_s=start_s)
    return columns(CoopDay), (astuple(day) for day in lived)


def _made_up(series: "WeatherSeries", seed: int, path: Path) -> "WeatherSeries":
    from tokkatot.climate.weather.generator import made_up

    try:
        return made_up(series, seed)
    except ValueError as refused:
        sys.exit(f"{path}: {refused}")


def _fitted(path: Path, house: House) -> Mapping[str, float]:
    from tokkatot.climate.calibrate.card import CardRefused, read_card
    from tokkatot.climate.calibrate.knobs import COOP_KNOBS, GREENHOUSE_KNOBS

    knobs = GREENHOUSE_KNOBS if house is House.TOMATO else COOP_KNOBS
    try:
        return read_card(path.read_bytes(), house, knobs)
    except (OSError, CardRefused) as refused:
        sys.exit(f"{path}: {refused}")


def _read(path: Path, *, wur: bool) -> "WeatherSeries":
    from tokkatot.climate.weather.cells import FileRefused
    from tokkatot.climate.weather.files import read_file

    plain: Form = "wur" if wur else "csv"
    try:
        return read_file(path, "epw" if path.suffix.lower() == ".epw" else plain)
    except (OSError, UnicodeDecodeError, FileRefused) as refused:
        sys.exit(f"{path}: {refused}")
