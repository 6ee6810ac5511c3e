"""`tokkatot climate calibrate`: what a house's own records tell of its twin."""

import sys
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tokkatot.climate.physics.known import House, coop_of, greenhouse_of

if TYPE_CHECKING:
    from tokkatot.climate.calibrate.findings import Calibration, Off
    from tokkatot.climate.calibrate.recording import Recording
    from tokkatot.climate.calibrate.subjects import CoopSubject, GreenhouseSubject


def calibrate(
    records: Annotated[Path, typer.Argument(help="A .csv with named columns, evenly spaced.")],
    house: Annotated[House, typer.Option(help="tomato, tunnel, open or hens.")],
    fit: Annotated[
        list[str] | None, typer.Option(help="A parameter to fit; may be given several times.")
    ] = None,
    birds: Annotated[
        int, typer.Option(min=1, help="How many there are, where no column says so.")
    ] = 5000,
    out: Annotated[
        Path | None, typer.Option(help="Where the fitted parameters are written, for `simulate`.")
    ] = None,
) -> None:
    """Fit a twin to what was recorded in its house; every fourth day is kept for judging."""
    if house is House.LETTUCE:
        sys.exit("the lettuce is a published benchmark and is not fitted")
    from tokkatot.climate.calibrate.findings import NotIdentified
    from tokkatot.climate.calibrate.fit import calibrate as fitted

    subject = _subject(house, birds)
    recording = _read(records, subject)
    try:
        found = fitted(recording, subject, fit or None)
    except NotIdentified as refused:
        sys.exit(f"{records}: {refused}")
    _tell(found)
    if out is not None:
        from tokkatot.climate.calibrate.card import written_card

        out.write_bytes(written_card(house, found))


def _subject(house: House, birds: int) -> "CoopSubject | GreenhouseSubject":
    from tokkatot.climate.calibrate.subjects import CoopSubject, GreenhouseSubject

    if house is House.TOMATO:
        return GreenhouseSubject(*greenhouse_of())
    return CoopSubject(*coop_of(house, birds))


def _read(path: Path, subject: "CoopSubject | GreenhouseSubject") -> "Recording":
    from tokkatot.climate.calibrate.recording import read_recording
    from tokkatot.climate.weather.cells import FileRefused

    try:
        with path.open(encoding="utf-8", newline="") as lines:
            return read_recording(lines, subject.controls, subject.known)
    except (OSError, UnicodeDecodeError, FileRefused) as refused:
        sys.exit(f"{path}: {refused}")


def _tell(found: "Calibration") -> None:
    print("parameter,before,value,low,high")
    for each in found.estimates:
        numbers = (each.before, each.value, each.low, each.high)
        print(f"{each.knob.name},{','.join(f'{number:.4g}' for number in numbers)}")
    print("days,count,air_k,humidity_pct,co2_ppm")
    for name, count, off in (
        ("fitted before", found.days_fitted, found.fitted_before),
        ("fitted after", found.days_fitted, found.fitted_after),
        ("held out before", found.days_held_out, found.held_out_before),
        ("held out after", found.days_held_out, found.held_out_after),
    ):
        print(f"{name},{count},{_cells(off)}")


def _cells(off: "Off") -> str:
    return ",".join(f"{value:.3g}" if isfinite(value) else "" for value in off)
