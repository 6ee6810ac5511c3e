"""`tokkatot climate calibrate`: what a house's own records tell of its twin."""

import sys
from datetime import datetime
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from tokkatot.cli.progress import counted
from tokkatot.climate.physics.known import House, coop_of, greenhouse_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tokkatot.climate.calibrate.findings import Calibration, Off
    from tokkatot.climate.calibrate.recording import Recording
    from tokkatot.climate.calibrate.subjects import CoopSubject, GreenhouseSubject


def calibrate(
    records: Annotated[
        Path | None, typer.Argument(help="A .csv with named columns, evenly spaced.")
    ] = None,
    house: Annotated[
        House | None,
        typer.Option(help="tomato, tunnel, open or hens; of a stored house as its devices tell."),
    ] = None,
    fit: Annotated[
        list[str] | None, typer.Option(help="A parameter to fit; may be given several times.")
    ] = None,
    birds: Annotated[
        int, typer.Option(min=1, help="How many there are, where no column says so.")
    ] = 5000,
    stored: Annotated[
        UUID | None,
        typer.Option(help="Id of a house of this server's cloud: its own records, not a file."),
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=60, help="Of the stored records.")] = 21,
    through: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The last of these days, in UTC; else today."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Where the fitted parameters are written, for `simulate`.")
    ] = None,
) -> None:
    """Fit a twin to what was recorded in its house; every fourth day is kept for judging."""
    if house is House.LETTUCE:
        sys.exit("the lettuce is a published benchmark and is not fitted")
    from tokkatot.climate.calibrate.findings import NotIdentified
    from tokkatot.climate.calibrate.fit import calibrate as fitted

    if (records is None) == (stored is None):
        sys.exit("name either a file of records or a house with --stored")
    if stored is not None:
        from tokkatot.cli.climate_stored import stored_records, stored_subject

        twin, lines = stored_records(stored, days, through, house)
        what, house, subject = str(stored), twin.house, stored_subject(twin)
        recording = _recording(what, lines, subject)
    else:
        if house is None or records is None:
            sys.exit("say with --house what kind of house the file is of")
        what, subject = str(records), _subject(house, birds)
        recording = _read(records, subject)
    progress = counted("lived")
    try:
        found = fitted(recording, subject, fit or None, progress)
    except NotIdentified as refused:
        progress.stop()
        sys.exit(f"{what}: {refused}")
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
    try:
        # Spreadsheets put a mark before their UTF-8.
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return _recording(str(path), lines, subject)
    except (OSError, UnicodeDecodeError) as refused:
        sys.exit(f"{path}: {refused}")


def _recording(
    what: str, lines: "Iterable[str]", subject: "CoopSubject | GreenhouseSubject"
) -> "Recording":
    from tokkatot.climate.calibrate.recording import read_recording
    from tokkatot.climate.weather.cells import FileRefused

    try:
        return read_recording(lines, subject.controls, subject.known)
    except FileRefused as refused:
        sys.exit(f"{what}: {refused}")


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
